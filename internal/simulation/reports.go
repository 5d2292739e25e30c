package simulation

import (
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
			if sure && w.reported == is && !w.mended.After(w.noticed) && o.upsets(now.Add(-o.tick)) == 0 {
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
		if t := w.current; t != nil && o.upsets(t.issued.Add(-2*o.tick)) == 0 && o.trouble(p, t.issued, now) == 0 {
			o.violated(p.name, "a refresh token may have been spent, though nothing has gone wrong since the last login")
		}
		w.rests = now
	}
	sure := w.doubt == 0
	if certain && !sure {
		w.doubt--
	}
	if note.Class.Failing() || w.reported == (failure{}) || now.Sub(w.failed) < o.tick/2 {
		return
	}
	if sure {
		o.violated(p.name, "the end of a failure (%s) was not reported", w.reported.code)
	}
	w.reported = failure{}
}
