package main

import (
	"slices"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"example.com/tokenkeeper/cmd/tokenkeeper/internal/preset"
	"example.com/tokenkeeper/internal/refresh"
)

// namesProviders lists the commands whose arguments are names of providers, and how many
// they take.
var namesProviders = map[string]int{
	"adopt": 1, "approve": 1, "check": -1, "explain": 1, "history": 1, "logs": 1, "pause": 1, "read": 1, "refresh": -1, "resume": 1,
	"status": -1, "try": 1, "wait": -1, "config get": 1, "config delete": 1, "config put": 1, "credential put": 1, "credential delete": 1,
	"refresh-token put": 1,
}

// complete has a shell complete what the command line can take: providers, presets, and what
// flags may be.
func (c *cli) complete(root *cobra.Command) {
	var each func(cmd *cobra.Command)
	each = func(cmd *cobra.Command) {
		name := cmd.Name()
		if cmd.HasParent() && cmd.Parent().HasParent() {
			name = cmd.Parent().Name() + " " + name
		}
		if most, ok := namesProviders[name]; ok {
			cmd.ValidArgsFunction = c.completeProviders(most)
		}
		if name == "add" {
			cmd.ValidArgsFunction = completePresets
		}
		for _, sub := range cmd.Commands() {
			each(sub)
		}
	}
	each(root)
	_ = root.RegisterFlagCompletionFunc("output", cobra.FixedCompletions(outputs, cobra.ShellCompDirectiveNoFileComp)) // the flag is there
}

// completeProviders returns the names that are not given yet. Where they cannot be listed
// nothing is completed, and nothing said: a shell shows it in the middle of the line.
func (c *cli) completeProviders(most int) cobra.CompletionFunc {
	return func(cmd *cobra.Command, args []string, _ string) ([]cobra.Completion, cobra.ShellCompDirective) {
		if most >= 0 && len(args) >= most {
			return nil, cobra.ShellCompDirectiveNoFileComp
		}
		p, err := stated(cmd.Flags()).open(cmd.Context(), c)
		if err != nil {
			return nil, cobra.ShellCompDirectiveDefault
		}
		defer p.Close()
		configs, err := refresh.Configs(cmd.Context(), p)
		if err != nil {
			return nil, cobra.ShellCompDirectiveDefault
		}
		var names []cobra.Completion
		for _, d := range configs {
			if refresh.CheckName(d.Name) == nil && !slices.Contains(args, d.Name) {
				names = append(names, d.Name)
			}
		}
		if name := cmd.Name(); name == "explain" || name == "try" {
			return names, cobra.ShellCompDirectiveDefault // files too
		}
		return names, cobra.ShellCompDirectiveNoFileComp
	}
}

// stated returns which place the flags of a command name.
func stated(flags *pflag.FlagSet) *placeFlags {
	of := func(name string) string {
		if f := flags.Lookup(name); f != nil {
			return f.Value.String()
		}
		return ""
	}
	return &placeFlags{dir: of("dir"), aws: awsFlags{profile: of("profile"), region: of("region"), endpoint: of("endpoint-url"),
		stack: of("stack"), function: of("function"), namespace: of("namespace"), credentialStore: of("credential-store"), kmsKey: of("kms-key")}}
}

func completePresets(*cobra.Command, []string, string) ([]cobra.Completion, cobra.ShellCompDirective) {
	list, err := preset.List()
	if err != nil {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	names := make([]cobra.Completion, len(list))
	for i, p := range list {
		names[i] = cobra.CompletionWithDesc(p.Name, p.Title)
	}
	return names, cobra.ShellCompDirectiveNoFileComp
}
