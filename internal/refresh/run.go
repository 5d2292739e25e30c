package refresh

import (
	"context"
	"fmt"
	"slices"
	"time"
)

// Run deals with every provider that is due, and with all of them before it returns.
// The report is never nil. The error is what an operator must hear of: that the run
// could not begin, or which of the providers that it asked failed.
func (r *Runner) Run(ctx context.Context, job Job) (*Report, error) {
	now := time.Now
	if r.Now != nil {
		now = r.Now
	}
	run := &run{Runner: r, job: job, now: now().UTC(), began: time.Now(),
		pace: newPace(ctx, r.Store.Limits().Saves)}
	report := &Report{At: run.now, remedies: remedies(r.Flags)}
	err := r.Schedule.Check()
	if err == nil {
		err = run.load(ctx, report)
	}
	if err == nil {
		report.Results = run.all(ctx)
		for i, res := range report.Results {
			report.Results[i].Err = report.remedies.completed(res.Provider, res.Err)
		}
		err = report.err()
	}
	report.Took = time.Since(run.began)
	return report, err
}

// load reads the configs and the states, and notes in the report what belongs to no
// provider. It asks no provider.
func (r *run) load(ctx context.Context, report *Report) error {
	if len(r.job.Only) > 0 {
		return r.loadNamed(ctx)
	}
	configs, _, err := Configs(ctx, r.Source)
	if err != nil {
		return err
	}
	states, err := r.Store.List(ctx)
	if err != nil {
		return fmt.Errorf("listing tokens: %w", err)
	}
	known := make(map[string]State, len(states))
	for _, s := range states {
		known[s.Name] = s
	}
	for _, c := range configs {
		r.tasks = append(r.tasks, newTask(r.Parser, c.Document, known[c.Name]))
		delete(known, c.Name)
	}
	report.Edits = r.reported.news(configs)
	for _, s := range known {
		if s.Owned && !s.Deleting {
			report.Orphans = append(report.Orphans, s.Name)
		}
	}
	slices.Sort(report.Orphans)
	return nil
}
