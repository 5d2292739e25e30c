// Package simulation runs years of tokenkeeper in minutes, and judges them.
//
// A [World] comes from a seed: providers of many kinds, a store, and a [History] of all that
// goes wrong in it and that people do. It runs in virtual time, in a bubble of testing/synctest,
// with the real [refresh.Runner] and [refresh.Schedule]. The store is a model in memory, or the
// real one with the AWS SDK over a fake of AWS. Ticks at which nothing can be due are skipped.
//
// The same seed gives the same history, and a world can be run with a part of its history: so a
// violation can be repeated, and shrunk to the events that it takes.
//
// The oracle (oracle.go) believes the providers alone: it knows from when until when each token
// was good, whatever others recorded of it.
package simulation
