package main

import (
	"errors"

	"github.com/spf13/cobra"

	"example.com/tokenkeeper/cmd/tokenkeeper/internal/terminal"
)

func (c *cli) adopt() *cobra.Command {
	var f awsFlags
	cmd := &cobra.Command{
		Use:   "adopt NAME",
		Short: "Let the stack replace a secret that was there before",
		Long: `Tag an existing secret as belonging to the stack. Without that tag no run
touches it, whatever its name. The next run replaces what is in it;
applications that read it go on reading it, and must understand records.

A secret of another stack is not adopted: remove its tag tokenkeeper:owner
first.`,
		Example: "  tokenkeeper adopt meitner",
		Args:    oneName,
		RunE: func(cmd *cobra.Command, args []string) error {
			a, err := f.openToChange(cmd.Context(), c)
			if err != nil {
				return err
			}
			if err := a.Adopt(cmd.Context(), args[0]); err != nil {
				return err
			}
			return c.show(adoptView{Provider: args[0], Owner: a.Stack})
		},
	}
	f.register(cmd)
	noFolder(cmd, errors.New("in a folder nothing is adopted: the next run replaces whatever record is there"),
		"to see what there is:", "tokenkeeper status --dir DIR")
	return cmd
}

type adoptView struct {
	Provider string `json:"provider"`
	Owner    string `json:"owner"`
}

func (v adoptView) text(s *terminal.Screen) {
	s.Paragraph("", "The secret of "+v.Provider+" belongs to stack "+v.Owner+" now: the next run replaces what is in it.")
}
