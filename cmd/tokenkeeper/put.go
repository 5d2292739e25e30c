package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"example.com/tokenkeeper/cmd/tokenkeeper/internal/place"
	"example.com/tokenkeeper/cmd/tokenkeeper/internal/status"
	"example.com/tokenkeeper/cmd/tokenkeeper/internal/terminal"
	"example.com/tokenkeeper/internal/refresh"
	"example.com/tokenkeeper/internal/tokenendpoint"
)

func (c *cli) config() *cobra.Command {
	var where placeFlags
	var file string
	var allowLoopback bool
	put := &cobra.Command{
		Use:   "put NAME --file FILE",
		Short: "Check a config and store it",
		Long: `Check a config and, if nothing is wrong with it, store it. The next run takes
it up, and asks for a token with it. A config has no secret in it.`,
		Example: "  tokenkeeper config put meitner --file meitner.json",
		Args:    oneName,
		RunE: func(cmd *cobra.Command, args []string) error {
			if file == "" {
				return instead(errors.New("no file is named"), "add --file FILE, or --file - for the standard input", "")
			}
			doc := refresh.Document{Name: args[0], Where: file}
			var err error
			if file == "-" {
				doc.Data, err = read("the standard input", c.stdin)
			} else {
				doc.Data, err = readFile(file)
			}
			if err != nil {
				return err
			}
			to, err := where.openToChange(cmd.Context(), c)
			if err != nil {
				return err
			}
			defer to.Close()
			p, err := refresh.Understand(c.parser(allowLoopback || to.AllowsLoopback()), doc)
			if err != nil {
				return c.wrong(status.Problems(doc.Where, err), "Nothing was stored.")
			}
			if err := to.PutConfig(cmd.Context(), p.Name, doc.Data); err != nil {
				return err
			}
			v := putView{Stored: to.Guide().ConfigPlace(p.Name)}
			if _, err := to.CredentialVersion(cmd.Context(), p.Credential); errors.Is(err, refresh.ErrNotFound) {
				v.Next, v.Command = "It has no credential yet:", to.Guide().Command("credential put", p.Credential)
			}
			return c.show(v)
		},
	}
	put.Flags().StringVar(&file, "file", "", "the `file` with the config; - for the standard input")
	put.Flags().BoolVar(&allowLoopback, "allow-loopback", false, "take token endpoints on this machine for right")
	where.register(put)
	return group("config", "Store provider configs", put)
}

func (c *cli) credential() *cobra.Command {
	var where placeFlags
	var file string
	put := &cobra.Command{
		Use:   "put NAME",
		Short: "Check a credential and store it, encrypted",
		Long: `Check a credential and, if nothing is wrong with it, store it where the runs
read it: on AWS encrypted, in a folder as a file for its owner alone. The next
run uses it.

It is JSON, and never an argument, which others can see: it is asked for
without echo, or read from a file with mode 0600, or from what is piped in.`,
		Example: `  tokenkeeper credential put meitner
  tokenkeeper credential put meitner --file meitner.json
  pass show meitner | tokenkeeper credential put meitner`,
		Args: oneName,
		RunE: func(cmd *cobra.Command, args []string) error {
			name := args[0]
			if err := refresh.CheckName(name); err != nil {
				return misuse(err)
			}
			to, err := where.openToChange(cmd.Context(), c)
			if err != nil {
				return err
			}
			defer to.Close()
			data, err := c.readSecret(file, fmt.Sprintf(
				`Paste the credential of %s in one line, such as {"client_id": "…", "client_secret": "…", "allowed_hosts": ["…"]}. It is not shown.`, name))
			if err != nil {
				return err
			}
			doc := refresh.Document{Name: name, Where: "the credential", Data: data}
			parser := c.parser(true)
			credential, err := parser.Credential(doc)
			if err != nil {
				return c.wrong(status.Problems(doc.Where, err), "Nothing was stored.")
			}
			if ps := tokenendpoint.Doubts(doc.Where, credential); len(ps) > 0 {
				return c.wrong(ps, "Nothing was stored.")
			}
			if ps := misfits(cmd.Context(), to, parser, credential); len(ps) > 0 {
				return c.wrong(ps, "Nothing was stored.")
			}
			if err := to.PutCredential(cmd.Context(), name, data); err != nil {
				return err
			}
			v := putView{Stored: to.Guide().CredentialPlace(name)}
			if !credential.ApprovedOnly {
				v.Next, v.Command = openCredential, to.Guide().Command("approve", "NAME")
			}
			return c.show(v)
		},
	}
	put.Flags().StringVar(&file, "file", "", "a `file` with the credential, of mode 0600")
	where.register(put)
	return group("credential", "Store what providers are logged in to with", put)
}

// misfits returns what of a credential does not fit the configs that use it. Who may put
// credentials and not read configs is spared the comparison: the runs make it too.
func misfits(ctx context.Context, p place.Place, parser *tokenendpoint.Parser, c refresh.Credential) refresh.Problems {
	configs, _, err := refresh.Configs(ctx, p)
	if err != nil {
		return nil
	}
	var all refresh.Problems
	for _, d := range configs {
		provider, err := refresh.Understand(parser, d.Document)
		if err != nil || provider.Credential != c.Name || !c.Serves(provider.Name) {
			continue
		}
		if endpoint, ok := provider.Endpoint.(*tokenendpoint.Endpoint); ok {
			all = append(all, endpoint.Check(c)...)
		}
	}
	return all
}

// A putView says where a document is now.
type putView struct {
	Stored  string `json:"stored"`
	Next    string `json:"next,omitempty"`
	Command string `json:"command,omitempty"`
}

func (v putView) text(s *terminal.Screen) {
	s.Paragraph("", "Stored: "+v.Stored+".")
	if v.Next != "" {
		s.Paragraph("→ ", v.Next, v.Command)
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
