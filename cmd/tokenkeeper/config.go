package main

import (
	"errors"
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"example.com/tokenkeeper/cmd/tokenkeeper/internal/place"
	"example.com/tokenkeeper/cmd/tokenkeeper/internal/status"
	"example.com/tokenkeeper/cmd/tokenkeeper/internal/terminal"
	"example.com/tokenkeeper/internal/refresh"
	"example.com/tokenkeeper/internal/secret"
)

func (c *cli) config() *cobra.Command {
	var file string
	var allowLoopback bool
	put := c.changing(&cobra.Command{
		Use:   "put NAME --file FILE",
		Short: "Check a config and store it",
		Long: `Check a config and, if nothing is wrong with it, store it. The next run takes
it up, and asks for a token with it. A config has no secret in it.`,
		Example: "  tokenkeeper config put meitner --file meitner.json",
		Args:    oneName,
	}, func(cmd *cobra.Command, to place.Place, args []string) error {
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
	})
	put.Flags().StringVar(&file, "file", "", "the `file` with the config; - for the standard input")
	put.Flags().BoolVar(&allowLoopback, "allow-loopback", false, "take token endpoints on this machine for right")
	return group("config", "Store, list and delete provider configs", put, c.configList(), c.configGet(), c.configDelete())
}

func (c *cli) configList() *cobra.Command {
	return c.looking(&cobra.Command{
		Use:     "list",
		Short:   "List the configs, and the credential that each uses",
		Long:    "List the configs, and the credential that each of them uses.",
		Example: "  tokenkeeper config list",
		Args:    noArgs,
	}, func(cmd *cobra.Command, p place.Place, _ []string) error {
		configs, err := place.Configs(cmd.Context(), p)
		if err != nil {
			return err
		}
		v := configsView{Configs: make([]configLine, len(configs)), guide: p.Guide()}
		for i, d := range configs {
			v.Configs[i] = configLine{Provider: d.Name, Where: d.Where}
			if provider, err := refresh.Understand(c.parser(true), d.Document); err == nil {
				v.Configs[i].Credential = provider.Credential
			}
		}
		return c.show(v)
	})
}

func (c *cli) configGet() *cobra.Command {
	return c.looking(&cobra.Command{
		Use:     "get NAME",
		Short:   "Print a config as it is stored",
		Long:    "Print the config that the runs use, byte for byte, but for what moves a cursor where it goes to a terminal.\nIt has no secret in it.",
		Example: "  tokenkeeper config get meitner > meitner.json",
		Args:    oneName,
	}, func(cmd *cobra.Command, p place.Place, args []string) error {
		configs, err := place.Configs(cmd.Context(), p)
		if err != nil {
			return err
		}
		found, err := configsOf(configs, args)
		if err != nil {
			return nameError(p.Guide(), err)
		}
		if found[0].Err != nil {
			return found[0].Err
		}
		text := found[0].Data.Reveal()
		if terminal.Is(c.stdout) {
			text = secret.VisibleBut(text, "\n\t")
		}
		_, err = io.WriteString(c.stdout, text)
		return written(err)
	})
}

func (c *cli) configDelete() *cobra.Command {
	return c.changing(&cobra.Command{
		Use:   "delete NAME",
		Short: "Delete a config: no run asks for a token with it any more",
		Long: `Delete a config: no run asks for a token with it any more. The token that is there
stays until it expires, and applications go on reading it.`,
		Example: "  tokenkeeper config delete meitner",
		Args:    oneName,
	}, func(cmd *cobra.Command, p place.Place, args []string) error {
		if err := p.DeleteConfig(cmd.Context(), args[0]); err != nil {
			return missing(p.Guide(), "config", args[0], err)
		}
		v := deletedView{Deleted: p.Guide().ConfigPlace(args[0])}
		if states, err := p.Describe(cmd.Context(), args); err == nil && len(states) > 0 && states[0].Owned {
			v.Next, v.Command = "Its token stays until it expires. Once no application reads it:", p.Guide().RemoveCommand(args[0])
		}
		return c.show(v)
	})
}

// missing says of a document that was to be deleted that there is none.
func missing(guide place.Guide, kind, name string, err error) error {
	if !errors.Is(err, refresh.ErrNotFound) {
		return err
	}
	return instead(fmt.Errorf("there is no %s %.80q", kind, name), "see which there are:", guide.Command(kind+" list", ""))
}

// A configsView lists configs.
type configsView struct {
	Configs []configLine `json:"configs"`
	guide   place.Guide
}

type configLine struct {
	Provider string `json:"provider"`
	// Credential is the one that it uses; empty: the config cannot be understood.
	Credential string `json:"credential,omitempty"`
	Where      string `json:"where"`
}

func (v configsView) text(s *terminal.Screen) {
	if len(v.Configs) == 0 {
		noConfig(s, v.guide)
		return
	}
	t := terminal.Table{Headers: []string{"PROVIDER", "CREDENTIAL", "CONFIG"}}
	for _, l := range v.Configs {
		credential := terminal.Cell{Text: l.Credential}
		if l.Credential == "" {
			credential = terminal.Cell{Text: "wrong", Style: terminal.Bad}
		}
		t.Rows = append(t.Rows, terminal.Row{Cells: []terminal.Cell{{Text: l.Provider}, credential, {Text: l.Where}}})
	}
	s.Table(t)
}

// A deletedView says what is gone, and what is left.
type deletedView struct {
	Deleted string `json:"deleted"`
	Next    string `json:"next,omitempty"`
	Command string `json:"command,omitempty"`
}

func (v deletedView) text(s *terminal.Screen) {
	s.Paragraph("", "Deleted: "+v.Deleted+".")
	if v.Next != "" {
		s.Paragraph("→ ", v.Next, v.Command)
	}
}
