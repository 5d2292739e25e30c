package simulation

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
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

// An outcome is what a run says of one provider.
type outcome struct {
	p *watch
	refresh.Result
	Is, Reported failure
	sure         bool // what was reported until now is certain
}

func (u outcome) broken(o *oracle) string {
	failed := u.Outcome == refresh.Failed
	var problems refresh.Problems
	switch {
	case failed && u.Err == nil:
		return "a provider fails with an error"
	case failed && !strings.Contains(u.Err.Error(), u.Err.Remedy), u.Err != nil && errors.As(u.Err, &problems) && !strings.Contains(problems.Error(), problems[0].Remedy):
		return "an error says what to do"
	case failed && u.Class() == refresh.NeedsPerson && len(u.p.streak.at) < 2 && u.p.current != nil && u.p.rests.Before(u.p.current.issued) &&
		o.calm(u.p, time.Now().Add(-2*o.schedule.Tick)):
		return "a person is called once a refresh token was rejected twice"
	case !u.sure:
	case failed && u.Notice && u.Reported == u.Is && o.calm(u.p, time.Now().Add(-o.schedule.Tick)):
		return "a failure is reported once"
	case u.Recovered && u.Reported == failure{}:
		return "no end is reported of a failure that was not"
	case u.Class() != "" && !u.Notice && !u.Recovered && u.Reported == failure{}:
		return "each failure is reported"
	}
	return ""
}

// ran judges what a run says of itself: whatever failed is an error of the run; a failure is
// reported once, and so is its end; and the log and the summary say the same.
func (o *oracle) ran(r round, job refresh.Job, report *refresh.Report, err error) {
	if failed := report.Count(refresh.Failed); failed > 0 && err == nil {
		o.violated("%d providers failed, and the run says that all is well", failed)
	}
	if len(report.Results) == 0 && err == nil && !job.Edited { // what was edited may have been removed since
		o.violated("a run found nothing, and says that all is well")
	}
	quiet := true
	for _, res := range report.Results {
		p := o.watched[res.Provider]
		if !r.Alone {
			p.doubt = doubtful
		}
		u := outcome{p, res, failure{res.Class(), res.Note.Code}, p.reported, p.doubt == 0}
		if res.Err != nil {
			u.Is.code = res.Err.Code
		}
		o.judge(p, u)
		p.failing = res.Class() != ""
		switch {
		case res.Notice, p.failing && p.reported == failure{} && !res.Recovered:
			p.reported = u.Is
		case res.Recovered:
			p.reported = failure{}
		}
		quiet = quiet && res.Outcome == refresh.Waiting && !res.Recovered && res.Err == nil
	}
	if !quiet {
		o.said(r, report)
	}
}

// A line is one of the log.
type line struct {
	Level, Event, Provider, Class, Code, Was, Reason, Remedy, Stack, Lateness string
	ExpiresAt                                                                 time.Time `json:"expires_at"`
	Next                                                                      time.Time
	Skipped                                                                   int
}

// said judges what a run logs and answers: that both say the same, and, where that is certain, what
// the providers have answered it.
func (o *oracle) said(r round, report *refresh.Report) {
	var text bytes.Buffer
	report.Log(context.Background(), slog.New(slog.NewJSONHandler(&text, nil)))
	became, foreign := map[string]line{}, 0
	var logged []string
	for lines := json.NewDecoder(&text); lines.More(); {
		var l line
		if err := lines.Decode(&l); err != nil {
			o.violated("a line of the log: %v", err)
			return
		}
		p := o.watched[l.Provider]
		edit := l.Level == "ERROR" && l.Class != string(refresh.Transient)
		switch {
		case strings.Count(l.Remedy, "'tokenkeeper ") != strings.Count(l.Remedy, flags):
			o.violated("a command that is not whole: %+v", l)
		case edit && l.Remedy == "":
			o.violated("it is not said what to edit: %+v", l)
		case l.Code == refresh.CodeSecretInRecord && strings.Contains(l.Remedy, "public") != (p.secretName() == "account"):
			o.violated("%s is not what to make public: %+v", p.secretName(), l)
		case (l.Code == refresh.CodeInternal) != strings.Contains(l.Stack, "Grant"):
			o.violated("a panic has a stack, and nothing else: %+v", l)
		}
		if l.Reason == string(refresh.ForeignVersion) && l.Event != "provider_skipped" {
			foreign++
		}
		switch {
		case l.Event == "provider_skipped":
			o.late(report, l)
		case l.Event == "provider_recovered":
			logged = append(logged, fmt.Sprintln(l.Provider, "no more", l.Was))
		case l.Event == "edit_not_approved":
			if docs := o.watched[l.Provider].documents(); len(docs) < 2 || docs[0].Data.Reveal() == docs[1].Data.Reveal() {
				o.violated("an edit of %s is said not to be approved, and there is none", l.Provider)
			}
		case l.Event == "provider_warning":
		case l.Level == "ERROR":
			logged = append(logged, fmt.Sprintln(l.Provider, l.Class, l.Code))
			fallthrough
		default:
			became[l.Provider] = l
		}
	}
	if foreign != report.Foreign() {
		o.violated("%d values of others are logged, and %d counted", foreign, report.Foreign())
	}
	o.sums(report, logged)
	for name, answer := range r.Answers {
		if l := became[name]; r.Alone && !o.expects(o.watched[name], answer, l) {
			o.violated("%s answered %q, and the log says %+v", name, answer, l)
		}
	}
}

