// Tokenkeeper is the operator's command line: it shows the state of providers, checks what is
// configured, does the whole job in a folder for those without AWS, and plays the
// providers for a first try.
//
// Commands look at AWS, unless --dir names a folder. Begin with
//
//	tokenkeeper demo
//	tokenkeeper help
package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"
	"time"
)

func main() {
	// The reader of the output may go before its end: that is an error of a write then, and
	// what was begun is still ended in good order.
	signal.Ignore(syscall.SIGPIPE)
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	// The first signal asks for an end in good order; the next one has its usual effect.
	context.AfterFunc(ctx, stop)
	c := &cli{stdin: os.Stdin, stdout: os.Stdout, stderr: os.Stderr, getenv: os.Getenv, now: time.Now}
	os.Exit(c.run(ctx, os.Args[1:]))
}
