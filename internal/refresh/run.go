package refresh

import (
	"context"
	"errors"
	"time"
)

// Run deals with every provider that is due, and with all of them before it returns.
// The report is never nil. The error is what an operator must hear of: that the run
// could not begin, a [*ListingError], or which of the providers that it asked failed.
func (r *Runner) Run(ctx context.Context, job Job) (*Report, error) {
	now := time.Now
	if r.Now != nil {
		now = r.Now
	}
	reading, stop := context.WithCancel(ctx)
	run := &run{Runner: r, job: job, now: now().UTC(), began: time.Now(), kept: r.remember(),
		pace: newPace(ctx, r.Store.Limits().Saves)}
	run.readings = batch{ctx: reading, call: r.Source.Latest, patience: mostWanted * run.pace.apart}
	defer func() {
		stop()
		run.readings.wg.Wait()
	}()

	report := &Report{At: run.now, remedies: remedies(r.Flags)}
	err := r.Schedule.Check()
	if err == nil && len(job.Only) > 0 {
		err = run.loadNamed(ctx)
	}
	if err == nil {
		err = run.all(ctx, report)
		for i, res := range report.Results {
			report.Results[i].Err = report.remedies.completed(res.Provider, res.Err)
			for j, w := range res.Warnings {
				res.Warnings[j] = report.remedies.complete(res.Provider, w)
			}
		}
		err = errors.Join(err, report.Err())
	}
	r.memory.Store(run.kept)
	report.Took = time.Since(run.began)
	return report, err
}