// sums judges a summary by what was logged.
func (o *oracle) sums(report *refresh.Report, logged []string) {
	sum := report.Summary()
	var summed []string
	for _, f := range sum.Failing {
		summed = append(summed, fmt.Sprintln(f.Provider, f.Class, f.Code))
	}
	for _, r := range sum.Recovered {
		summed = append(summed, fmt.Sprintln(r.Provider, "no more", r.Was))
	}
	failing, named, mostNamed := 0, len(sum.Providers), len(report.Results)
	for _, p := range sum.Providers {
		if p.Class.Failing() && p.Reason != refresh.Paused {
			failing++
		}
	}
	wanted := len(report.Results)
	if wanted > manyProviders { // those that failed are named, and the others counted
		failing, named, mostNamed = report.Failing(), 0, min(report.Count(refresh.Failed), manyProviders)
		for _, n := range sum.Counts {
			named += n
		}
	}
	slices.Sort(logged)
	slices.Sort(summed)
	same := slices.Equal(logged, summed)
	if more := len(logged) - len(summed); max(len(sum.Failing), len(sum.Recovered)) == manyProviders && more > 0 {
		same = strings.HasSuffix(sum.Text, fmt.Sprintf("\nAnd %d more.", more))
	}
	if !same || named != wanted || failing != report.Failing() || len(sum.Providers) != mostNamed {
		o.violated("the log has %q, the report %d failing of %d, and the summary %+v", logged, report.Failing(), wanted, sum)
	}
}

// late judges the line about those that a run had no time for.
func (o *oracle) late(report *refresh.Report, l line) {
	skipped, longest := 0, time.Duration(0)
	for _, res := range report.Results {
		if res.Outcome == refresh.Skipped {
			skipped, longest = skipped+1, max(longest, report.At.Sub(res.DueSince))
		}
	}
	if l.Skipped != skipped || l.Lateness != longest.Truncate(time.Second).String() {
		o.violated("%d were skipped, and the latest was due %v ago: %+v", skipped, longest, l)
	}
}

// expects reports whether a line of the log may come of an answer.
func (o *oracle) expects(p *watch, answer string, l line) bool {
	const slack = 12*time.Second + clockError
	failing := l.Event == "provider_failing" && l.Level == "ERROR" || l.Event == "provider_still_failing" && l.Level == "WARN"
	switch answer {
	case aToken:
		earliest, latest := o.ages(p, p.lifetime)
		age := l.Next.Sub(p.current.asked)
		return l.Event == "token_refreshed" && l.ExpiresAt.Sub(p.current.asked.Add(p.lifetime)).Abs() < slack &&
			(p.repeats || age > earliest-slack && age < latest+slack+p.grace)
	case sameToken:
		// After an edit of the config, or where a clock was wrong, it is stored anew.
		return l.Event == "token_unchanged" || l.Event == "token_refreshed" || failing && l.Code == refresh.CodeSecretInRecord
	}
	return failing && p.mayBe(answer, l.Code)
}
