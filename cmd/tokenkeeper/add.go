package main

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"example.com/tokenkeeper/cmd/tokenkeeper/internal/explain"
	"example.com/tokenkeeper/cmd/tokenkeeper/internal/place"
	"example.com/tokenkeeper/cmd/tokenkeeper/internal/preset"
	"example.com/tokenkeeper/cmd/tokenkeeper/internal/terminal"
	"example.com/tokenkeeper/internal/refresh"
)

func (c *cli) add() *cobra.Command {
	var a adding
	var set []string
	cmd := &cobra.Command{
		Use:   "add [PRESET]",
		Short: "Write the config of a provider that many people use",
		Long: `Write the config of a provider that many people use, and say what to put in its
credential, where each part of that is found, and which page of the provider's
own documentation says so. Without a preset, list them.

With --issuer, the config is for the token endpoint that an authorization server
names in its metadata (RFC 8414, OpenID Connect Discovery). They are asked for now,
and never when logging in.

With --dir the config is written into the folder; one that is there already is
left alone. Without, it is printed, and everything else is said on the standard
error: put it into a file, and then on AWS with 'tokenkeeper config put'.

Words in capitals are yours to fill in, with --set. Nothing secret is among them.`,
		Example: `  tokenkeeper add
  tokenkeeper add auth0 --name reports --set TENANT=acme \
      --set AUDIENCE=https://api.example.com --dir DIR
  tokenkeeper add spotify > spotify.json
  tokenkeeper add --issuer https://sso.example.com/realms/north --name north --dir DIR`,
		Args: atMostOne,
		RunE: func(cmd *cobra.Command, args []string) error {
			if a.issuer != "" {
				return c.addIssuer(cmd.Context(), a, args, set)
			}
			if len(args) == 0 {
				if err := a.alone(set); err != nil {
					return err
				}
				list, err := preset.List()
				if err != nil {
					return err
				}
				return c.show(newPresetsView(list))
			}
			p, err := preset.Get(args[0])
			if err != nil {
				return instead(err, "see them all:", "tokenkeeper add")
			}
			if a.name == "" {
				a.name = p.Name
			}
			v, err := c.addPreset(a, p, set)
			if err != nil {
				return c.wrong(err, "Nothing was written.")
			}
			return c.showAdded(v)
		},
	}
	cmd.Flags().StringVar(&a.name, "name", "", "what to call the provider (default the preset's `name`)")
	cmd.Flags().StringVar(&a.issuer, "issuer", "", "the `URL` of an authorization server that publishes its token endpoint")
	cmd.Flags().BoolVar(&a.allowLoopback, "allow-loopback", false, "with --issuer, allow a server on this machine")
	cmd.Flags().StringArrayVar(&set, "set", nil, "a word to fill in and what for: `WORD=VALUE`")
	registerDir(cmd, &a.dir)
	return cmd
}

// A presetsView lists presets.
type presetsView struct {
	Presets []presetLine `json:"presets"`
}

type presetLine struct {
	Name  string `json:"name"`
	Title string `json:"title"`
	// Words are those to fill in.
	Words []string `json:"words"`
}

func newPresetsView(list []preset.Preset) presetsView {
	v := presetsView{Presets: make([]presetLine, len(list))}
	for i, p := range list {
		v.Presets[i] = presetLine{Name: p.Name, Title: p.Title, Words: []string{}}
		for _, f := range p.Placeholders {
			v.Presets[i].Words = append(v.Presets[i].Words, f.Name)
		}
	}
	return v
}

func (v presetsView) text(s *terminal.Screen) {
	t := terminal.Table{Headers: []string{"PRESET", "FOR"}}
	for _, p := range v.Presets {
		t.Rows = append(t.Rows, terminal.Row{Cells: []terminal.Cell{{Text: p.Name}, {Text: p.Title}}})
	}
	s.Table(t)
	s.Line("")
	s.Paragraph("→ ", "To see what one wants to know:", "tokenkeeper add PRESET")
}

// An addView is what add has to say of one preset.
type addView struct {
	Provider string          `json:"provider"`
	Config   json.RawMessage `json:"config"`
	// Written is where the config is now; absent: it was printed.
	Written       string          `json:"written,omitempty"`
	Credential    []explain.Field `json:"credential"` // what each field is, and where it is found
	AllowedHosts  []string        `json:"allowed_hosts"`
	Public        []string        `json:"public,omitempty"` // what of it tokens and errors may state
	Signs         []string        `json:"signs,omitempty"`  // the audiences of tokens that its key may sign
	Notes         []string        `json:"notes"`
	Documentation []preset.Page   `json:"documentation"`
	// Commands are the next ones.
	Commands []string `json:"commands"`

	title string
}

