package refresh_test

import (
	"bytes"
	"context"
	"log/slog"
	"strings"
	"testing"
	"time"

	"example.com/tokenkeeper/internal/refresh"
)

// What an operator reads: once that something began to fail, once that it recovered, and
// nothing of those that are well.
func TestLog(t *testing.T) {
	w := newWorld("a", "b")
	logged := func() string {
		var out bytes.Buffer
		log := slog.New(slog.NewTextHandler(&out, &slog.HandlerOptions{ReplaceAttr: func(_ []string, a slog.Attr) slog.Attr {
			if a.Key == slog.TimeKey {
				return slog.Attr{}
			}
			return a
		}}))
		_, report, _ := w.run(refresh.Job{})
		report.Log(context.Background(), log)
		return out.String()
	}
	step := func(name, want string) {
		t.Helper()
		if got := logged(); got != want {
			t.Errorf("%s:\n got %s\nwant %s", name, got, want)
		}
	}
	step("two new tokens", ""+
		`level=INFO msg="token refreshed" provider=a event=token_refreshed reason=no_token expires_at=2026-11-22T13:00:00Z next=`+next("a", noon)+"\n"+
		`level=INFO msg="token refreshed" provider=b event=token_refreshed reason=no_token expires_at=2026-11-22T13:00:00Z next=`+next("b", noon)+"\n")
	step("nothing to do", "")

	w.configs["a"] = "v2"
	w.answer("a", refuse)
	w.now = noon.Add(time.Minute)
	failing := ` provider=a event=provider_failing reason=config_changed class=misconfigured code=invalid_client expires_at=2026-11-22T13:00:00Z next=2026-11-22T12:31:00Z error="https://example.com/token answered 401 invalid_client" remedy="put the right client_secret into the credential"` + "\n"
	step("a refused login", `level=ERROR msg="provider failing"`+failing)
	step("while it cools down", "")
	w.now = noon.Add(31 * time.Minute)
	again := strings.NewReplacer("failing", "still_failing", "12:31", "13:31").Replace(failing)
	step("refused again", `level=WARN msg="provider still failing"`+again)
	w.answer("a", nil)
	w.credentials["a"] = credential{version: "c2"}
	w.now = noon.Add(32 * time.Minute)
	step("mended", ""+
		`level=INFO msg="provider recovered" provider=a event=provider_recovered was=invalid_client since=2026-11-22T12:01:00Z`+"\n"+
		`level=INFO msg="token refreshed" provider=a event=token_refreshed reason=config_changed expires_at=2026-11-22T13:32:00Z next=`+next("a", w.now)+"\n")

	w.configs["b"] = "bad"
	w.now = noon.Add(33 * time.Minute)
	step("a bad config", `level=ERROR msg="provider failing" provider=b event=provider_failing class=misconfigured code=bad_config expires_at=2026-11-22T13:00:00Z next=2026-11-22T13:03:00Z problems=1 where=/providers/b path=token_endpoint error=missing`+"\n")
}

// next returns when the hour's token that provider got at issued is due.
func next(provider string, issued time.Time) string {
	v := refresh.Version{IssuedAt: issued, Lifetime: time.Hour}
	return onAWS(time.Minute).DueAt(provider, v).Format(time.RFC3339)
}

// A warning is logged whatever came of the provider.
func TestWarningsAreLogged(t *testing.T) {
	for _, outcome := range []refresh.Outcome{refresh.Refreshed, refresh.Waiting, refresh.Skipped, refresh.Failed} {
		var out bytes.Buffer
		report := refresh.Report{Results: []refresh.Result{{Provider: "a", Outcome: outcome, Warnings: []string{"first", "second"}}}}
		report.Log(t.Context(), slog.New(slog.NewTextHandler(&out, nil)))
		for _, w := range report.Results[0].Warnings {
			if want := "level=WARN msg=" + w + " provider=a event=provider_warning"; strings.Count(out.String(), want) != 1 {
				t.Errorf("%s: %s is not in\n%s", outcome, want, out.String())
			}
		}
	}
}
