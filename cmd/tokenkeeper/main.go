// Tokenkeeper is the operator's command line: it shows what stands, checks what is
// configured, does the whole job in a folder for those without AWS, and plays the
// providers for those who want to try it first.
//
// Commands look at AWS, unless --dir names a folder. Begin with
//
//	tokenkeeper demo
//	tokenkeeper help
package main

import (
	"context"
	"io"
	"os"
	"os/signal"
	"syscall"
	"time"
)

func main() {
	// Whoever reads the output may go before its end: that is an error of a write then, and
	// what was begun is still ended in good order.
	signal.Ignore(syscall.SIGPIPE)
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	// The first signal asks for an end in good order; the next one has its usual effect.
	context.AfterFunc(ctx, stop)
	os.Exit(run(ctx, os.Args[1:], os.Stdin, os.Stdout, os.Stderr, os.Getenv, time.Now))
}

// run runs one command line and returns its exit code.
func run(ctx context.Context, args []string, stdin io.Reader, stdout, stderr io.Writer,
	getenv func(string) string, now func() time.Time) int {
	c := &cli{stdin: stdin, stdout: stdout, stderr: stderr, getenv: getenv, now: now}
	return c.run(ctx, args)
}
