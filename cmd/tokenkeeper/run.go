package main

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"example.com/tokenkeeper/cmd/tokenkeeper/internal/terminal"
	"example.com/tokenkeeper/internal/refresh"
)

// runFlags are those of run.
type runFlags struct {
	workFlags
	every time.Duration
}

func (c *cli) runCommand() *cobra.Command {
	var f runFlags
	cmd := &cobra.Command{
		Use:   "run --dir DIR",
		Short: "Replace the tokens that are due, once or on a schedule",
		Long: `Do the whole job in a folder: read providers/ and credentials/, ask each
provider whose token is due for a new one, and store it in tokens/. One process
at a time can write there.

Once, it ends when all that was due is done; let cron call it, and give --tick
if that is not every minute. With --every it stays, and runs at each full
interval of the clock; a run that takes longer delays the next one. The first
SIGINT or SIGTERM lets the present run store what it has been given. Meanwhile
'tokenkeeper refresh' has it look at a provider at once.

A line is logged for each provider that something happened to.`,
		Example: `  tokenkeeper run --dir DIR
  tokenkeeper run --dir DIR --every 1m --log json`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if cmd.Flags().Changed("every") && cmd.Flags().Changed("tick") && f.tick != f.every {
				return usagef("--tick is %v and --every %v; give one of them", f.tick, f.every)
			}
			w, err := c.openWork(cmd, f.workFlags)
			if err != nil {
				return err
			}
			defer w.close()
			if f.every == 0 {
				report, err := w.run(cmd.Context(), refresh.Job{})
				return said(err, report)
			}
			w.runner.Schedule.Tick = f.every
			w.name += " --every " + terminal.Exact(f.every)
			if err := w.runner.Schedule.Check(); err != nil {
				return misuse(err)
			}
			w.began(cmd.Context(), f.every)
			defer w.log.InfoContext(cmd.Context(), "stopped; tokens that are there stay until they expire", "event", "keeper_stopped")
			each(cmd.Context(), c.now, f.every, func(ctx context.Context) {
				report, err := w.run(ctx, refresh.Job{})
				if err := said(err, report); err != nil && !errors.As(err, new(outcome)) {
					w.log.ErrorContext(ctx, "the run failed", "event", "run_failed", "error", err.Error())
				}
			}, w.answer)
			return nil
		},
	}
	f.workFlags.register(cmd)
	cmd.Flags().DurationVar(&f.every, "every", 0, "stay, and run at this `interval`")
	return cmd
}

// said returns the outcome of a run in which providers failed, which the log says already,
// and other errors as they are.
func said(err error, r *refresh.Report) error {
	if !errors.As(err, new(*refresh.ProviderError)) {
		return err
	}
	if slices.ContainsFunc(r.Results, func(res refresh.Result) bool {
		return res.Outcome == refresh.Failed && !r.At.Before(res.State.ExpiresAt())
	}) {
		return errNotServed
	}
	return errAttention
}

// listening is how often a process that stays looks for requests.
const listening = time.Second

// each calls run now, and then at every full interval of the clock until ctx ends, and
// meanwhile every second in between. Runs do not overlap: an interval that ends during one is
// passed over.
func each(ctx context.Context, now func() time.Time, interval time.Duration, run, meanwhile func(context.Context)) {
	listen := time.NewTicker(listening)
	defer listen.Stop()
	for ctx.Err() == nil {
		run(ctx)
		at := now()
		tick := time.NewTimer(at.Truncate(interval).Add(interval).Sub(at))
		for due := false; !due && ctx.Err() == nil; {
			select {
			case <-ctx.Done():
			case <-tick.C:
				due = true
			case <-listen.C:
				meanwhile(ctx)
			}
		}
		tick.Stop()
	}
}
