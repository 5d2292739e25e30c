// Package secret holds what must not be printed, and decides what may be: a [Text] is never
// printed by accident; [Searcher.Find] and [Searcher.Redact] look for secrets in foreign text, in
// the encodings in which they are commonly echoed; [Mask], [Printable] and [Visible] make foreign
// text fit for a terminal. It imports the standard library only and knows nothing of configs or providers.
package secret
