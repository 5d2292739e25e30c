// Package awscall is what all calls to AWS have in common: how long one may take, how often
// it is repeated and how many there may be a second; and how their failures are explained.
//
// The settings of [Configure] go into the aws.Config that clients are made from.
// Packages that hold such clients turn errors into what the operator reads with [Call.Failure].
package awscall
