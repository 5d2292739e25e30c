package main

import (
	"github.com/spf13/cobra"

	"example.com/tokenkeeper/cmd/tokenkeeper/internal/terminal"
)

// A putView says where a document is now.
type putView struct {
	Stored string `json:"stored"`
	// Advice says what of it may not be meant.
	Advice  []string `json:"advice,omitempty"`
	Next    string   `json:"next,omitempty"`
	Command string   `json:"command,omitempty"`
	// Then and ThenCommand are what may be done as well.
	Then        string `json:"then,omitempty"`
	ThenCommand string `json:"then_command,omitempty"`
}

func (v putView) text(s *terminal.Screen) {
	s.Paragraph("", "Stored: "+v.Stored+".")
	for _, a := range v.Advice {
		s.Paragraph("! ", "Is it meant that "+a+"?")
	}
	if v.Next != "" {
		s.Paragraph("→ ", v.Next, v.Command)
	}
	if v.Then != "" {
		s.Paragraph("→ ", v.Then, v.ThenCommand)
	}
}

// group returns a command that only has others.
func group(name, short string, commands ...*cobra.Command) *cobra.Command {
	cmd := &cobra.Command{
		Use:   name,
		Short: short,
		Long:  short + ".",
		Args:  unknownCommand,
		RunE:  func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddGroup(&cobra.Group{ID: groupWork, Title: "Commands"})
	for _, sub := range commands {
		sub.GroupID = groupWork
		sub.DisableFlagsInUseLine = true
		cmd.AddCommand(sub)
	}
	return cmd
}
