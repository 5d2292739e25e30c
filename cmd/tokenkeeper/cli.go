package main

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/spf13/cobra"

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

// run runs one command line and returns its exit code.
func (c *cli) run(ctx context.Context, args []string) int {
	root := c.root()
	root.SetArgs(args)
	root.SetIn(c.stdin)
	root.SetOut(c.stdout)
	root.SetErr(c.stderr)
	return c.exit(cmp.Or(root.ExecuteContext(ctx), c.unhelped))
}

// Groups of commands, in the order in which they are met.
const (
	groupTry   = "try"
	groupLook  = "look"
	groupWork  = "work"
	groupOther = "other"
)

func (c *cli) root() *cobra.Command {
	root := &cobra.Command{
		Use:   "tokenkeeper",
		Short: "Keep other people's tokens fresh",
		Long: `tokenkeeper keeps other people's tokens fresh: it logs in to providers before
their tokens end, and stores each token where applications read it.

Commands look at AWS, unless --dir names a folder.`,
		Example: `  tokenkeeper demo                the whole job, on this machine
  tokenkeeper status --dir DIR    every provider, the most urgent first
  tokenkeeper help run            all about one command`,
		Args:              unknownCommand,
		SilenceErrors:     true,
		SilenceUsage:      true,
		PersistentPreRunE: func(*cobra.Command, []string) error { return c.checkOutput() },
		RunE:              func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	root.PersistentFlags().StringVarP(&c.output, "output", "o", "text", "print `text`, or json for programs")
	root.SetHelpFunc(c.help)
	root.SetFlagErrorFunc(flagError)
	root.AddGroup(
		&cobra.Group{ID: groupTry, Title: "Try it"},
		&cobra.Group{ID: groupLook, Title: "Look"},
		&cobra.Group{ID: groupWork, Title: "Do something"},
		&cobra.Group{ID: groupOther, Title: "More"},
	)
	root.SetHelpCommandGroupID(groupOther)
	add := func(group string, commands ...*cobra.Command) {
		for _, cmd := range commands {
			cmd.GroupID = group
			cmd.DisableFlagsInUseLine = true
			root.AddCommand(cmd)
		}
	}
	add(groupTry, c.demo(), c.simulate(), c.add(), c.explain(), c.try())
	add(groupLook, c.status(), c.doctor(), c.check(), c.history(), c.logs(), c.read(), c.wait())
	add(groupWork, c.runCommand(), c.refresh(), c.pause(), c.resume(), c.adopt(),
		c.config(), c.credential(), c.refreshToken())
	add(groupWork, c.approve())
	add(groupOther, c.version(), c.man())
	root.InitDefaultHelpCmd()
	root.SetCompletionCommandGroupID(groupOther)
	root.InitDefaultCompletionCmd()
	c.complete(root)
	for _, cmd := range root.Commands() {
		if cmd.Name() == "help" {
			cmd.Short = "Describe one command"
			cmd.Run, cmd.RunE = nil, func(_ *cobra.Command, args []string) error {
				about, rest, err := root.Find(args)
				if err != nil || len(rest) > 0 {
					return unknownCommand(root, args)
				}
				about.InitDefaultHelpFlag()
				return about.Help()
			}
		}
	}
	return root
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

// written says of a write to the standard output that it failed; nil: it did not. That
// nobody reads any more is told to nobody.
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
	_, err := io.WriteString(c.stdout, secret.VisibleJSON(text.String()))
	return written(err)
}

func (c *cli) screen() *terminal.Screen { return terminal.New(c.stdout, c.getenv) }
