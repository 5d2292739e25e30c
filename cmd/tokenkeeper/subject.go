package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"example.com/tokenkeeper/cmd/tokenkeeper/internal/place"
	"example.com/tokenkeeper/cmd/tokenkeeper/internal/status"
	"example.com/tokenkeeper/cmd/tokenkeeper/internal/terminal"
	"example.com/tokenkeeper/internal/refresh"
	"example.com/tokenkeeper/internal/strictjson"
	"example.com/tokenkeeper/internal/tokenendpoint"
)

// A subject is one config that a command is about: that of a provider in a place, or a
// file that need not be in any.
type subject struct {
	refresh.Provider
	endpoint *tokenendpoint.Endpoint
	parser   *tokenendpoint.Parser
	place    place.Place      // nil: it is a file, and no place was named
	schedule refresh.Schedule // the one that it is kept by
}

func (s subject) close() {
	if s.place != nil {
		_ = s.place.Close()
	}
}

// isFile distinguishes a file from the name of a provider, which has neither dots nor slashes.
func isFile(arg string) bool { return arg == "-" || strings.ContainsAny(arg, `./\`) }

// oneSubject takes exactly one argument.
func oneSubject(cmd *cobra.Command, args []string) error {
	if len(args) == 1 {
		return nil
	}
	return instead(fmt.Errorf("%s takes the name of one provider or the file of its config, and got %d", cmd.Name(), len(args)), "write:", cmd.UseLine())
}

// subjectFlags say where a subject is looked for, and by what schedule it is kept.
type subjectFlags struct {
	where placeFlags
	when  scheduleFlags
}

func (f *subjectFlags) register(cmd *cobra.Command) {
	f.where.register(cmd)
	f.when.register(cmd)
}

// A search is what a command needs of its subject.
type search struct {
	arg string // what names it: a provider or a file
	// needsPlace is set where a place is needed also for a file: for the credential.
	needsPlace bool
	// allowLoopback takes token endpoints on this machine for right.
	allowLoopback bool
	// reach says what else can be asked.
	reach reachFlags
}

// subject finds what was searched for, and understands it. What is wrong in the config was
// shown when it returns.
func (c *cli) subject(cmd *cobra.Command, f *subjectFlags, find search) (_ subject, err error) {
	var s subject
	defer func() {
		if err != nil {
			s.close()
		}
	}()
	if isFile(find.arg) && find.arg != "-" { // before AWS is looked for
		if _, err := os.Stat(find.arg); err != nil {
			return s, misuse(err)
		}
	}
	s.schedule = place.Template()
	if !isFile(find.arg) || find.needsPlace || f.where != (placeFlags{}) {
		found, err := f.where.open(cmd.Context(), c)
		if err != nil {
			return s, err
		}
		s.place = found // not before: an error comes with a place that cannot be used
		s.schedule = found.Schedule()
		find.allowLoopback = find.allowLoopback || found.AllowsLoopback()
	}
	reach, err := find.reach.options()
	if err != nil {
		return s, err
	}
	reach.AllowLoopback = find.allowLoopback
	s.parser = c.parserReaching(reach)
	doc, err := s.document(cmd.Context(), c, find.arg)
	if err != nil {
		return s, err
	}
	if s.Provider, err = refresh.Understand(s.parser, doc); err != nil {
		return s, c.wrong(status.Problems(doc.Where, err), unsent)
	}
	s.endpoint = s.Endpoint.(*tokenendpoint.Endpoint) // as our parser makes them
	s.schedule, err = f.when.over(s.schedule, cmd)
	return s, err
}

// unsent is what comes of a subject that something is wrong with.
const unsent = "Nothing was sent."

// document returns the config, not yet understood.
func (s subject) document(ctx context.Context, c *cli, arg string) (doc refresh.Document, err error) {
	if !isFile(arg) {
		configs, err := place.Configs(ctx, s.place)
		if err != nil {
			return doc, err
		}
		configs, err = configsOf(configs, []string{arg})
		if err != nil {
			return doc, nameError(s.place.Guide(), err)
		}
		return configs[0].Document, nil
	}
	doc = refresh.Document{Name: strings.TrimSuffix(filepath.Base(arg), ".json"), Where: arg}
	if refresh.CheckName(doc.Name) != nil {
		doc.Name = "provider" // it has none yet
	}
	if arg == "-" {
		doc.Where = "the standard input"
		doc.Data, err = read(doc.Where, c.stdin)
	} else {
		doc.Data, err = readFile(arg)
	}
	return doc, err
}

// configsOf returns the configs of those names; the error is an [*status.UnknownError].
func configsOf(docs []refresh.Config, names []string) ([]refresh.Config, error) {
	known := make([]string, len(docs))
	for i, d := range docs {
		known[i] = d.Name
	}
	var found []refresh.Config
	for _, name := range names {
		i := slices.Index(known, name)
		if i < 0 {
			return nil, &status.UnknownError{Name: name, Near: strictjson.Nearest(name, known)}
		}
		found = append(found, docs[i])
	}
	return found, nil
}

// credential returns what is logged in with: that of a file, or else that of the place.
func (s subject) credential(ctx context.Context, file string) (refresh.Credential, error) {
	doc := refresh.Document{Name: s.Credential, Where: file}
	var err error
	if file != "" {
		doc.Data, err = readPrivateFile(file)
	} else {
		doc, err = s.place.Credential(ctx, s.Credential)
	}
	switch {
	case errors.Is(err, refresh.ErrNotFound):
		return refresh.Credential{}, instead(fmt.Errorf("%q has no credential", s.Name),
			"put it there: "+s.place.Guide().CredentialPlace(s.Credential)+"; or name a file of mode 0600 with --credential", "")
	case err != nil:
		return refresh.Credential{}, err
	case doc.Err != nil:
		return refresh.Credential{}, status.Problems(doc.Where, doc.Err)
	}
	credential, err := s.parser.Credential(doc)
	if err != nil {
		return credential, status.Problems(doc.Where, err)
	}
	if !credential.Serves(s.Name) {
		return credential, refresh.Problems{{Where: s.Where, Path: "credential", Value: fmt.Sprintf("%q", s.Credential),
			Detail: "is not for this provider", Remedy: fmt.Sprintf(`if it may be used here, its owner adds "providers": [%q] to it`, s.Name)}}
	}
	return credential, nil
}

// wrong shows what is wrong in a document, where that is what err is, and what came of it.
func (c *cli) wrong(err error, outcome string) error {
	var ps refresh.Problems
	if !errors.As(err, &ps) {
		return err
	}
	if err := c.show(wrongView{ps, outcome}); err != nil {
		return err
	}
	return errWrong
}

// A wrongView is what is wrong with a document, and what came of it.
type wrongView struct {
	Problems refresh.Problems `json:"problems"`
	outcome  string
}

func (v wrongView) text(s *terminal.Screen) {
	showProblems(s, v.Problems)
	s.Paragraph("", v.outcome)
}
