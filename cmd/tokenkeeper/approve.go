package main

import (
	"bufio"
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"example.com/tokenkeeper/cmd/tokenkeeper/internal/explain"
	"example.com/tokenkeeper/cmd/tokenkeeper/internal/outline"
	"example.com/tokenkeeper/cmd/tokenkeeper/internal/place"
	"example.com/tokenkeeper/cmd/tokenkeeper/internal/status"
	"example.com/tokenkeeper/cmd/tokenkeeper/internal/terminal"
	"example.com/tokenkeeper/internal/refresh"
	"example.com/tokenkeeper/internal/tokenendpoint"
)

func (c *cli) approve() *cobra.Command {
	var flags subjectFlags
	var digest string
	cmd := &cobra.Command{
		Use:   "approve NAME",
		Short: "Approve the proposed config of a provider for its credential",
		Long: `For the owner of a credential: show what the config in providers/ would do with
the credential, and copy it to approved/CREDENTIAL/NAME. From then on the copy is
the config of the provider. Edits in providers/ are proposals: shown by check and
status, and never run.

It shows what explain shows, what changes against the approved copy, the values
that are sent from the day on which the credential has them, and all that reaches
the record or a probe. On a terminal it then asks. Elsewhere it prints the command
that approves these very bytes: --digest refuses all others.

With "approved_only": true in the credential, a provider without an approved copy
is refused before anything is sent. Without it, a copy that is deleted opens the
provider to every editor of its config.`,
		Example: `  tokenkeeper approve meitner
  tokenkeeper approve meitner --dir DIR`,
		Args: oneName,
		RunE: func(cmd *cobra.Command, args []string) error {
			to, err := flags.where.openToChange(cmd.Context(), c)
			if err != nil {
				return err
			}
			defer to.Close()
			a, err := c.approval(cmd.Context(), to, args[0])
			if err != nil {
				return err
			}
			if a.schedule, err = flags.when.over(to.Schedule(), cmd); err != nil {
				return err
			}
			v, err := a.view()
			if err != nil {
				return err
			}
			if digest != "" && digest != v.Digest {
				return instead(fmt.Errorf("--digest is that of another text: the config of %s was edited since it was shown", a.Name),
					"look at it again:", to.Guide().Command("approve", a.Name))
			}
			v.Approved = digest != "" && !v.unchanged
			if v.Approved {
				if err := a.put(cmd.Context()); err != nil {
					return err
				}
			}
			if err := c.show(v); err != nil {
				return err
			}
			if digest != "" || v.unchanged || c.output != "text" || !terminal.Is(c.stdin) {
				return nil
			}
			return c.confirm(cmd.Context(), a)
		},
	}
	cmd.Flags().StringVar(&digest, "digest", "", "approve without a question, if the config has this SHA-256 `digest`")
	flags.register(cmd)
	return cmd
}

// An approval is a proposal that the owner of a credential decides on.
type approval struct {
	subject
	proposal refresh.Document
	copy     *refresh.Document // the approved copy that is there already; nil: none
}

// approval finds what is proposed for the provider. It refuses a copy that would have no
// effect.
func (c *cli) approval(ctx context.Context, to place.Place, name string) (a approval, err error) {
	docs, err := place.Documents(ctx, to)
	if err != nil {
		return a, err
	}
	at := func(approver string) *refresh.Document {
		i := slices.IndexFunc(docs, func(d refresh.Document) bool { return d.Name == name && d.Approver == approver })
		if i < 0 {
			return nil
		}
		return &docs[i]
	}
	proposal := at("")
	if proposal == nil {
		return a, instead(fmt.Errorf("there is nothing to approve: %s is not there", to.Guide().ConfigPlace(name)), "see which configs there are:", to.Guide().Command("status", ""))
	}
	a = approval{subject: subject{parser: c.parser(true), place: to}, proposal: *proposal}
	if a.Provider, err = refresh.Understand(a.parser, a.proposal); err != nil {
		return a, c.wrong(status.Problems(a.proposal.Where, err), unapproved)
	}
	a.endpoint = a.Endpoint.(*tokenendpoint.Endpoint) // as our parser makes them
	a.copy = at(a.Credential)
	if first := at(name); a.copy == nil && first != nil {
		return a, instead(fmt.Errorf("%s is in effect, and goes before every other copy", first.Where),
			fmt.Sprintf("the owner of the credential %q removes that copy first", name), "")
	}
	if !to.ReadsCredentials() {
		return a, nil
	}
	held, err := a.credential(ctx, "")
	var ps refresh.Problems
	switch {
	case errors.As(err, &ps):
	case err == nil:
		ps = a.endpoint.Check(held)
	}
	if len(ps) > 0 {
		return a, c.wrong(ps, unapproved)
	}
	return a, nil // a credential that is not there yet may be put later
}

