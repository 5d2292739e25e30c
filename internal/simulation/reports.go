package simulation

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"time"

	"example.com/tokenkeeper/internal/refresh"
)

// doubtful is for how many runs after one that failed, was killed or was not alone it is not certain
// what was reported: what no note remembers, only the process knows that has reported it.
const doubtful = 2

// ran judges what a run says of itself: whatever failed is an error of the run; a failure is
// reported once, and so is its end. certain says that no other run was at work, and that all
// that this one noted was noted.
func (o *oracle) ran(report *refresh.Report, err error, certain bool, now time.Time) {
	if failed := report.Count(refresh.Failed); failed > 0 && err == nil {
		o.violated("run", "%d providers failed, and the run says that all is well", failed)
	}
	for _, res := range report.Results {
		w := o.watched[res.Provider]
		if !certain {
			w.doubt = doubtful
		}
		sure := w.doubt == 0
		if res.Class() != "" {
			w.failed = now
		}
		is := failure{res.Class(), res.Note.Code}
		if res.Err != nil {
			is.code = res.Err.Code
		}
		switch {
		case res.Outcome == refresh.Failed && res.Err == nil:
			o.violated(res.Provider, "it failed without an error")
		case res.Outcome == refresh.Failed && res.Notice:
			// With another credential a failure is another, though it looks the same.
			if sure && w.reported == is && !w.mended.After(w.noticed) && after(o.upset, now.Add(-o.tick))+after(w.upset, now.Add(-o.tick)) == 0 {
				o.violated(res.Provider, "a failure is reported as new a second time: %v", res.Err)
			}
			w.reported, w.noticed = is, now
		case res.Recovered:
			if sure && w.reported == (failure{}) {
				o.violated(res.Provider, "the end of a failure is reported that was not reported")
			}
			w.reported = failure{}
		case res.Class() != "" && w.reported == failure{}:
			if sure {
				o.violated(res.Provider, "a failure was never reported: %v, note %q", res.Err, res.Note)
			}
			w.reported = is
		}
	}
}

// A line is one of the log.
type line struct {
	Level, Event, Provider, Class, Code, Was, Remedy string
	ExpiresAt                                        time.Time `json:"expires_at"`
	Next                                             time.Time
}

// said judges what a run logs and answers: that both say the same, and, where that is certain, what
// the providers have answered it.
func (o *oracle) said(report *refresh.Report, answers map[string]string, certain bool) {
	if !slices.ContainsFunc(report.Results, func(r refresh.Result) bool { return r.Outcome != refresh.Waiting || r.Recovered || r.Err != nil }) {
		return // a run with nothing to say
	}
	var text bytes.Buffer
	report.Log(context.Background(), slog.New(slog.NewJSONHandler(&text, nil)))
	became := map[string]line{}
	var logged, summed []string
	for lines := json.NewDecoder(&text); lines.More(); {
		var l line
		if err := lines.Decode(&l); err != nil {
			o.violated("log", "%v", err)
			return
		}
		if strings.Count(l.Remedy, "'tokenkeeper ") != strings.Count(l.Remedy, flags) {
			o.violated(l.Provider, "a command that is not whole: %s", l.Remedy)
		}
		switch w := o.watched[l.Provider]; {
		case l.Event == "provider_recovered":
			logged = append(logged, fmt.Sprintln(l.Provider, "no more", l.Was))
		case l.Event == "edit_not_approved":
			if docs := w.documents(); len(docs) < 2 || docs[0].Data.Reveal() == docs[1].Data.Reveal() {
				o.violated(l.Provider, "an edit is said not to be approved, and there is none")
			}
		case l.Event == "provider_warning":
		case l.Level == "ERROR":
			logged = append(logged, fmt.Sprintln(l.Provider, l.Class, l.Code))
			fallthrough
		default:
			became[l.Provider] = l
		}
	}
	s := report.Summary()
	for _, f := range s.Failing {
		summed = append(summed, fmt.Sprintln(f.Provider, f.Class, f.Code))
	}
	for _, r := range s.Recovered {
		summed = append(summed, fmt.Sprintln(r.Provider, "no more", r.Was))
	}
	slices.Sort(logged)
	slices.Sort(summed)
	failing := 0
	for _, p := range s.Providers {
		if p.Class.Failing() && p.Reason != refresh.Paused {
			failing++
		}
	}
	if !slices.Equal(logged, summed) || len(s.Providers) != len(report.Results) || failing != report.Failing() {
		o.violated("run", "the log has %q, and the summary %q, of %d providers, %d and %d of which fail", logged, summed, len(s.Providers), failing, report.Failing())
	}
	for name, answer := range answers {
		if l := became[name]; certain && !o.expects(o.watched[name], answer, l) {
			o.violated(name, "it answered %q, and the log says %+v", answer, l)
		}
	}
}

// expects reports whether a line of the log may come of an answer.
func (o *oracle) expects(w *watch, answer string, l line) bool {
	failing := l.Event == "provider_failing" && l.Level == "ERROR" || l.Event == "provider_still_failing" && l.Level == "WARN"
	switch answer {
	case aToken:
		earliest, latest := o.ages(w.provider, w.lifetime)
		age := l.Next.Sub(w.current.asked)
		return l.Event == "token_refreshed" && l.ExpiresAt.Sub(w.current.asked.Add(w.lifetime)).Abs() < 12*time.Second &&
			(w.repeats || age > earliest-12*time.Second && age < latest+12*time.Second+w.grace)
	case sameToken:
		// After an edit of the config, or where a clock was wrong, it is stored anew.
		return l.Event == "token_unchanged" || l.Event == "token_refreshed" || failing && l.Code == refresh.CodeSecretInRecord
	}
	return failing && (l.Code == answer || w.rotates && l.Code == refresh.CodeRefreshTokenUnsure)
}

// killed notes that what a run noted was not reported.
func (o *oracle) killed() {
	for _, w := range o.watched {
		w.doubt = doubtful
	}
}

// noted judges what is noted beside a secret after a tick: where there is no failure any more, its
// end was reported.
func (o *oracle) noted(p *provider, note refresh.Note, certain bool, now time.Time) {
	w := o.watched[p.name]
	if note.Unsure != "" { // it rests, also where the run that claimed it died before it sent it
		if t := w.current; t != nil && o.upsets(p, t.issued.Add(-2*o.tick)) == 0 && o.trouble(p, t.issued, now) == 0 {
			o.violated(p.name, "a refresh token may have been spent, though nothing has gone wrong since the last login")
		}
		w.rests = now
	}
	if !certain {
		return // it may not have looked at the provider
	}
	sure := w.doubt == 0
	w.doubt = max(w.doubt-1, 0)
	if note.Class.Failing() || w.reported == (failure{}) || now.Sub(w.failed) < o.tick/2 {
		return
	}
	if sure {
		o.violated(p.name, "the end of a failure (%s) was not reported", w.reported.code)
	}
	w.reported = failure{}
}
