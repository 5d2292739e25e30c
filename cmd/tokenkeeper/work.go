package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"example.com/tokenkeeper/cmd/tokenkeeper/internal/place"
	"example.com/tokenkeeper/cmd/tokenkeeper/internal/terminal"
	"example.com/tokenkeeper/internal/refresh"
)

// workFlags are those of commands that ask providers from a folder.
type workFlags struct {
	scheduleFlags
	dir           string
	allowLoopback bool
	reach         reachFlags
	log           logFlags
}

func (f *workFlags) register(cmd *cobra.Command) {
	registerDir(cmd, &f.dir)
	f.registerRest(cmd)
}

func (f *workFlags) registerRest(cmd *cobra.Command) {
	f.scheduleFlags.register(cmd)
	cmd.Flags().BoolVar(&f.allowLoopback, "allow-loopback", false, "let token endpoints be on this machine, without TLS: for the simulator")
	f.reach.register(cmd)
	f.log.register(cmd)
}

// A work is what it takes to do the job in a folder, which is locked.
type work struct {
	*cli
	folder place.Folder
	runner *refresh.Runner
	name   string // what does the work
	log    *slog.Logger
}

func (c *cli) openWork(cmd *cobra.Command, f workFlags) (_ *work, err error) {
	w := &work{cli: c, name: cmd.CommandPath()}
	if w.log, err = f.log.logger(c.stderr, c.getenv); err != nil {
		return nil, err
	}
	if w.folder, err = openFolder(f.dir); err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			w.close()
		}
	}()
	schedule, err := f.over(w.folder.Schedule(), cmd)
	if err != nil {
		return nil, err
	}
	// Before anything is made there: it may be the wrong folder.
	if _, err := place.Documents(cmd.Context(), w.folder); err != nil {
		return nil, err
	}
	if err := w.folder.Lock(); err != nil {
		return nil, err
	}
	reach, err := f.reach.options()
	if err != nil {
		return nil, err
	}
	reach.AllowLoopback = f.allowLoopback
	w.runner = &refresh.Runner{
		Source:   w.folder,
		Parser:   c.parserReaching(reach),
		Store:    w.folder,
		Vault:    w.folder.Vault(),
		Schedule: schedule,
		Now:      c.now,
		Flags:    strings.Join(w.folder.Guide().Flags, " "),
	}
	return w, nil
}

func (w *work) close() { _ = w.folder.Close() }

// run does a job, logs it and, for programs, prints what came of it.
func (w *work) run(ctx context.Context, job refresh.Job) (*refresh.Report, error) {
	stop := terminal.Working(w.stderr, "asking providers")
	report, err := w.runner.Run(ctx, job)
	stop()
	w.leave(ctx, report, err)
	report.Log(ctx, w.log)
	logSummary(ctx, w.log, report)
	if err == nil && len(job.Only) == 0 && len(report.Results) == 0 {
		w.log.WarnContext(ctx, "there is "+noConfigIn(w.folder.Guide()), "event", "no_config",
			"remedy", firstConfig(w.folder.Guide())+" tokenkeeper add")
	}
	if w.output == "json" {
		err = errors.Join(err, w.json(report.Summary()))
	}
	return report, err
}

// began says that a process has begun to keep tokens, and how many.
func (w *work) began(ctx context.Context, every time.Duration) {
	configs, err := place.Configs(ctx, w.folder)
	if err != nil {
		return // the first run says so
	}
	w.log.InfoContext(ctx, fmt.Sprintf("keeping the tokens of %s, every %s", plural(len(configs), "provider"), terminal.Exact(every)),
		"event", "keeper_started", "version", built().Version)
}

// leave notes for status that there was a run.
func (w *work) leave(ctx context.Context, r *refresh.Report, err error) {
	by, version, s := w.name, built().Version, w.runner.Schedule
	if errors.As(err, new(*refresh.ListingError)) || err != nil && !errors.As(err, new(*refresh.ProviderError)) {
		err = w.folder.NotBegun(r.At, by, version, s, err)
	} else {
		err = w.folder.Began(r.At, by, version, s)
	}
	if err != nil {
		w.log.WarnContext(ctx, "the last run is not noted, so that status takes it for missing", "event", "last_run_not_noted", "error", err.Error())
	}
}

// logSummary writes one line for the whole run. One that did nothing is not news.
func logSummary(ctx context.Context, log *slog.Logger, r *refresh.Report) {
	level := slog.LevelDebug
	if r.Count(refresh.Waiting) < len(r.Results) {
		level = slog.LevelInfo
	}
	log.Log(ctx, level, "run finished", "event", "run_finished",
		"providers", len(r.Results),
		"refreshed", r.Count(refresh.Refreshed, refresh.Finished),
		"failed", r.Count(refresh.Failed),
		"failing", r.Failing(),
		"skipped", r.Count(refresh.Skipped),
		"orphans", len(r.Orphans),
		"took", fmt.Sprint(r.Took.Round(time.Millisecond)))
}
