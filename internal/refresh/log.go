package refresh

import (
	"context"
	"log/slog"
	"time"
)

// Log writes a line for each provider that something happened to, and one for all that were
// skipped.
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
	r.logSkipped(ctx, log)
	for _, name := range r.Orphans {
		log.DebugContext(ctx, "a token without a config; it is left alone", "event", "token_orphaned", "provider", name)
	}
}

// logSkipped writes one line for all that were skipped, under the name of the longest due.
func (r *Report) logSkipped(ctx context.Context, log *slog.Logger) {
	res, ok := r.latest()
	if !ok {
		return
	}
	log.WarnContext(ctx, "no time left in this run", "event", "provider_skipped", "provider", res.Provider,
		"skipped", r.Count(Skipped), "lateness", r.Lateness().Truncate(time.Second).String(),
		"reason", string(res.Reason), "expires_at", rfc3339(res.State.ExpiresAt()),
		"remedy", "if it lasts, more is due than can be stored in the time of a run: see docs/scale.md")
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
