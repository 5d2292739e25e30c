package refresh_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"

	"example.com/tokenkeeper/internal/refresh"
)

// A command in a remedy is whole: its reader in a log pastes it.
func TestCommandsInRemediesAreWhole(t *testing.T) {
	for _, row := range []struct{ flags, remedy, want string }{
		{"--dir d", "put it in with 'tokenkeeper credential put acme'", "put it in with 'tokenkeeper credential put acme --dir d'"},
		{"--dir d", "if it may be replaced, run 'tokenkeeper adopt NAME'; else rename the provider",
			"if it may be replaced, run 'tokenkeeper adopt acme --dir d'; else rename the provider"},
		{"--stack s --region r", "'tokenkeeper refresh-token bind NAME --credential acme', or 'tokenkeeper approve NAME'",
			"'tokenkeeper refresh-token bind acme --credential acme --stack s --region r', or 'tokenkeeper approve acme --stack s --region r'"},
		{"", "run 'tokenkeeper approve NAME'", "run 'tokenkeeper approve acme'"},
		{"--dir d", "look at client_id, 'NAME' and tokenkeeper", "look at client_id, 'NAME' and tokenkeeper"},
	} {
		if got := refresh.CompleteRemedy(row.flags, "acme", row.remedy); got != row.want {
			t.Errorf("%s, want %s", got, row.want)
		}
	}
}

// So is one in a warning.
func TestCommandsInWarningsAreWhole(t *testing.T) {
	w := newWorld("a", "b")
	for _, name := range []string{"a", "b"} {
		w.answer(name, func(context.Context) (refresh.Grant, error) {
			g := w.grant()
			g.Warnings = []string{"look at 'tokenkeeper status NAME'", "nothing to run"}
			return g, nil
		})
	}
	r := w.runner()
	r.Flags = "--dir d"
	report, err := r.Run(t.Context(), refresh.Job{})
	if err != nil {
		t.Fatal(err)
	}
	for _, res := range report.Results {
		if want := []string{"look at 'tokenkeeper status " + res.Provider + " --dir d'", "nothing to run"}; !slices.Equal(res.Warnings, want) {
			t.Errorf("%s: %q, want %q", res.Provider, res.Warnings, want)
		}
	}
}

// So is that of a secret which is not touched.
func TestCommandsForSecretsAreWhole(t *testing.T) {
	w := newWorld("a")
	w.run(refresh.Job{})
	w.secrets["a"].state.Owned = false
	r := w.runner()
	r.Flags = "--dir d"
	report, _ := r.Run(t.Context(), refresh.Job{})
	if e := report.Results[0].Err; codeOf(e) != string(refresh.NotOurs) || !strings.Contains(e.Remedy, "'tokenkeeper adopt a --dir d'") {
		t.Errorf("%v", e)
	}
}

// So is each in the problems of a config, and what others hold of them stays as it is.
func TestCommandsInProblemsAreWhole(t *testing.T) {
	w := newWorld("a")
	r := w.runner()
	r.Flags = "--dir d"
	found := refresh.Problems{{Where: "/a", Detail: "x", Remedy: "see 'tokenkeeper check NAME'"}, {Where: "/a", Detail: "y", Remedy: "run 'tokenkeeper approve NAME'"}}
	r.Parser = finding{parser{w}, found}
	report, _ := r.Run(t.Context(), refresh.Job{})
	ps, _ := errors.AsType[refresh.Problems](report.Results[0].Err)
	if len(ps) != 2 || ps[0].Remedy != "see 'tokenkeeper check a --dir d'" || ps[1].Remedy != "run 'tokenkeeper approve a --dir d'" {
		t.Errorf("%q", ps)
	}
	if found[0].Remedy != "see 'tokenkeeper check NAME'" {
		t.Errorf("the problems of the parser have become %q", found)
	}
}

// A finding parser finds every config wrong.
type finding struct {
	parser
	problems refresh.Problems
}

func (f finding) Provider(refresh.Document) (refresh.Provider, error) {
	return refresh.Provider{}, f.problems
}
