package main

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"example.com/tokenkeeper/cmd/tokenkeeper/internal/explain"
	"example.com/tokenkeeper/cmd/tokenkeeper/internal/terminal"
	"example.com/tokenkeeper/internal/refresh"
	"example.com/tokenkeeper/internal/secret"
)

func (c *cli) try() *cobra.Command {
	var flags subjectFlags
	var reach reachFlags
	var t trying
	cmd := &cobra.Command{
		Use:   "try NAME|FILE",
		Short: "Log in once for real, and store nothing",
		Long: `Log in once with the real credential, and store nothing: what was sent and what
came back, without a value of the credential or of the answer; how it was
understood; when such a token would be replaced, and what outage is survived.

It takes the name of a provider, or the file of a config. The credential is that
of the place, or of a file of mode 0600.

Two kinds of provider are not tried just like that. Where a new token ends the
one before, applications lose theirs: that takes --yes. And where a refresh
token is replaced with each login, trying would spend the one that the runs
need: it takes another one, in a file, and that one is spent.`,
		Example: `  tokenkeeper try meitner --dir DIR
  tokenkeeper try new.json --credential new-credential.json
  tokenkeeper try meitner`,
		Args: oneSubject,
		RunE: func(cmd *cobra.Command, args []string) error {
			s, err := c.subject(cmd, &flags, search{arg: args[0], needsPlace: t.credential == "", allowLoopback: t.allowLoopback, reach: reach})
			if err != nil {
				return err
			}
			defer s.close()
			held, err := t.prepare(cmd.Context(), s)
			if err != nil {
				return c.wrong(err, unsent)
			}
			stop := terminal.Working(c.stderr, "logging in to "+s.Name)
			v := t.try(cmd.Context(), s, held)
			stop()
			if err := c.show(v); err != nil {
				return err
			}
			if v.Error != nil {
				return errAttention
			}
			return nil
		},
	}
	cmd.Flags().StringVar(&t.credential, "credential", "", "a `file` with the credential, of mode 0600")
	cmd.Flags().StringVar(&t.refreshToken, "refresh-token", "", "a `file` of mode 0600 with a refresh token that may be spent")
	cmd.Flags().BoolVar(&t.yes, "yes", false, "log in though that ends the token in use")
	cmd.Flags().BoolVar(&t.allowLoopback, "allow-loopback", false, "let token endpoints be on this machine, without TLS: for the simulator")
	reach.register(cmd)
	flags.register(cmd)
	return cmd
}

// A tryView is what try shows.
type tryView struct {
	Provider  string             `json:"provider"`
	Exchanges []explain.Exchange `json:"exchanges"`
	// Understood is what the answer means; absent: there is none that is good.
	Understood *understood `json:"understood,omitempty"`
	// Probed says that the probe of the config took the token.
	Probed  bool       `json:"probed,omitempty"`
	Keeping *keeping   `json:"keeping,omitempty"`
	Error   *tryFailed `json:"error,omitempty"`
	// Replace is the command that replaces the token that applications have; absent: trying
	// did not end it.
	Replace string `json:"replace,omitempty"`

	formulas []string
	remedies map[refresh.Class]string // where the endpoint has none
}

// understood is a grant without its token.
type understood struct {
	AccessToken  string    `json:"access_token"` // a placeholder
	TokenType    string    `json:"token_type"`
	Lifetime     int64     `json:"lifetime_seconds"`
	LifetimeFrom string    `json:"lifetime_from"`
	ExpiresAt    time.Time `json:"expires_at"`
	Scope        string    `json:"scope,omitempty"`
	Extra        []string  `json:"extra,omitempty"` // the names
	RefreshToken string    `json:"refresh_token,omitempty"`
	Warnings     []string  `json:"warnings,omitempty"`
}

// tryFailed is a failure as status shows it.
type tryFailed struct {
	Class  refresh.Class `json:"class"`
	Code   string        `json:"code"`
	Detail string        `json:"detail"`
	Remedy string        `json:"remedy,omitempty"`
}

func (v *tryView) fail(err error) {
	var e *refresh.Error
	if !errors.As(err, &e) {
		v.Error = &tryFailed{Class: refresh.Transient, Code: refresh.CodeInternal, Detail: err.Error()}
		return
	}
	v.Error = &tryFailed{Class: e.Class, Code: e.Code, Detail: e.Detail, Remedy: e.Remedy}
	if e.Remedy == "" {
		v.Error.Remedy = v.remedies[e.Class]
	}
}

