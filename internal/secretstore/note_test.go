package secretstore_test

import (
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"example.com/tokenkeeper/internal/awscall"
	"example.com/tokenkeeper/internal/awstest"
	"example.com/tokenkeeper/internal/refresh"
	"example.com/tokenkeeper/internal/secretstore"
)

func TestNoteTouchesOneTag(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, awstest.Options{})
		w.seed(at(0), func(s *awstest.Secret) { s.Tags["team"] = "erp"; s.Tags["tokenkeeper:paused"] = "yes" })
		note := refresh.Note{Class: refresh.Transient, Code: strings.Repeat("x", 40), Since: begin(), Last: begin(), Tries: 1 << 30,
			Next: begin(), Config: 0xabcdef, Credential: "1000000.1795352400"}
		if err := w.Note(t.Context(), "meitner", note); err != nil {
			t.Fatal(err)
		}
		s, _ := w.Secret(prefix + "meitner")
		want := map[string]string{"tokenkeeper:owner": stack, "tokenkeeper:paused": "yes", "team": "erp", "tokenkeeper:state": note.String()}
		if diff := cmp.Diff(want, s.Tags); diff != "" {
			t.Errorf("noting (-want +got):\n%s", diff)
		}
		if err := w.Note(t.Context(), "meitner", refresh.Note{}); err != nil {
			t.Fatal(err)
		}
		delete(want, "tokenkeeper:state")
		s, _ = w.Secret(prefix + "meitner")
		if diff := cmp.Diff(want, s.Tags); diff != "" {
			t.Errorf("removing the note (-want +got):\n%s", diff)
		}
		if w.Count() != 2 {
			t.Errorf("calls: %v", actions(w.AWS))
		}
	})
}

func TestNoteFails(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, awstest.Options{})
		w.seed(at(0))
		w.Fail("secretsmanager:*", awstest.Deny())
		for _, n := range []refresh.Note{{Class: refresh.Transient}, {}} {
			var e *refresh.Error
			if err := w.Note(t.Context(), "meitner", n); !errors.As(err, &e) || e.Code != awscall.CodeDenied {
				t.Error(err)
			}
		}
	})
}

func TestHistory(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, awstest.Options{PageSize: 1, EmptyPages: true})
		w.seed("", func(s *awstest.Secret) {
			s.Versions = []awstest.Version{
				{ID: string(handMade), Value: "x", Created: begin().Add(-time.Hour)},
				{ID: string(at(0)), Value: "y", Created: begin(), Labels: []string{"AWSPREVIOUS"}},
				{ID: string(at(60)), Value: "z", Created: begin().Add(time.Minute), Labels: []string{"tokenkeeper-next", "AWSCURRENT"}},
			}
		})
		got, err := w.History(t.Context(), "meitner")
		want := []secretstore.StoredVersion{
			{ID: at(60), StoredAt: begin().Add(time.Minute), Labels: []string{"AWSCURRENT", "tokenkeeper-next"}},
			{ID: at(0), StoredAt: begin(), Labels: []string{"AWSPREVIOUS"}},
			{ID: handMade, StoredAt: begin().Add(-time.Hour)},
		}
		if diff := cmp.Diff(want, got); diff != "" || err != nil {
			t.Errorf("%v (-want +got):\n%s", err, diff)
		}
		if _, err := w.History(t.Context(), "unknown"); !errors.Is(err, refresh.ErrNotFound) {
			t.Errorf("of what is not there: %v", err)
		}
		if _, err := w.History(t.Context(), "a/b"); err == nil {
			t.Error("a name that is none was looked up")
		}
	})
}