// openCredential says in one line what a credential is open to, and how its owner closes it.
const openCredential = `Config editors decide what it does. To decide that as its owner, add "approved_only": true to it and approve each config:`

const unapproved = "Nothing was approved."

func (a approval) put(ctx context.Context) error {
	return a.place.PutApproved(ctx, a.Credential, a.Name, a.proposal.Data)
}

// confirm asks a person at a terminal, and approves what was shown.
func (c *cli) confirm(ctx context.Context, a approval) error {
	s := c.screen()
	s.Paragraph("", fmt.Sprintf("Type %s to approve it:", a.Name))
	line, err := bufio.NewReader(c.stdin).ReadString('\n')
	if err != nil {
		return fmt.Errorf("reading from the terminal: %w", err)
	}
	if strings.TrimSpace(line) != a.Name {
		s.Paragraph("", unapproved)
		return errAttention
	}
	if err := a.put(ctx); err != nil {
		return err
	}
	s.Paragraph("", "Approved: "+a.place.Guide().ApprovedPlace(a.Credential, a.Name)+".")
	return written(s.Err())
}

// An approveView is what approve shows before and after it copies.
type approveView struct {
	explainView
	// Approved reports whether these bytes were copied now.
	Approved bool `json:"approved"`
	// Copy is where the approved copy is, or would be.
	Copy string `json:"copy"`
	// Digest is the SHA-256 of the bytes.
	Digest string `json:"digest"`
	// Changes are those against the approved copy that is there; absent: there is none.
	Changes []outline.Change `json:"changes,omitempty"`
	// Optional are the values that are sent from the day on which the credential has them.
	Optional []string `json:"optional_values"`
	// Reaching decides what of the answers reaches the record, later requests or a probe.
	Reaching []outline.Leaf `json:"reaching"`

	again     bool // there is a copy
	unchanged bool // it has these bytes
	command   string
}

func (a approval) view() (approveView, error) {
	x, err := explain.Config(a.endpoint.Plan(), nil)
	if err != nil {
		return approveView{}, err
	}
	text := a.proposal.Data.Reveal()
	sum := sha256.Sum256([]byte(text))
	list := outline.Of(text)
	v := approveView{
		explainView: newExplainView(a.subject, x, false),
		Copy:        a.place.Guide().ApprovedPlace(a.Credential, a.Name),
		Digest:      hex.EncodeToString(sum[:]),
		Optional:    append([]string{}, outline.Optional(list)...),
		Reaching:    append([]outline.Leaf{}, outline.Reaching(list)...),
	}
	v.command = a.place.Guide().Command("approve", a.Name) + " --digest " + v.Digest
	if a.copy != nil && a.copy.Err == nil {
		before := a.copy.Data.Reveal()
		v.again, v.unchanged, v.Changes = true, before == text, outline.Changes(before, text)
	}
	return v, nil
}

func (v approveView) text(s *terminal.Screen) {
	v.explainView.text(s)
	s.Line("")
	s.Line("%s", s.Paint(terminal.Strong, "To decide"))
	var fields []explain.Field
	for _, l := range v.Reaching {
		fields = append(fields, explain.Field{Name: l.Path, Value: l.Value})
	}
	s.Paragraph("  ", "Sent from the day on which the credential has them: "+listed(v.Optional, "none")+".")
	if len(fields) == 0 {
		s.Paragraph("  ", "The config names nothing that reaches the record or a probe but what OAuth itself does.")
	} else {
		s.Paragraph("  ", "What reaches the record, later requests or a probe:")
		showFields(s, fields)
	}
	s.Line("")
	switch {
	case v.unchanged:
		s.Paragraph("", v.Copy+" has these bytes already.")
		return
	case v.again && len(v.Changes) == 0:
		s.Paragraph("", "Against "+v.Copy+" white space changes, and nothing else.")
	case v.again:
		s.Line("%s", s.Paint(terminal.Strong, "Against "+v.Copy))
		for _, c := range v.Changes {
			path := cmp.Or(c.Path, "all of it")
			s.Paragraph("  "+s.Paint(terminal.Bad, "-")+" ", path+": "+cmp.Or(c.Old, "(nothing)"))
			s.Paragraph("  "+s.Paint(terminal.Good, "+")+" ", path+": "+cmp.Or(c.New, "(nothing)"))
		}
	}
	if v.Approved {
		s.Paragraph("", "Approved: "+v.Copy+".")
		return
	}
	s.Paragraph("→ ", "To approve these bytes, as the owner of the credential:", v.command)
}
