package main

import (
	"context"
	"slices"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"example.com/tokenkeeper/cmd/tokenkeeper/internal/place"
	"example.com/tokenkeeper/cmd/tokenkeeper/internal/preset"
	"example.com/tokenkeeper/internal/refresh"
)

// namesProviders lists the commands whose arguments are names of providers, and how many
// they take.
var namesProviders = map[string]int{
	"adopt": 1, "approve": 1, "check": -1, "explain": 1, "history": 1, "logs": 1, "pause": 1, "read": 1, "refresh": -1, "resume": 1,
	"status": -1, "try": 1, "wait": -1, "config get": 1, "config delete": 1, "config put": 1,
	"refresh-token put": 1, "refresh-token bind": 1, "refresh-token restore": 1,
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
			cmd.ValidArgsFunction = c.completeNames(most, providerNames)
		}
		switch name {
		case "add":
			cmd.ValidArgsFunction = completePresets
		case "credential put":
			cmd.ValidArgsFunction = c.completeNames(1, wantedCredentials)
		case "credential delete":
			cmd.ValidArgsFunction = c.completeNames(1, place.Place.Credentials)
		case "refresh-token put", "refresh-token bind":
			names := c.completeNames(-1, place.Place.Credentials)
			_ = cmd.RegisterFlagCompletionFunc("credential", func(cmd *cobra.Command, _ []string, begun string) ([]cobra.Completion, cobra.ShellCompDirective) {
				return names(cmd, nil, begun) // the name of a provider is given, which can be that of its credential
			}) // the flag is there
		}
		for _, sub := range cmd.Commands() {
			each(sub)
		}
	}
	each(root)
	_ = root.RegisterFlagCompletionFunc("output", cobra.FixedCompletions(outputs, cobra.ShellCompDirectiveNoFileComp)) // the flag is there
}

// completeNames returns the names that are listed in the place and not given yet. Where they cannot
// be listed nothing is completed, and nothing said: a shell shows it in the middle of the line.
func (c *cli) completeNames(most int, list func(place.Place, context.Context) ([]string, error)) cobra.CompletionFunc {
	return func(cmd *cobra.Command, args []string, _ string) ([]cobra.Completion, cobra.ShellCompDirective) {
		if most >= 0 && len(args) >= most {
			return nil, cobra.ShellCompDirectiveNoFileComp
		}
		p, err := stated(cmd.Flags()).open(cmd.Context(), c)
		if err != nil {
			return nil, cobra.ShellCompDirectiveDefault
		}
		defer p.Close()
		names, err := list(p, cmd.Context())
		if err != nil {
			return nil, cobra.ShellCompDirectiveDefault
		}
		names = slices.DeleteFunc(names, func(name string) bool { return refresh.CheckName(name) != nil || slices.Contains(args, name) })
		if name := cmd.Name(); name == "explain" || name == "try" {
			return names, cobra.ShellCompDirectiveDefault // files too
		}
		return names, cobra.ShellCompDirectiveNoFileComp
	}
}

func providerNames(p place.Place, ctx context.Context) (names []string, err error) {
	configs, err := place.Configs(ctx, p)
	for _, d := range configs {
		names = append(names, d.Name)
	}
	return names, err
}

// wantedCredentials returns the credentials that are there, and those that configs name.
func wantedCredentials(p place.Place, ctx context.Context) ([]string, error) {
	names, err := p.Credentials(ctx)
	if err != nil {
		return nil, err
	}
	configs, err := place.Configs(ctx, p)
	for _, d := range configs {
		if name, ok := d.CredentialName(); ok {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return slices.Compact(names), err
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
