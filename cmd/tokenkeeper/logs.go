package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"example.com/tokenkeeper/cmd/tokenkeeper/internal/place"
	"example.com/tokenkeeper/cmd/tokenkeeper/internal/terminal"
	"example.com/tokenkeeper/internal/secret"
)

func (c *cli) logs() *cobra.Command {
	var f awsFlags
	var since time.Duration
	var follow bool
	cmd := &cobra.Command{
		Use:   "logs [NAME]",
		Short: "Show the log of the function, or what it says of one provider",
		Long: `Show the log of the function: what happened to each provider, what is wrong and
what to do. With a name, only what is said of that provider. With --output json
the lines as they are, one object each.`,
		Example: `  tokenkeeper logs
  tokenkeeper logs meitner --since 24h
  tokenkeeper logs --follow`,
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) <= 1 {
				return nil
			}
			return oneName(cmd, args)
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			if since < 0 {
				return usagef("--since is %v; it cannot be negative", since)
			}
			a, err := f.open(cmd.Context(), c)
			if err != nil {
				return err
			}
			v := &logsView{cli: c, screen: c.screen()}
			if len(args) == 1 {
				if err := c.known(cmd.Context(), a, args); err != nil {
					return err
				}
				v.filter = fmt.Sprintf("{ ($.provider = %q) }", args[0])
			}
			return v.show(cmd.Context(), a, c.now().Add(-since), follow)
		},
	}
	cmd.Flags().DurationVar(&since, "since", time.Hour, "how far back")
	cmd.Flags().BoolVarP(&follow, "follow", "f", false, "go on showing what comes, until SIGINT")
	f.register(cmd)
	noFolder(cmd, errors.New("in a folder 'tokenkeeper run' logs to its standard error"),
		"under systemd:", "journalctl --unit tokenkeeper --since -1h")
	return cmd
}

// A logsView shows lines as they come.
type logsView struct {
	*cli
	screen *terminal.Screen
	filter string

	last  time.Time
	shown int
}

// following is how long to wait before the log is looked at again.
const following = 5 * time.Second

func (v *logsView) show(ctx context.Context, a *place.AWS, since time.Time, follow bool) error {
	for {
		err := a.Log(ctx, since, v.filter, v.line)
		if ctx.Err() != nil && follow {
			return nil
		}
		if err != nil {
			return err
		}
		if !follow {
			break
		}
		if v.last.After(since) {
			since = v.last.Add(time.Millisecond)
		}
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(following):
		}
	}
	if v.shown == 0 && v.output == "text" {
		v.screen.Paragraph("", fmt.Sprintf("Nothing was logged in the last %s.", terminal.Span(v.now().Sub(since))))
	}
	return written(v.screen.Err())
}

func (v *logsView) line(l place.LogLine) error {
	v.last = l.At
	if v.output == "json" {
		_, err := fmt.Fprintln(v.stdout, secret.VisibleBut(strings.ReplaceAll(strings.TrimRight(l.Text, "\r\n"), "\n", " "), "\t"))
		return written(err)
	}
	if line, ok := parseLogLine(l.At, l.Text); ok {
		v.shown++
		line.show(v.screen)
	}
	return written(v.screen.Err())
}
