package refresh_test

import (
	"context"
	"errors"
	"slices"
	"testing"

	"example.com/tokenkeeper/internal/refresh"
)

// An error says what is wrong and, where there is something to do, what.
func TestErrorText(t *testing.T) {
	for want, e := range map[string]error{
		"it is refused":                    &refresh.Error{Detail: "it is refused"},
		"it is refused; ask its owner":     &refresh.Error{Detail: "it is refused", Remedy: "ask its owner"},
		"/p/a: unknown":                    refresh.Problems{{Where: "/p/a", Detail: "unknown"}},
		"/p/a: scop: unknown; write scope": refresh.Problems{{Where: "/p/a", Path: "scop", Detail: "unknown", Remedy: "write scope"}},
		"/p/a: lead = 5: too little\n/p/a: not JSON": refresh.Problems{{Where: "/p/a", Path: "lead", Value: "5", Detail: "too little"},
			{Where: "/p/a", Detail: "not JSON"}},
	} {
		if e.Error() != want {
			t.Errorf("%q, want %q", e.Error(), want)
		}
	}
}

// Whether a failure counts as ours, so that the provider is not put last, is as its error says, whatever its class.
func TestACredentialThatCannotBeRead(t *testing.T) {
	for _, ours := range []bool{false, true} {
		w := newWorld("a")
		r := w.runner()
		r.Source = brokenCredential{source{w}, &refresh.Error{Class: refresh.Misconfigured, Code: "aws_access_denied", Detail: "denied", Ours: ours}}
		report, _ := r.Run(t.Context(), refresh.Job{})
		if n := report.Results[0].Note; n.Code != "aws_access_denied" || (n.Ours == 1) != ours {
			t.Errorf("ours %t: noted %s", ours, n)
		}
	}
}

// What the source fails with always counts as ours.
func TestASourceThatFails(t *testing.T) {
	w := newWorld("a")
	r := w.runner()
	r.Source = brokenReading{source{w}}
	report, _ := r.Run(t.Context(), refresh.Job{})
	if res := report.Results[0]; res.Note.Code != refresh.CodeSourceFailed || res.Note.Ours != 1 || res.Class() != refresh.Transient || w.logins["a"] != 0 {
		t.Errorf("%+v", res)
	}
}

type brokenReading struct{ source }

func (brokenReading) Latest(_ context.Context, wanted []refresh.Wanted) []refresh.Reading {
	return slices.Repeat([]refresh.Reading{{Err: errors.New("throttled")}}, len(wanted))
}

// A secret in which nothing can be noted is left as it is, whatever is wrong with the config.
func TestWhereNothingCanBeNoted(t *testing.T) {
	for name, spoil := range map[string]func(*refresh.State){
		"another's":     func(st *refresh.State) { st.Owned = false },
		"being deleted": deleting,
		"that takes none": func(st *refresh.State) {
			st.Blocked = &refresh.Error{Class: refresh.Misconfigured, Code: "key_disabled", Detail: "x"}
		},
		"that is not there": nil,
	} {
		w := newWorld("a")
		if spoil != nil {
			w.run(refresh.Job{})
			spoil(&w.secrets["a"].state)
		}
		notes := w.notes
		w.configs["a"] = "bad"
		res, _, err := w.run(refresh.Job{})
		if err == nil || codeOf(res["a"].Err) != refresh.CodeBadConfig || w.notes != notes || (w.secrets["a"] == nil) != (spoil == nil) {
			t.Errorf("a secret %s: %+v, %d notes, %v", name, res["a"], w.notes-notes, err)
		}
	}
}

// A brokenCredential source reads configs, and of each credential that it cannot be read.
type brokenCredential struct {
	source
	err error
}

func (b brokenCredential) Latest(ctx context.Context, wanted []refresh.Wanted) []refresh.Reading {
	readings := b.source.Latest(ctx, wanted)
	for i := range readings {
		readings[i].Credential.Err = b.err
	}
	return readings
}
