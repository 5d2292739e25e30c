package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"example.com/tokenkeeper/cmd/tokenkeeper/internal/localstore"
	"example.com/tokenkeeper/cmd/tokenkeeper/internal/terminal"
	"example.com/tokenkeeper/internal/refresh"
	"example.com/tokenkeeper/internal/strictjson"
)

// The exit codes, the same for all commands. Of several the worst is returned: not served,
// then not known, then attention.
const (
	exitWell      = 0
	exitAttention = 1 // something needs attention; every token is served
	exitWrong     = 2 // wrong usage, or something wrong in a config or a credential
	exitNotServed = 3 // applications cannot use a token, or any
	exitUnknown   = 4 // it could not be looked at, or done
)

// An outcome ends a command whose output has said everything already. It is the exit code.
type outcome int

func (o outcome) Error() string { return fmt.Sprintf("exit code %d", int(o)) }

const (
	errAttention outcome = exitAttention
	errWrong     outcome = exitWrong
	errNotServed outcome = exitNotServed
	errUnknown   outcome = exitUnknown
)

// An advisedError says what to do about it.
type advisedError struct {
	err    error
	remedy string
	// command is a command line that does it, or empty.
	command string
	// code is the exit code; zero: exitUnknown.
	code int
}

func (e *advisedError) Error() string { return e.err.Error() }
func (e *advisedError) Unwrap() error { return e.err }

// misuse marks err as a mistake in what was typed, or written into a file.
func misuse(err error) error { return instead(err, "", "") }

func usagef(format string, args ...any) error { return misuse(fmt.Errorf(format, args...)) }

// instead is a misuse that says what to write instead.
func instead(err error, remedy, command string) error {
	return &advisedError{err, remedy, command, exitWrong}
}

// notServed says that applications cannot use a token.
func notServed(err error, remedy, command string) error {
	return &advisedError{err, remedy, command, exitNotServed}
}

// unlooked is a failure to look or to act, and what to do about it.
func unlooked(err error, remedy, command string) error {
	return &advisedError{err, remedy, command, exitUnknown}
}

// exit prints err, unless the output has said it already, and returns the exit code.
func (c *cli) exit(err error) int {
	var o outcome
	switch {
	case err == nil:
		return exitWell
	case errors.As(err, &o):
		return int(o)
	}
	what, advised := explained(err)
	if errors.Is(err, context.Canceled) { // by a signal
		what = "stopped before it was done"
	}
	s := terminal.New(c.stderr, c.getenv)
	s.Paragraph(s.Paint(terminal.Bad, "tokenkeeper: "), what)
	if advised.remedy != "" {
		s.Paragraph("  → ", advised.remedy, advised.command)
	}
	return cmp.Or(advised.code, exitUnknown)
}

// explained returns what err says, and what to do about it.
func explained(err error) (what string, advised *advisedError) {
	what, advised = err.Error(), &advisedError{}
	var e *refresh.Error
	if !errors.As(err, &advised) && errors.As(err, &e) {
		return strings.TrimSuffix(what, e.Error()) + e.Detail, &advisedError{remedy: e.Remedy}
	}
	return what, advised
}

// unknownCommand says which command was probably meant.
func unknownCommand(parent *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	var known []string
	for _, cmd := range parent.Commands() {
		known = append(known, cmd.Name())
	}
	err := fmt.Errorf("there is no command %q", args[0])
	if near := strictjson.Nearest(args[0], known); near != "" {
		return instead(err, "did you mean:", parent.CommandPath()+" "+near)
	}
	return instead(err, "see them all:", helpFor(parent))
}

// flagError says which flag was probably meant, or what a value must be like.
func flagError(cmd *cobra.Command, err error) error {
	var unknown *pflag.NotExistError
	var invalid *pflag.InvalidValueError
	switch {
	case errors.As(err, &unknown):
		var known []string
		note := func(f *pflag.Flag) {
			if !f.Hidden {
				known = append(known, f.Name)
			}
		}
		cmd.Flags().VisitAll(note)
		cmd.InheritedFlags().VisitAll(note)
		if near := strictjson.Nearest(unknown.GetSpecifiedName(), known); near != "" {
			return instead(err, "did you mean: --"+near, "")
		}
	case errors.As(err, &invalid) && invalid.GetFlag().Value.Type() == "duration":
		return instead(fmt.Errorf("--%s is %q, which is not a duration", invalid.GetFlag().Name, invalid.GetValue()),
			"write a number and a unit, such as 90s, 5m or 1h30m", "")
	}
	return instead(err, "see:", helpFor(cmd))
}

// given returns the flags that were given beside these, to be written again.
func given(cmd *cobra.Command, beside ...string) string {
	var text strings.Builder
	cmd.Flags().Visit(func(f *pflag.Flag) {
		if slices.Contains(beside, f.Name) {
			return
		}
		between := " "
		if f.NoOptDefVal != "" {
			between = "="
		}
		text.WriteString(" --" + f.Name + between + localstore.ShellWord(f.Value.String()))
	})
	return text.String()
}

// helpFor returns the command line that describes a command.
func helpFor(cmd *cobra.Command) string {
	root := cmd.Root().Name()
	return root + " help" + strings.TrimPrefix(cmd.CommandPath(), root)
}

// oneName takes the name of a provider.
func oneName(cmd *cobra.Command, args []string) error {
	return one("the name of one provider", cmd, args)
}

// oneCredential takes the name of a credential.
func oneCredential(cmd *cobra.Command, args []string) error {
	return one("the name of one credential", cmd, args)
}

// oneFolder takes the name of a folder.
func oneFolder(cmd *cobra.Command, args []string) error { return one("one folder", cmd, args) }

func one(what string, cmd *cobra.Command, args []string) error {
	if len(args) == 1 {
		return nil
	}
	return instead(fmt.Errorf("%s takes %s, and got %d", cmd.Name(), what, len(args)), "write:", cmd.UseLine())
}

func noArgs(cmd *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	return instead(fmt.Errorf("%s takes no argument, and got %q", cmd.Name(), args[0]), "see:", helpFor(cmd))
}
