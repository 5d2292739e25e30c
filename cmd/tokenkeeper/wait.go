package main

import (
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"example.com/tokenkeeper/cmd/tokenkeeper/internal/place"
	"example.com/tokenkeeper/cmd/tokenkeeper/internal/status"
	"example.com/tokenkeeper/cmd/tokenkeeper/internal/terminal"
	"example.com/tokenkeeper/internal/refresh"
)

func (c *cli) wait() *cobra.Command {
	var timeout time.Duration
	cmd := c.looking(&cobra.Command{
		Use:   "wait NAME...",
		Short: "Wait until providers have a token, for scripts",
		Long: `Wait until each of the providers has a token that applications can use, and show
what is so then. It ends early where waiting will not help, because a person must
act first.`,
		Example: `  tokenkeeper wait meitner
  tokenkeeper wait meitner educloud --timeout 2m --dir DIR`,
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) == 0 {
				return instead(errors.New("wait takes the names of providers"), "write:", cmd.UseLine())
			}
			return nil
		},
	}, func(cmd *cobra.Command, p place.Place, names []string) error {
		if timeout < 0 {
			return usagef("--timeout is %v; it cannot be negative", timeout)
		}
		ctx, cancel := context.WithTimeout(cmd.Context(), timeout)
		defer cancel()
		stop := terminal.Working(c.stderr, "waiting for "+strings.Join(names, ", "))
		report, err := awaited(ctx, func() (status.Report, error) {
			return look(cmd.Context(), status.Lookout{Place: p, Parser: c.parser(true), Schedule: p.Schedule(), Now: c.now()}, names)
		})
		stop()
		if err != nil {
			return err
		}
		if err := c.show(statusView{Report: report}); err != nil {
			return err
		}
		if !report.Served {
			return errNotServed
		}
		return nil
	})
	cmd.Flags().DurationVar(&timeout, "timeout", 5*time.Minute, "how long to wait at most")
	return cmd
}

// waiting is how often it is looked whether there is a token.
const waiting = 2 * time.Second

// awaited looks until all are served, until waiting will not help, or until ctx ends, and
// returns what was seen last.
func awaited(ctx context.Context, look func() (status.Report, error)) (status.Report, error) {
	for {
		report, err := look()
		if err != nil || report.Served || hopeless(report) {
			return report, err
		}
		select {
		case <-ctx.Done():
			return report, nil
		case <-time.After(waiting):
		}
	}
}

// farOff is for an attempt that is not worth waiting for.
const farOff = 10 * time.Minute

// hopeless reports whether a provider has no token until a person acts. What failed without an
// attempt, such as a secret that is being deleted, does not pass by itself.
func hopeless(r status.Report) bool {
	return slices.ContainsFunc(r.Lines, func(l status.Line) bool {
		later := l.Next.IsZero() || l.Since.IsZero() || l.Next.Sub(r.AsOf) > farOff
		return !l.Served && (l.State == status.Paused || l.Class.Failing() && l.Class != refresh.Transient && later)
	})
}
