// Package simulation runs years of tokenkeeper in seconds, and judges them.
//
// A [World] comes from a seed: providers of many kinds, a store, an operator, and what goes
// wrong (late, missed, doubled and killed runs; providers that are down, slow or out of
// patience; a store that refuses, or lists what was). It runs in virtual time, in a bubble of
// testing/synctest, with the real [refresh.Runner] and [refresh.Schedule]. The same seed gives
// the same history, so a violation can be repeated.
//
// The oracle (oracle.go) believes the providers alone: it knows of each token that was
// issued from when until when it was good, whatever others believed of it.
package simulation
