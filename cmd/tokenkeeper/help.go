package main

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"example.com/tokenkeeper/cmd/tokenkeeper/internal/terminal"
)

// exitCodes are the same for all commands.
const exitCodes = `  0  all is well
  1  something needs attention; every token is served
  2  wrong usage, or something wrong in a config or a credential
  3  applications cannot use the token of a provider, or of any
  4  it could not be looked at, or done`

// helpWidth is that of the narrowest screen that people use.
const helpWidth = 80

// help writes all about a command: what it does, how it is written, an example.
func (c *cli) help(cmd *cobra.Command, _ []string) {
	s := c.screen()
	section := func(title, text string) {
		if text = strings.TrimRight(text, "\n"); text != "" {
			s.Line("\n%s\n%s", s.Paint(terminal.Strong, title+":"), text)
		}
	}
	s.Line("%s", cmd.Long)
	section("Usage", "  "+useLine(cmd))
	for _, group := range cmd.Groups() {
		section(group.Title, commandsOf(cmd, group.ID))
	}
	own, forAWS := pflag.NewFlagSet("", pflag.ContinueOnError), pflag.NewFlagSet("", pflag.ContinueOnError)
	cmd.LocalNonPersistentFlags().VisitAll(func(f *pflag.Flag) {
		if _, ok := f.Annotations[awsAnnotation]; ok {
			forAWS.AddFlag(f)
			return
		}
		own.AddFlag(f)
	})
	section("Flags", own.FlagUsagesWrapped(helpWidth))
	section("Flags for AWS", forAWS.FlagUsagesWrapped(helpWidth))
	section("Flags of all commands", cmd.Root().PersistentFlags().FlagUsagesWrapped(helpWidth))
	section("Examples", cmd.Example)
	section("Exit codes", exitCodes)
	c.unhelped = written(s.Err())
}

func useLine(cmd *cobra.Command) string {
	if cmd.HasAvailableSubCommands() {
		return cmd.CommandPath() + " COMMAND"
	}
	return cmd.UseLine()
}

func commandsOf(cmd *cobra.Command, group string) string {
	var b strings.Builder
	for _, sub := range cmd.Commands() {
		if sub.GroupID == group && (sub.IsAvailableCommand() || sub.Name() == "help") {
			fmt.Fprintf(&b, "  %-15s%s\n", sub.Name(), sub.Short)
		}
	}
	return b.String()
}
