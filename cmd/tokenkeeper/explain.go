package main

import (
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"example.com/tokenkeeper/cmd/tokenkeeper/internal/explain"
	"example.com/tokenkeeper/cmd/tokenkeeper/internal/terminal"
	"example.com/tokenkeeper/internal/secret"
)

func (c *cli) explain() *cobra.Command {
	var flags subjectFlags
	var credential string
	cmd := &cobra.Command{
		Use:   "explain NAME|FILE",
		Short: "Show what a config would send, and how it reads the answer",
		Long: `Show the requests of a config as they would go out, and send nothing: method,
URL, headers, body. A value of the credential is shown as ${name}; what a
function makes of one stays as the config writes it. Then how the answer is
read, which hosts the credential must allow, and when a token would be replaced.

It takes the name of a provider, or the file of a config; - is the standard
input. Without a credential, fields that may be left out are there with their
question mark. With one it is also checked whether the two fit, and what it
does not have is left out; its values are not shown.`,
		Example: `  tokenkeeper explain meitner --dir DIR
  tokenkeeper explain examples/providers/meti.json
  tokenkeeper explain new.json --credential new-credential.json`,
		Args: oneSubject,
		RunE: func(cmd *cobra.Command, args []string) error {
			s, err := c.subject(cmd, &flags, search{arg: args[0], allowLoopback: true})
			if err != nil {
				return err
			}
			defer s.close()
			var names []string
			if credential != "" {
				held, err := s.credential(cmd.Context(), credential)
				if err != nil {
					return c.wrong(err, unsent)
				}
				if s.Rotates {
					held = held.With("refresh_token", secret.New("supposed"))
				}
				if ps := s.endpoint.Check(held); len(ps) > 0 {
					return c.wrong(ps, unsent)
				}
				names = held.Names()
			}
			x, err := explain.Config(s.endpoint.Plan(), names)
			if err != nil {
				return err
			}
			return c.show(newExplainView(s, x, credential != ""))
		},
	}
	cmd.Flags().StringVar(&credential, "credential", "", "a `file` with a credential, of mode 0600, to see whether it fits")
	flags.register(cmd)
	return cmd
}

// An explainView is what explain shows.
type explainView struct {
	Provider    string `json:"provider"`
	Where       string `json:"where"`
	Fingerprint string `json:"fingerprint"`
	explain.Explanation
	Rotates    bool `json:"rotates"`
	Supersedes bool `json:"supersedes"`
	// Fits is whether a credential was held against it.
	Fits    bool      `json:"credential_fits,omitempty"`
	Advice  []string  `json:"advice,omitempty"`
	Keeping []keeping `json:"keeping"`

	formulas []string
}

func newExplainView(s subject, x explain.Explanation, fits bool) explainView {
	v := explainView{
		Provider: s.Name, Where: s.Where, Fingerprint: s.Config.String(), Explanation: x,
		Rotates: s.Rotates, Supersedes: s.Supersedes, Fits: fits, Advice: explain.Advice(s.endpoint.Plan()),
		formulas: arithmetic(s.schedule, s.Provider),
	}
	stated := explain.Lifetime(s.endpoint.Plan())
	if stated != time.Hour {
		v.Keeping = append(v.Keeping, keep(s.schedule, s.Provider, time.Hour, "for example"))
	}
	if stated > 0 {
		v.Keeping = append(v.Keeping, keep(s.schedule, s.Provider, stated, "the config"))
	}
	return v
}

func (v explainView) text(s *terminal.Screen) {
	s.Paragraph("", fmt.Sprintf("%s, from %s, config %s", s.Paint(terminal.Strong, v.Provider), v.Where, v.Fingerprint))
	s.Line("")
	for _, m := range v.Requests {
		showMessage(s, m)
	}
	for _, j := range v.Signed {
		v.signed(s, j)
	}
	if len(v.Answer) > 0 {
		s.Line("%s", s.Paint(terminal.Strong, "Read from the answer"))
		showFields(s, v.Answer)
		s.Line("")
	}
	s.Line("%s", s.Paint(terminal.Strong, "Credential"))
	showFields(s, v.credential())
	for _, advice := range v.Advice {
		s.Paragraph("  → ", advice)
	}
	s.Line("")
	showKeeping(s, v.Keeping, v.formulas)
}

// signed shows a JWT.
func (v explainView) signed(s *terminal.Screen, j explain.SignedJWT) {
	title := "${" + j.Name + "} is a JWT, signed for each attempt with " + j.Key
	if len(v.Requests) == 0 {
		title = "The token is a JWT, signed here with " + j.Key
	}
	s.Line("%s", s.Paint(terminal.Strong, title))
	s.Line("  header")
	showFields(s, indented(j.Header))
	s.Line("  claims")
	showFields(s, indented(j.Claims))
	s.Line("")
}

func indented(fields []explain.Field) []explain.Field {
	out := make([]explain.Field, len(fields))
	for i, f := range fields {
		out[i] = explain.Field{Name: "  " + f.Name, Value: f.Value}
	}
	return out
}

// credential says what is needed to log in.
func (v explainView) credential() []explain.Field {
	fields := []explain.Field{
		{Name: "values", Value: listed(v.Values, "none")},
		{Name: "allowed_hosts", Value: listed(v.Hosts, "none: nothing is sent")},
	}
	if len(v.Signs) > 0 {
		fields = append(fields, explain.Field{Name: "signs", Value: listed(v.Signs, "")})
	}
	if v.Fits {
		fields = append(fields, explain.Field{Name: "it fits", Value: "values, hosts and keys are as the config needs them"})
	}
	if v.Rotates {
		fields = append(fields, explain.Field{Name: "refresh token", Value: "kept apart: tokenkeeper refresh-token put " + v.Provider})
	}
	return fields
}

func listed(words []string, none string) string {
	if len(words) == 0 {
		return none
	}
	return strings.Join(words, ", ")
}
