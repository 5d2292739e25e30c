package refresh_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"example.com/tokenkeeper/internal/refresh"
)

func fails(name string, notice bool, e *refresh.Error) refresh.Result {
	return refresh.Result{Provider: name, Outcome: refresh.Failed, Notice: notice, Err: e}
}

// What is new is reported once, with what to do and without what a provider said.
func TestNews(t *testing.T) {
	refused := &refresh.Error{Class: refresh.Misconfigured, Code: "invalid_client", Detail: "c4n@ry", Remedy: "look at client_secret"}
	wrong := &refresh.Error{Class: refresh.Misconfigured, Code: refresh.CodeBadConfig, Detail: "c4n@ry",
		Err: refresh.Problems{{Where: "a", Detail: "c4n@ry", Remedy: "did you mean scope?"}}}
	recovered := refresh.Result{Provider: "c", Outcome: refresh.Refreshed, Recovered: true, Was: refresh.Note{Code: "http_503"}}
	for _, row := range []struct {
		name    string
		results []refresh.Result
		news    []string
		text    string
	}{
		{"nothing", []refresh.Result{{Provider: "a", Outcome: refresh.Waiting}, {Provider: "b", Outcome: refresh.Refreshed}}, nil, ""},
		{"a failure that was reported before", []refresh.Result{fails("a", false, refused)}, nil, ""},
		{"a failure", []refresh.Result{fails("a", true, refused)}, []string{"failing"},
			"a fails: invalid_client (misconfigured). What to do: look at client_secret"},
		{"a wrong config", []refresh.Result{fails("a", true, wrong)}, []string{"failing"},
			"a fails: bad_config (misconfigured). What to do: did you mean scope?"},
		{"both", []refresh.Result{fails("a", true, &refresh.Error{Class: refresh.Transient, Code: "timeout"}), recovered}, []string{"failing", "recovered"},
			"a fails: timeout (transient).\nc has recovered from http_503."},
	} {
		s := (&refresh.Report{Results: row.results}).Summary()
		if diff := cmp.Diff([]any{row.news, row.text}, []any{s.News, s.Text}); diff != "" {
			t.Errorf("%s: -want +got:\n%s", row.name, diff)
		}
	}

	var many []refresh.Result
	for i := range 130 {
		many = append(many, fails(fmt.Sprint("p", i), true, refused))
	}
	s := (&refresh.Report{Results: many}).Summary()
	if len(s.Failing) != 100 || !strings.HasSuffix(s.Text, "\nAnd 30 more.") || strings.Contains(s.Text, "c4n@ry") {
		t.Errorf("of 130 that fail %d are named: %s", len(s.Failing), s.Text)
	}
}
