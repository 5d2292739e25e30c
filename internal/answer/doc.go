// Package answer says what the answer of a token endpoint means. It knows no request, no
// credential and no class of failure: it takes what arrived and what a config says of it, and
// returns a grant or a fault, as values.
//
// An answer is decoded once ([Message.Decode]). What the config names is taken out of it,
// untouched ([Wanted.Select]). The caller looks for secrets in the [Selection], and only then has
// it interpreted ([Selection.Denied], [Selection.Grant]).
package answer
