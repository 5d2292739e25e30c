package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"example.com/tokenkeeper/cmd/tokenkeeper/internal/localstore"
	"example.com/tokenkeeper/cmd/tokenkeeper/internal/place"
	"example.com/tokenkeeper/cmd/tokenkeeper/internal/status"
	"example.com/tokenkeeper/cmd/tokenkeeper/internal/terminal"
	"example.com/tokenkeeper/internal/refresh"
)

// refreshFlags are those of refresh.
type refreshFlags struct {
	placeFlags
	work  workFlags
	force bool
}

func (c *cli) refresh() *cobra.Command {
	var f refreshFlags
	cmd := &cobra.Command{
		Use:   "refresh NAME...",
		Short: "Look at providers now, and not at the next tick",
		Long: `Look at providers now: each of them whose token is due is asked for a new one.
With --force they are asked due or not, and whatever failed before; a pause and
the quotas still hold.

On AWS the function does it: it is invoked, and waited for, also while it is
busy. In a folder the process does it that runs there, or else this one.`,
		Example: `  tokenkeeper refresh meitner
  tokenkeeper refresh meitner educloud --force
  tokenkeeper refresh meitner --dir DIR`,
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) == 0 {
				return instead(errors.New("refresh takes the names of providers"), "write:", cmd.UseLine())
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, names []string) error {
			job := refresh.Job{Only: names, Force: f.force}
			if f.dir != "" {
				return c.refreshFolder(cmd, f, job)
			}
			return c.refreshAWS(cmd.Context(), f, job)
		},
	}
	f.placeFlags.register(cmd)
	f.work.registerRest(cmd)
	cmd.Flags().BoolVar(&f.force, "force", false, "ask for new tokens, due or not")
	return cmd
}

// refreshFolder does the job here.
func (c *cli) refreshFolder(cmd *cobra.Command, f refreshFlags, job refresh.Job) error {
	if f.aws != (awsFlags{}) {
		return errTwoPlaces
	}
	f.work.dir = f.dir
	w, err := c.openWork(cmd, f.work)
	if errors.As(err, new(*localstore.LockedError)) {
		return c.refreshBeside(cmd, f, job)
	}
	if err != nil {
		return err
	}
	defer w.close()
	if err := c.known(cmd.Context(), w.folder, job.Only); err != nil {
		return err
	}
	stop := terminal.Working(c.stderr, "asking "+strings.Join(job.Only, ", "))
	report, err := w.runner.Run(cmd.Context(), job)
	stop()
	report.Log(cmd.Context(), w.log)
	if err := said(err, report); err != nil && !errors.As(err, new(outcome)) {
		return err
	}
	return c.refreshed(cmd.Context(), w.folder, w.runner.Schedule, job, report.Summary(), nil)
}

// refreshBeside has the process do it that runs there.
func (c *cli) refreshBeside(cmd *cobra.Command, f refreshFlags, job refresh.Job) error {
	folder, err := openFolder(f.dir)
	if err != nil {
		return err
	}
	defer folder.Close()
	if err := c.known(cmd.Context(), folder, job.Only); err != nil {
		return err
	}
	summary, err := request(cmd.Context(), folder, job)
	if errors.Is(err, errFree) {
		_ = folder.Close()
		return c.refreshFolder(cmd, f, job)
	}
	if err != nil {
		return err
	}
	schedule, err := f.work.over(folder.Schedule(), cmd)
	if err != nil {
		return err
	}
	return c.refreshed(cmd.Context(), folder, schedule, job, summary, nil)
}