func newAddView(p preset.Preset, provider refresh.Provider, config []byte) addView {
	v := addView{Provider: provider.Name, Config: config, AllowedHosts: p.AllowedHosts, Public: p.Public, Signs: p.Signs, Notes: p.Notes,
		Documentation: p.Documentation, title: p.Title, Credential: []explain.Field{}}
	for _, f := range p.Credential {
		v.Credential = append(v.Credential, explain.Field{Name: f.Name, Value: f.Where})
	}
	return v
}

// inFolder says what comes next in a folder.
func (v *addView) inFolder(f place.Folder, p refresh.Provider) {
	v.Written = f.Guide().ConfigPlace(p.Name)
	v.Commands = []string{f.Guide().Command("credential put", p.Credential)}
	if p.Rotates {
		v.Commands = append(v.Commands, f.Guide().Command("refresh-token put", p.Name), f.Guide().Command("run", ""))
		return
	}
	v.Commands = append(v.Commands, f.Guide().Command("try", p.Name))
}

// onAWS says what comes next with what was printed.
func (v *addView) onAWS(p refresh.Provider) {
	file := p.Name + ".json"
	v.Commands = []string{
		"tokenkeeper config put " + p.Name + " --file " + file,
		"tokenkeeper credential put " + p.Credential,
	}
	if p.Rotates {
		v.Commands = append(v.Commands, "tokenkeeper refresh-token put "+p.Name)
		return
	}
	v.Commands = append(v.Commands, "tokenkeeper try "+p.Name)
}

// showAdded shows v. A config that was not written is all of the standard output, so that
// it can be put into a file.
func (c *cli) showAdded(v addView) error {
	if c.output == "json" || v.Written != "" {
		return c.show(v)
	}
	if _, err := c.stdout.Write(v.Config); err != nil {
		return fmt.Errorf("writing the config: %w", err)
	}
	v.text(terminal.New(c.stderr, c.getenv))
	return nil
}

func (v addView) text(s *terminal.Screen) {
	if v.Written != "" {
		s.Paragraph("", s.Paint(terminal.Strong, v.title)+": "+v.Written+" is written.")
	} else {
		s.Paragraph("", s.Paint(terminal.Strong, v.title)+": the config is printed, and nothing is written.")
	}
	s.Line("")
	s.Line("%s", s.Paint(terminal.Strong, "Its credential"))
	for _, line := range v.skeleton() {
		s.Line("  %s", line)
	}
	s.Line("")
	fields := v.Credential
	for _, l := range v.lists() {
		fields = append(fields, explain.Field{Name: l.name, Value: l.meaning})
	}
	showFields(s, fields)
	s.Line("")
	s.Paragraph("→ ", openCredential, "tokenkeeper approve NAME")
	s.Line("")
	s.Line("%s", s.Paint(terminal.Strong, "To know"))
	for _, note := range v.Notes {
		s.Paragraph("  - ", note)
	}
	for _, page := range v.Documentation {
		s.Paragraph("  - ", page.URL+" (read "+page.Read+")")
	}
	s.Line("")
	s.Line("%s", s.Paint(terminal.Strong, "Next"))
	for _, command := range v.Commands {
		s.Line("  %s", command)
	}
}

// A credentialList is a list of a credential.
type credentialList struct {
	name, meaning string
	words         []string
}

// lists returns those that the credential needs, in the order in which they are shown.
func (v addView) lists() []credentialList {
	return slices.DeleteFunc([]credentialList{
		{"public", "its values that are no secrets: tokens, records and errors may state them", v.Public},
		{"signs", "the audiences of the tokens that its key may sign", v.Signs},
		{"allowed_hosts", "the only hosts that it may be sent to", v.AllowedHosts},
	}, func(l credentialList) bool { return len(l.words) == 0 })
}

// skeleton is a credential to be filled in.
func (v addView) skeleton() []string {
	var members []string
	for _, f := range v.Credential {
		members = append(members, fmt.Sprintf("%q: \"…\"", f.Name))
	}
	for _, l := range v.lists() {
		members = append(members, fmt.Sprintf("%q: [%s]", l.name, quotedList(l.words)))
	}
	return strings.Split("{"+strings.Join(members, ",\n ")+"}", "\n")
}

func quotedList(words []string) string {
	quoted := make([]string, len(words))
	for i, w := range words {
		quoted[i] = fmt.Sprintf("%q", w)
	}
	return strings.Join(quoted, ", ")
}
