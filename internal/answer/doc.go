// Package answer says what the answer of a token endpoint means. It knows no request, no
// credential and no class of failure: it takes what arrived and what a config says of it, and
// returns a grant or a fault, as values.
package answer