// mayEnd reports whether the provider has given a token, or may have: the answer was good
// and could not be understood, or was lost.
func (v *tryView) mayEnd() bool {
	if v.Understood != nil || len(v.Exchanges) == 0 {
		return v.Understood != nil
	}
	lost := []string{"timeout", "canceled", "connection_failed", "connection_lost"}
	status := v.Exchanges[len(v.Exchanges)-1].Status
	return status/100 == 2 || status == 0 && slices.Contains(lost, v.Error.Code)
}

func (v *tryView) grant(s subject, t explain.Trial) {
	g := t.Grant
	hidden := func(secret secret.Text) string { return fmt.Sprintf("[%d characters]", secret.Len()) }
	v.Understood = &understood{
		AccessToken: hidden(g.AccessToken), TokenType: t.TokenType,
		Lifetime: int64(g.Lifetime / time.Second), LifetimeFrom: g.LifetimeFrom,
		ExpiresAt: g.AskedAt.UTC().Truncate(time.Second).Add(g.Lifetime.Truncate(time.Second)),
		Scope:     t.Scope, Extra: slices.Sorted(maps.Keys(g.Extra)), Warnings: g.Warnings,
	}
	if next := t.Next.Token; !next.IsZero() {
		v.Understood.RefreshToken = hidden(next)
	}
	k := keep(s.schedule, s.Provider, g.Lifetime, "this token")
	v.Keeping, v.formulas = &k, arithmetic(s.schedule, s.Provider)
}

func (v tryView) text(s *terminal.Screen) {
	for i, x := range v.Exchanges {
		if len(v.Exchanges) > 1 {
			x.Message.Purpose = fmt.Sprintf("%d. %s", i+1, x.Message.Purpose)
		}
		showMessage(s, x.Message)
		showAnswer(s, x)
	}
	if len(v.Exchanges) == 0 && v.Error == nil {
		s.Paragraph("", "No server was asked: the token is signed here.")
		s.Line("")
	}
	if u := v.Understood; u != nil {
		s.Line("%s", s.Paint(terminal.Strong, "Understood"))
		showFields(s, u.fields(v.Probed))
		for _, w := range u.Warnings {
			s.Paragraph("  "+s.Paint(terminal.Warn, "!")+" ", w)
		}
		s.Line("")
	}
	if v.Keeping != nil {
		showKeeping(s, []keeping{*v.Keeping}, v.formulas)
		s.Line("")
	}
	if e := v.Error; e != nil {
		s.Paragraph(s.Paint(terminal.Bad, "✗")+" ", fmt.Sprintf("%s (%s, %s)", e.Detail, e.Code, e.Class))
		if e.Remedy != "" {
			s.Paragraph("  → ", e.Remedy)
		}
		s.Paragraph("", "Nothing was stored.")
	} else {
		s.Paragraph("", s.Paint(terminal.Good, "The login works.")+" Nothing was stored.")
	}
	switch {
	case v.Replace != "" && v.Understood != nil:
		s.Paragraph(s.Paint(terminal.Warn, "!")+" ", "This ended the token that applications have. Replace it now:", v.Replace)
	case v.Replace != "":
		s.Paragraph(s.Paint(terminal.Warn, "!")+" ", "This may have ended the token that applications have. Replace it now:", v.Replace)
	}
}

// showAnswer shows what came back.
func showAnswer(s *terminal.Screen, x explain.Exchange) {
	if x.Status == 0 {
		s.Line("%s", s.Paint(terminal.Strong, "No answer"))
		s.Line("")
		return
	}
	words := []string{fmt.Sprintf("Answer %d", x.Status)}
	if x.ContentType != "" {
		words = append(words, x.ContentType)
	}
	words = append(words, plural(x.Bytes, "byte"))
	s.Line("%s", s.Paint(terminal.Strong, strings.Join(words, ", ")))
	showFields(s, x.Members)
	s.Line("")
}

func (u understood) fields(probed bool) []explain.Field {
	var list []explain.Field
	add := func(name, value string) {
		if value != "" {
			list = append(list, explain.Field{Name: name, Value: value})
		}
	}
	add("access token", u.AccessToken)
	add("token type", u.TokenType)
	add("lifetime", fmt.Sprintf("%s, by %s", terminal.Span(time.Duration(u.Lifetime)*time.Second), u.LifetimeFrom))
	add("expires at", u.ExpiresAt.Format(time.DateTime)+" UTC")
	add("scope", u.Scope)
	add("extra", strings.Join(u.Extra, ", "))
	add("refresh token", u.RefreshToken)
	if probed {
		add("probe", "it takes the token")
	}
	return list
}
