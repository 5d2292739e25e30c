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

// Each kind of result is a line of its own, with all that is known of it.
func TestLogLines(t *testing.T) {
	expires := left("a", time.Hour)
	for _, row := range []struct {
		res  refresh.Result
		want string
	}{
		{refresh.Result{Outcome: refresh.Waiting, Reason: refresh.Fresh, State: expires, Next: noon.Add(time.Minute)},
			`level=DEBUG msg="nothing to do" provider=a event=provider_waiting reason=fresh expires_at=2026-11-22T13:00:00Z next=2026-11-22T12:01:00Z`},
		{refresh.Result{Outcome: refresh.Adopted, Reason: refresh.NearExpiry, State: expires},
			`level=INFO msg="token of another run taken over" provider=a event=token_adopted reason=near_expiry expires_at=2026-11-22T13:00:00Z`},
		{refresh.Result{Outcome: refresh.Finished, Reason: refresh.Unfinished},
			`level=INFO msg="token of an interrupted run made current" provider=a event=token_finished reason=unfinished`},
		{refresh.Result{Outcome: refresh.Same}, `level=INFO msg="provider answered the same token again" provider=a event=token_unchanged`},
		{refresh.Result{Outcome: refresh.Failed, Notice: true, Stack: "goroutine 1", Err: &refresh.Error{Class: refresh.Transient, Code: "internal_error", Detail: "a panic", Remedy: "report it"}},
			`level=ERROR msg="provider failing" provider=a event=provider_failing class=transient code=internal_error stack="goroutine 1" error="a panic" remedy="report it"`},
		{refresh.Result{Outcome: refresh.Failed, Err: &refresh.Error{Class: refresh.Misconfigured, Code: "bad_config", Err: refresh.Problems{
			{Where: "/a", Path: "lead", Value: "5", Detail: "too little", Remedy: "write 5m"}, {Where: "/a", Detail: "more"}}}},
			`level=WARN msg="provider still failing" provider=a event=provider_still_failing class=misconfigured code=bad_config problems=2 where=/a path=lead value=5 error="too little" remedy="write 5m"`},
		{refresh.Result{Outcome: refresh.Failed, Note: refresh.Note{Class: refresh.NeedsPerson}, Err: &refresh.Error{Class: refresh.Transient, Code: "store_failed", Detail: "full"}},
			`level=WARN msg="provider still failing" provider=a event=provider_still_failing class=needs_person code=store_failed error=full`},
		{refresh.Result{Outcome: refresh.Skipped, Reason: refresh.NearExpiry, DueSince: noon.Add(-90 * time.Second), State: expires},
			`level=WARN msg="no time left in this run" event=provider_skipped provider=a skipped=1 lateness=1m30s reason=near_expiry expires_at=2026-11-22T13:00:00Z remedy="if it lasts, more is due than can be stored in the time of a run: see docs/scale.md"`},
	} {
		row.res.Provider = "a"
		report := refresh.Report{At: noon.Add(700 * time.Millisecond), Results: []refresh.Result{row.res}, Orphans: []string{"o"}}
		var out bytes.Buffer
		report.Log(t.Context(), slog.New(slog.NewTextHandler(&out, &slog.HandlerOptions{Level: slog.LevelDebug})))
		var lines []string
		for line := range strings.Lines(out.String()) {
			_, line, _ = strings.Cut(line, " ") // without the time
			lines = append(lines, strings.TrimSpace(line))
		}
		if len(lines) != 2 || lines[0] != row.want || lines[1] != `level=DEBUG msg="a token without a config; it is left alone" event=token_orphaned provider=o` {
			t.Errorf("got  %q\nwant %q", lines, row.want)
		}
	}
}

// A program that reads the log as JSON finds a time in expires_at, or nothing.
func TestASkippedProviderWithoutAToken(t *testing.T) {
	v := refresh.Version{IssuedAt: noon, Lifetime: time.Hour}
	for current, want := range map[refresh.VersionID]bool{"": false, "by-hand": false, v.ID(): true} {
		var out bytes.Buffer
		report := refresh.Report{At: noon, Results: []refresh.Result{{Provider: "a", Outcome: refresh.Skipped, State: refresh.State{Current: current}}}}
		report.Log(t.Context(), slog.New(slog.NewJSONHandler(&out, nil)))
		if strings.Contains(out.String(), "expires_at") != want {
			t.Errorf("%q: %s", current, out.String())
		}
	}
}
