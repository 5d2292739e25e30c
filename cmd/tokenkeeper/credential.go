package main

import (
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"example.com/tokenkeeper/cmd/tokenkeeper/internal/place"
	"example.com/tokenkeeper/cmd/tokenkeeper/internal/status"
	"example.com/tokenkeeper/cmd/tokenkeeper/internal/terminal"
	"example.com/tokenkeeper/internal/refresh"
	"example.com/tokenkeeper/internal/tokenendpoint"
)

func (c *cli) credential() *cobra.Command {
	var file string
	var try, allowLoopback bool
	put := c.changing(&cobra.Command{
		Use:   "put NAME",
		Short: "Check a credential and store it, encrypted",
		Long: `Check a credential and, if nothing is wrong with it, store it where the runs
read it: on AWS encrypted, in a folder as a file for its owner alone. The next
run uses it.

It is JSON, and never an argument, which others can see: it is asked for
without echo, to its closing brace, or read from a file with mode 0600, or from
what is piped in.

With --try each provider that uses it is logged in to once, as 'tokenkeeper try'
does, and it is stored only if all of these logins go well.`,
		Example: `  tokenkeeper credential put meitner --try
  tokenkeeper credential put meitner --file meitner.json
  pass show meitner | tokenkeeper credential put meitner`,
		Args: oneCredential,
	}, func(cmd *cobra.Command, to place.Place, args []string) error {
		name := args[0]
		if err := refresh.CheckName(name); err != nil {
			return misuse(err)
		}
		data, err := c.readObject(file, fmt.Sprintf(
			`Paste the credential of %s, such as {"client_id": "…", "client_secret": "…", "allowed_hosts": ["…"]}. It ends at its closing brace, and is not shown.`, name))
		if err != nil {
			return err
		}
		doc := refresh.Document{Name: name, Where: "the credential", Data: data}
		parser := c.parser(true)
		credential, err := parser.Credential(doc)
		if err != nil {
			return c.wrong(status.Problems(doc.Where, err), "Nothing was stored.")
		}
		if ps := status.Doubts(doc.Where, credential); len(ps) > 0 {
			return c.wrong(ps, "Nothing was stored.")
		}
		users := c.users(cmd.Context(), to, c.parser(allowLoopback || to.AllowsLoopback()), credential)
		if ps := users.misfits(credential); len(ps) > 0 {
			return c.wrong(ps, "Nothing was stored.")
		}
		if try {
			if err := c.tryAll(cmd.Context(), users, credential); err != nil {
				return err
			}
		}
		if err := to.PutCredential(cmd.Context(), name, data); err != nil {
			return err
		}
		v := putView{Stored: to.Guide().CredentialPlace(name), Advice: tokenendpoint.Edges(credential)}
		if !credential.ApprovedOnly {
			v.Next, v.Command = openCredential, to.Guide().Command("approve", "NAME")
		}
		if i := slices.IndexFunc(users, func(u user) bool { return u.harmless() == nil }); i >= 0 && !try && to.ReadsCredentials() {
			v.Then, v.ThenCommand = "The next run uses it. To see now whether it is accepted:", to.Guide().Command("try", users[i].Name)
		}
		return c.show(v)
	})
	put.Flags().StringVar(&file, "file", "", "a `file` with the credential, of mode 0600")
	put.Flags().BoolVar(&try, "try", false, "log in with it first, and store nothing if that fails")
	put.Flags().BoolVar(&allowLoopback, "allow-loopback", false, "let token endpoints be on this machine, without TLS: for the simulator")
	return group("credential", "Store, list and delete what providers are logged in to with", put, c.credentialList(), c.credentialDelete())
}

func (c *cli) credentialList() *cobra.Command {
	return c.looking(&cobra.Command{
		Use:     "list",
		Short:   "List the credentials, and the providers that use each",
		Long:    "List the names of the credentials, and the providers that use each of them. None\nof them is read.",
		Example: "  tokenkeeper credential list",
		Args:    noArgs,
	}, func(cmd *cobra.Command, p place.Place, _ []string) error {
		names, err := p.Credentials(cmd.Context())
		if err != nil {
			return err
		}
		v := credentialsView{Credentials: make([]credentialLine, len(names))}
		for i, name := range names {
			v.Credentials[i] = credentialLine{Name: name, UsedBy: c.usersOf(cmd.Context(), p, name)}
		}
		return c.show(v)
	})
}

func (c *cli) credentialDelete() *cobra.Command {
	var yes bool
	cmd := c.changing(&cobra.Command{
		Use:   "delete NAME",
		Short: "Delete a credential that no provider uses",
		Long: `Delete a credential. One that a provider uses is deleted with --yes only: its
token is not replaced any more.`,
		Example: "  tokenkeeper credential delete meitner",
		Args:    oneCredential,
	}, func(cmd *cobra.Command, p place.Place, args []string) error {
		if used := c.usersOf(cmd.Context(), p, args[0]); len(used) > 0 && !yes {
			return instead(fmt.Errorf("%s is used by %s", args[0], strings.Join(used, ", ")), "delete their configs first, or add --yes", "")
		}
		if err := p.DeleteCredential(cmd.Context(), args[0]); err != nil {
			return missing(p.Guide(), "credential", args[0], err)
		}
		return c.show(deletedView{Deleted: p.Guide().CredentialPlace(args[0])})
	})
	cmd.Flags().BoolVar(&yes, "yes", false, "delete it though providers use it")
	return cmd
}

// A credentialsView lists credentials.
type credentialsView struct {
	Credentials []credentialLine `json:"credentials"`
}

type credentialLine struct {
	Name   string   `json:"name"`
	UsedBy []string `json:"used_by"`
}

func (v credentialsView) text(s *terminal.Screen) {
	if len(v.Credentials) == 0 {
		s.Paragraph("", "There is no credential yet.")
		return
	}
	t := terminal.Table{Headers: []string{"CREDENTIAL", "USED BY"}}
	for _, l := range v.Credentials {
		used := terminal.Cell{Text: strings.Join(l.UsedBy, ", ")}
		if len(l.UsedBy) == 0 {
			used = terminal.Cell{Text: "none", Style: terminal.Warn}
		}
		t.Rows = append(t.Rows, terminal.Row{Cells: []terminal.Cell{{Text: l.Name}, used}})
	}
	s.Table(t)
}
