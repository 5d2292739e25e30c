package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"syscall"
	"time"

	"example.com/tokenkeeper/cmd/tokenkeeper/internal/terminal"
	"example.com/tokenkeeper/internal/secret"
)

// A cli is one command line and what it may touch of the process.
type cli struct {
	stdin          io.Reader
	stdout, stderr io.Writer
	getenv         func(string) string
	now            func() time.Time
	// sleep waits between the attempts of a login, nil: it takes its time.
	sleep func(ctx context.Context, d time.Duration) bool

	output   string // the flag: text or json
	unhelped error  // what kept the help from being written, which cobra does not ask for
}

var outputs = []string{"text", "json"}

func (c *cli) checkOutput() error {
	if !slices.Contains(outputs, c.output) {
		return usagef("--output is %q; it can be %s", c.output, strings.Join(outputs, " or "))
	}
	return nil
}

// A view is what a command shows. Its JSON is for programs: fields may be added to it.
type view interface {
	text(*terminal.Screen)
}

// show prints v as the flag --output says.
func (c *cli) show(v view) error {
	if c.output == "json" {
		return c.json(v)
	}
	s := c.screen()
	v.text(s)
	return written(s.Err())
}

// written says of a write to the standard output that it failed; nil: it did not. A
// reader that has gone is not reported.
func written(err error) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, syscall.EPIPE):
		return errUnknown
	}
	return fmt.Errorf("writing the output: %w", err)
}

func (c *cli) json(v any) error {
	var text bytes.Buffer
	enc := json.NewEncoder(&text)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	if err := enc.Encode(v); err != nil {
		return written(err)
	}
	_, err := io.WriteString(c.stdout, secret.VisibleBut(text.String(), "\n\t"))
	return written(err)
}

func (c *cli) screen() *terminal.Screen { return terminal.New(c.stdout, c.getenv) }

// Groups of commands, in the order in which they are met.
const (
	groupTry   = "try"
	groupLook  = "look"
	groupWork  = "work"
	groupOther = "other"
)
