package refresh

import (
	"context"
	"fmt"
	"log/slog"
	"strings"
	"time"
)

// A Summary is a report for programs: what an invocation answers, and a run prints as JSON. All its
// words are ours, but for a member of an answer that a remedy names, escaped and redacted. Fields
// may be added.
type Summary struct {
	At time.Time `json:"at"`
	// Counts is how many providers had which outcome, where they are not all named.
	Counts map[Outcome]int `json:"counts,omitempty"`
	// Providers has every provider if there are at most 100; of more, the first 100 that failed.
	Providers []ProviderSummary `json:"providers"`
	// Orphans has at most 100 names.
	Orphans []string `json:"orphans,omitempty"`

	Changes
}

// mostNames is how many providers of a kind a [Summary] names: the answer of an invocation may have
// 256 KB.
const mostNames = 100

// A ProviderSummary is one [Result] of a [Summary]. Class and Code are empty where nothing
// fails; times that are not known are left out.
type ProviderSummary struct {
	Provider  string    `json:"provider"`
	Outcome   Outcome   `json:"outcome"`
	Reason    Reason    `json:"reason,omitempty"`
	Class     Class     `json:"class,omitempty"`
	Code      string    `json:"code,omitempty"`
	Next      time.Time `json:"next,omitzero"`
	ExpiresAt time.Time `json:"expires_at,omitzero"`
}

// Summary returns r for programs.
func (r *Report) Summary() Summary {
	s := Summary{
		At:        r.At.Truncate(time.Second),
		Providers: []ProviderSummary{},
		Orphans:   r.Orphans[:min(len(r.Orphans), mostNames)],
		Changes:   changes(r.Results),
	}
	if len(r.Results) > mostNames {
		s.Counts = make(map[Outcome]int)
	}
	for _, res := range r.Results {
		if s.Counts != nil {
			s.Counts[res.Outcome]++
			if res.Outcome != Failed || len(s.Providers) == mostNames {
				continue
			}
		}
		p := ProviderSummary{Provider: res.Provider, Outcome: res.Outcome, Reason: res.Reason,
			Class: res.Class(), Code: res.Note.Code, Next: res.Next, ExpiresAt: res.State.ExpiresAt()}
		if res.Err != nil {
			p.Code = res.Err.Code
		}
		s.Providers = append(s.Providers, p)
	}
	return s
}

// A FailureNews is a failure that no run has reported before.
type FailureNews struct {
	Provider string `json:"provider"`
	Class    Class  `json:"class"`
	Code     string `json:"code"`
	Remedy   string `json:"remedy,omitempty"`
}

// A RecoveryNews is the end of a failure.
type RecoveryNews struct {
	Provider string `json:"provider"`
	Was      string `json:"was"` // its code
}

// A Changes is what a run reports that no run has reported before.
type Changes struct {
	// News has "failing" where a provider fails that did not before, and "recovered" where one no
	// longer does; without either nothing is new.
	News []string `json:"news,omitempty"`
	// Failing and Recovered name the providers, at most 100 each, and Text says it to people,
	// a line for each.
	Failing   []FailureNews  `json:"failing,omitempty"`
	Recovered []RecoveryNews `json:"recovered,omitempty"`
	Text      string         `json:"text,omitempty"`
}

// changes returns what is new. Of an error it has the remedy, in which nothing is foreign.
func changes(results []Result) (c Changes) {
	var lines []string
	more := 0
	for _, res := range results {
		switch {
		case res.Outcome == Failed && res.Notice && len(c.Failing) < mostNames:
			n := FailureNews{res.Provider, res.Class(), res.Err.Code, res.Err.Remedy}
			if ps := res.Err.problems(); n.Remedy == "" && len(ps) > 0 {
				n.Remedy = ps[0].Remedy
			}
			c.Failing = append(c.Failing, n)
			line := fmt.Sprintf("%s fails: %s (%s).", n.Provider, n.Code, n.Class)
			if n.Remedy != "" {
				line += " What to do: " + n.Remedy
			}
			lines = append(lines, line)
		case res.Recovered && len(c.Recovered) < mostNames:
			n := RecoveryNews{res.Provider, res.Was.Code}
			c.Recovered = append(c.Recovered, n)
			lines = append(lines, fmt.Sprintf("%s has recovered from %s.", n.Provider, n.Was))
		case res.Outcome == Failed && res.Notice || res.Recovered:
			more++
		}
	}
	if len(c.Failing) > 0 {
		c.News = append(c.News, "failing")
	}
	if len(c.Recovered) > 0 {
		c.News = append(c.News, "recovered")
	}
	if more > 0 {
		lines = append(lines, fmt.Sprintf("And %d more.", more))
	}
	c.Text = strings.Join(lines, "\n")
	return c
}

