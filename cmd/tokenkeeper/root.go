package main

import (
	"cmp"
	"context"

	"github.com/spf13/cobra"
)

// run runs one command line and returns its exit code.
func (c *cli) run(ctx context.Context, args []string) int {
	root := c.root()
	root.SetArgs(args)
	root.SetIn(c.stdin)
	root.SetOut(c.stdout)
	root.SetErr(c.stderr)
	return c.exit(cmp.Or(root.ExecuteContext(ctx), c.unhelped))
}

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
		switch cmd.Name() {
		case "completion":
			cmd.Args, cmd.RunE = unknownCommand, func(cmd *cobra.Command, _ []string) error { return cmd.Help() }
			cmd.AddGroup(&cobra.Group{ID: groupWork, Title: "Shells"})
			for _, shell := range cmd.Commands() {
				shell.GroupID, shell.Args = groupWork, noArgs
			}
		case "help":
			cmd.Short = "Describe one command"
			cmd.Run, cmd.RunE = nil, func(_ *cobra.Command, args []string) error {
				about, rest, _ := root.Find(args) // what is no command is in rest
				if len(rest) > 0 {
					return unknownCommand(about, rest)
				}
				about.InitDefaultHelpFlag()
				return about.Help()
			}
		}
	}
	return root
}