// refreshAWS has the function do it.
func (c *cli) refreshAWS(ctx context.Context, f refreshFlags, job refresh.Job) error {
	a, err := f.aws.open(ctx, c)
	if err != nil {
		return orFolder(err)
	}
	if err := c.known(ctx, a, job.Only); err != nil {
		return err
	}
	stop := terminal.Working(c.stderr, "the function asks "+strings.Join(job.Only, ", "))
	answer, err := a.Invoke(ctx, job, func(wait time.Duration) {
		terminal.New(c.stderr, c.getenv).Line("the function is busy; it is asked again in %s", terminal.Span(wait))
	})
	stop()
	var failed *place.FunctionError
	if err != nil && !errors.As(err, &failed) {
		if errors.Is(err, place.ErrNoFunction) {
			return instead(err, "give --stack or --function, and --region if it is another", "")
		}
		return err
	}
	var v refresh.Summary
	if failed == nil && json.Unmarshal(answer, &v) != nil {
		return fmt.Errorf("the function answered something else than a report: is %s tokenkeeper's?", a.Function)
	}
	return c.refreshed(ctx, a, a.Schedule(), job, v, failed)
}

// refreshed shows what came of a job, and the state after it.
func (c *cli) refreshed(ctx context.Context, p place.Place, s refresh.Schedule, job refresh.Job, run refresh.Summary, failed *place.FunctionError) error {
	stands, err := look(ctx, status.Lookout{Place: p, Parser: c.parser(true), Schedule: s, Now: c.now()}, job.Only)
	if err != nil {
		return err
	}
	v := refreshView{Results: run.Providers, Status: stands}
	if failed != nil {
		v.Failed = strings.Split(failed.Message, "\n")
	}
	if err := c.show(v); err != nil {
		return err
	}
	failing := func(r refresh.ProviderSummary) bool { return r.Outcome == refresh.Failed }
	if err := verdict(stands); err != nil {
		return err
	}
	if failed != nil || slices.ContainsFunc(run.Providers, failing) {
		return errAttention
	}
	return nil
}

// A refreshView is what refresh shows.
type refreshView struct {
	// Results are what was done; empty where the function failed.
	Results []refresh.ProviderSummary `json:"results,omitempty"`
	// Failed is what the function says of a failure.
	Failed []string      `json:"failed,omitempty"`
	Status status.Report `json:"status"`
}

func (v refreshView) text(s *terminal.Screen) {
	for _, r := range v.Results {
		s.Paragraph("", sentence(r))
	}
	for _, line := range v.Failed {
		if v.Status.Failing { // which says below what to do
			line, _, _ = strings.Cut(line, " What to do: ")
		}
		s.Paragraph(s.Paint(terminal.Bad, "✗")+" ", line)
	}
	if v.Status.Failing {
		s.Line("")
		statusView{Report: v.Status}.text(s)
	}
}

// sentence says what was done for one provider.
func sentence(r refresh.ProviderSummary) string {
	switch r.Outcome {
	case refresh.Refreshed, refresh.Finished, refresh.Adopted:
		if r.ExpiresAt.IsZero() {
			return fmt.Sprintf("%s: %s.", r.Provider, r.Outcome)
		}
		return fmt.Sprintf("%s: %s; its token lives until %s UTC.", r.Provider, r.Outcome, r.ExpiresAt.UTC().Format(time.DateTime))
	case refresh.Same:
		return r.Provider + ": the provider answered the same token again."
	case refresh.Failed:
		return fmt.Sprintf("%s: failed (%s, %s).", r.Provider, r.Code, r.Class)
	case refresh.Skipped:
		return r.Provider + ": there was no time left for it in this run."
	}
	switch {
	case r.Reason == refresh.Fresh:
		return r.Provider + ": its token is not due; --force asks for another all the same."
	case r.Reason == refresh.CoolingDown && r.Next.IsZero():
		return fmt.Sprintf("%s: not asked: its last attempt failed (%s). --force asks all the same.", r.Provider, r.Code)
	case r.Reason == refresh.CoolingDown:
		return fmt.Sprintf("%s: not asked: its last attempt failed (%s), and the next is at %s UTC. --force asks all the same.",
			r.Provider, r.Code, r.Next.UTC().Format(time.DateTime))
	}
	return fmt.Sprintf("%s: not asked (%s).", r.Provider, r.Reason)
}