// Log writes a line for each provider that something happened to, and one for all that were
// skipped, under the name of the longest due.
func (r *Report) Log(ctx context.Context, log *slog.Logger) {
	for _, res := range r.Results {
		log := log.With("provider", res.Provider)
		for _, w := range res.Warnings {
			log.WarnContext(ctx, w, "event", "provider_warning")
		}
		if res.Recovered {
			log.InfoContext(ctx, "provider recovered", "event", "provider_recovered",
				"was", res.Was.Code, "since", rfc3339(res.Was.Since))
		}
		if res.Outcome != Skipped {
			res.log(ctx, log)
		}
	}
	for _, e := range r.Edits {
		log.WarnContext(ctx, "an edit is not approved; the approved copy is in effect", "event", "edit_not_approved", "provider", e.Provider,
			"where", e.Where, "approved", e.Approved, "remedy", r.remedies.complete(e.Provider, "its credential's owner looks at it and runs 'tokenkeeper approve "+e.Provider+"', or it is taken back"))
	}
	if res, ok := r.latest(); ok {
		attrs := []any{"event", "provider_skipped", "provider", res.Provider,
			"skipped", r.Count(Skipped), "lateness", r.Lateness().Truncate(time.Second).String(), "reason", string(res.Reason)}
		if at := rfc3339(res.State.ExpiresAt()); at != "" {
			attrs = append(attrs, "expires_at", at)
		}
		attrs = append(attrs, "remedy", "if it lasts, more is due than can be stored in the time of a run: see docs/scale.md")
		log.WarnContext(ctx, "no time left in this run", attrs...)
	}
	for _, name := range r.Orphans {
		log.DebugContext(ctx, "a token without a config; it is left alone", "event", "token_orphaned", "provider", name)
	}
}

func (r Result) log(ctx context.Context, log *slog.Logger) {
	level, msg, event := r.line()
	attrs := []any{"event", event}
	add := func(key, value string) {
		if value != "" {
			attrs = append(attrs, key, value)
		}
	}
	add("reason", string(r.Reason))
	if r.Err != nil {
		add("class", string(r.Class()))
		add("code", r.Err.Code)
	}
	add("expires_at", rfc3339(r.State.ExpiresAt()))
	add("next", rfc3339(r.Next))
	add("stack", r.Stack)

	if r.Err == nil {
		log.Log(ctx, level, msg, attrs...)
		return
	}
	if ps := r.Err.problems(); len(ps) > 0 {
		// The first says enough to begin; 'tokenkeeper check' says all.
		attrs = append(attrs, "problems", len(ps))
		add("where", ps[0].Where)
		add("path", ps[0].Path)
		add("value", ps[0].Value)
		add("error", ps[0].Detail)
		add("remedy", ps[0].Remedy)
	} else {
		add("error", r.Err.Detail)
		add("remedy", r.Err.Remedy)
	}
	log.Log(ctx, level, msg, attrs...)
}

// line returns the level, text and event of a result: of each failure there is one error.
func (r Result) line() (slog.Level, string, string) {
	switch r.Outcome {
	case Refreshed:
		return slog.LevelInfo, "token refreshed", "token_refreshed"
	case Adopted:
		return slog.LevelInfo, "token of another run taken over", "token_adopted"
	case Finished:
		return slog.LevelInfo, "token of an interrupted run made current", "token_finished"
	case Same:
		return slog.LevelInfo, "provider answered the same token again", "token_unchanged"
	case Failed:
		if r.Notice {
			return slog.LevelError, "provider failing", "provider_failing"
		}
		return slog.LevelWarn, "provider still failing", "provider_still_failing"
	}
	return slog.LevelDebug, "nothing to do", "provider_waiting"
}

func rfc3339(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format(time.RFC3339)
}
