package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
	"unicode"

	"github.com/spf13/cobra"

	"example.com/tokenkeeper/cmd/tokenkeeper/internal/place"
	"example.com/tokenkeeper/cmd/tokenkeeper/internal/status"
	"example.com/tokenkeeper/cmd/tokenkeeper/internal/terminal"
	"example.com/tokenkeeper/internal/refresh"
	"example.com/tokenkeeper/internal/secret"
)

func (c *cli) read() *cobra.Command {
	var dir string
	var reveal bool
	cmd := &cobra.Command{
		Use:   "read NAME --dir DIR",
		Short: "Show the record that applications read",
		Long: `Show the record that applications read, without the token; with --reveal the
token and nothing else, which is how a shell script gets it. A token that is
over is never printed.

On AWS the record is the value of a secret:
  aws secretsmanager get-secret-value --secret-id tokenkeeper/tokens/NAME \
      --query SecretString --output text`,
		Example: `  tokenkeeper read meitner --dir DIR
  TOKEN=$(tokenkeeper read meitner --dir DIR --reveal)`,
		Args: oneName,
		RunE: func(cmd *cobra.Command, args []string) error {
			f, err := openFolder(dir)
			if err != nil {
				return err
			}
			defer f.Close()
			v, err := readRecord(f, args[0], c.now())
			if err != nil {
				// It may be that no provider has that name.
				var unknown *status.UnknownError
				if errors.As(status.Lookout{Place: f, Parser: c.parser(true)}.Find(cmd.Context(), args[0]), &unknown) {
					return nameError(f.Guide(), unknown)
				}
				return err
			}
			if !v.live {
				return notServed(fmt.Errorf("the token of %q expired at %s", args[0], v.ExpiresAt.Format(time.RFC3339)), "to see why:", v.status)
			}
			if reveal {
				return c.reveal(v)
			}
			return c.show(v)
		},
	}
	cmd.Flags().StringVar(&dir, "dir", "", "the `folder` with tokens/")
	cmd.Flags().BoolVar(&reveal, "reveal", false, "print the token itself")
	return cmd
}

// A recordView is a record without its token.
type recordView struct {
	Version      int            `json:"version"`
	AccessToken  string         `json:"access_token"` // a placeholder
	TokenType    string         `json:"token_type"`
	Provider     string         `json:"provider"`
	IssuedAt     time.Time      `json:"issued_at"`
	RefreshAfter time.Time      `json:"refresh_after"`
	ExpiresAt    time.Time      `json:"expires_at"`
	ExpiresIn    int64          `json:"expires_in_seconds"`
	Scope        string         `json:"scope"`
	Extra        map[string]any `json:"extra"`

	token  secret.Text
	live   bool
	status string // the command that says more
}

var errNotRecord = errors.New("it is not a record: another program wrote it, and the next run replaces it")

func readRecord(f place.Folder, provider string, now time.Time) (recordView, error) {
	data, err := f.Read(provider)
	if errors.Is(err, refresh.ErrNotFound) {
		return recordView{}, notServed(fmt.Errorf("%q has no token yet", provider), "to see why:", f.Guide().Command("status", provider))
	}
	if err != nil {
		return recordView{}, err
	}
	var v recordView
	// The error of encoding/json may quote what is there. A token that --reveal prints must not
	// move a cursor.
	if json.Unmarshal([]byte(data.Reveal()), &v) != nil || v.Version != refresh.RecordVersion || v.AccessToken == "" ||
		strings.ContainsFunc(v.AccessToken, func(r rune) bool { return !unicode.IsPrint(r) }) {
		return recordView{}, notServed(fmt.Errorf("reading the token of %q: %w", provider, errNotRecord), "", "")
	}
	v.token = secret.New(v.AccessToken)
	v.AccessToken = fmt.Sprintf("[%d characters]", v.token.Len())
	v.ExpiresIn = int64(v.ExpiresAt.Sub(now) / time.Second)
	v.status = f.Guide().Command("status", provider)
	v.live = now.Before(v.ExpiresAt)
	v.Extra = masked(v.Extra)
	return v, nil
}

// masked keeps the names of extra fields: what a provider hands on beside the token may
// be a token too.
func masked(extra map[string]any) map[string]any {
	out := make(map[string]any, len(extra))
	for name := range extra {
		out[name] = "[hidden]"
	}
	return out
}

// reveal is the one way in which a token is printed.
func (c *cli) reveal(v recordView) error {
	if c.output == "json" {
		return c.json(struct {
			AccessToken string    `json:"access_token"`
			TokenType   string    `json:"token_type"`
			ExpiresAt   time.Time `json:"expires_at"`
		}{v.token.Reveal(), v.TokenType, v.ExpiresAt})
	}
	_, err := fmt.Fprintln(c.stdout, v.token.Reveal())
	return written(err)
}

func (v recordView) text(s *terminal.Screen) {
	row := func(name, value string) {
		if value != "" {
			s.Paragraph(s.Paint(terminal.Quiet, fmt.Sprintf("%-14s", name)), value)
		}
	}
	at := func(t time.Time) string { return t.Format(time.DateTime) + " UTC" }
	row("provider", v.Provider)
	row("access token", v.AccessToken+"; --reveal prints it")
	row("token type", v.TokenType)
	row("issued at", at(v.IssuedAt))
	row("refresh after", at(v.RefreshAfter))
	row("expires at", fmt.Sprintf("%s, in %s", at(v.ExpiresAt), terminal.Span(time.Duration(v.ExpiresIn)*time.Second)))
	row("scope", v.Scope)
	row("extra", strings.Join(slices.Sorted(maps.Keys(v.Extra)), ", "))
}
