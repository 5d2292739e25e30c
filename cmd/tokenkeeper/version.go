package main

import (
	"cmp"
	"context"
	"fmt"
	"runtime"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"example.com/tokenkeeper/cmd/internal/version"
	"example.com/tokenkeeper/cmd/tokenkeeper/internal/status"
	"example.com/tokenkeeper/cmd/tokenkeeper/internal/terminal"
)

func (c *cli) version() *cobra.Command {
	var where placeFlags
	var deployed bool
	cmd := &cobra.Command{
		Use:   "version",
		Short: "Say what was built, and what is deployed",
		Long: `Say which version this is, which commit it was built from, and by which Go; with
--deployed also which version the last run was of, and whether the two fit.

A stack's output Version says which release its template is from.`,
		Example: `  tokenkeeper version --output json
  tokenkeeper version --deployed`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			v := built()
			if !deployed && where == (placeFlags{}) {
				return c.show(v)
			}
			d, err := c.deployed(cmd.Context(), where)
			if err != nil {
				return err
			}
			v.Deployed = &d
			if err := c.show(v); err != nil {
				return err
			}
			return d.verdict()
		},
	}
	cmd.Flags().BoolVar(&deployed, "deployed", false, "look at the last run as well; implied by the flags that say where")
	where.register(cmd)
	return cmd
}

type versionView struct {
	Version  string    `json:"version"`
	Revision string    `json:"revision,omitempty"`
	Time     string    `json:"time,omitempty"`
	Modified bool      `json:"modified,omitempty"`
	Go       string    `json:"go"`
	Platform string    `json:"platform"`
	Deployed *deployed `json:"deployed,omitempty"`
}

// built returns what the Go command and the linker recorded in the binary.
func built() versionView {
	b := version.Read()
	return versionView{Version: b.Version, Revision: b.Revision, Time: b.Time, Modified: b.Modified,
		Go: runtime.Version(), Platform: runtime.GOOS + "/" + runtime.GOARCH}
}

// deployed is what the last run was, and whether this command fits it.
type deployed struct {
	Version string    `json:"version,omitempty"`
	By      string    `json:"by,omitempty"`
	LastRun time.Time `json:"last_run,omitzero"`
	Fit     fit       `json:"fit"`
	// Wrong, Remedy and Command are those of the keeper, where nothing is known of a run.
	Wrong   string `json:"wrong,omitempty"`
	Remedy  string `json:"remedy,omitempty"`
	Command string `json:"command,omitempty"`

	asOf time.Time
}

func (c *cli) deployed(ctx context.Context, where placeFlags) (deployed, error) {
	p, err := where.open(ctx, c)
	if err != nil {
		return deployed{}, err
	}
	defer p.Close()
	now := c.now()
	last, err := p.LastRun(ctx)
	k := status.JudgeKeeper(last, err, p.Schedule(), p.Guide(), now)
	d := deployed{Version: k.Version, By: k.By, LastRun: k.LastRun, Fit: fitting(version.Read().Version, k.Version), asOf: now}
	if k.Version == "" {
		d.Wrong, d.Remedy, d.Command = cmp.Or(k.Wrong, "The last run did not say its version."), k.Remedy, k.Command
	}
	return d, nil
}

func (d deployed) verdict() error {
	switch d.Fit {
	case fitSame:
		return nil
	case fitUnknown:
		return errUnknown
	}
	return errAttention
}

// A fit says how the version of this command is to that of the last run.
type fit string

const (
	fitSame    fit = "same"
	fitOlder   fit = "command_older"
	fitNewer   fit = "command_newer"
	fitDiffers fit = "differs" // one of them is no release, so that neither is known to be older
	fitUnknown fit = "not_known"
)

// unrecorded is the version of a program that was built with none.
const unrecorded = "(devel)"

// fitting compares versions. Only those of releases have an order.
func fitting(command, run string) fit {
	if run == "" || command == unrecorded && run == unrecorded {
		return fitUnknown
	}
	if command == run {
		return fitSame
	}
	ours, ok := release(command)
	theirs, also := release(run)
	if !ok || !also {
		return fitDiffers
	}
	switch slices.Compare(ours[:], theirs[:]) {
	case -1:
		return fitOlder
	case 1:
		return fitNewer
	}
	return fitSame
}

// release reads the version of a release, such as 0.1.0 or v0.1.0.
func release(text string) (v [3]int, ok bool) {
	for _, format := range []string{"v%d.%d.%d", "%d.%d.%d"} {
		// #nosec G602 -- v has three elements
		if n, _ := fmt.Sscanf(text, format, &v[0], &v[1], &v[2]); n == 3 && (fmt.Sprintf(format, v[0], v[1], v[2]) == text) {
			return v, true
		}
	}
	return v, false
}

func (v versionView) text(s *terminal.Screen) {
	s.Line("tokenkeeper %s, %s, %s", v.Version, v.Go, v.Platform)
	if v.Revision != "" {
		edited := ""
		if v.Modified {
			edited = ", with local edits"
		}
		s.Line("built from %s of %s%s", v.Revision, v.Time, edited)
	}
	if v.Deployed != nil {
		v.Deployed.text(s)
	}
}

func (d deployed) text(s *terminal.Screen) {
	if d.Version == "" {
		s.Paragraph(s.Paint(terminal.Warn, "deployed: ")+"not known. ", d.Wrong)
		if d.Remedy != "" {
			s.Paragraph("  → ", capital(d.Remedy), d.Command)
		}
		return
	}
	at := ""
	if !d.LastRun.IsZero() {
		at = ", last run " + terminal.Span(max(d.asOf.Sub(d.LastRun), 0)) + " ago"
	}
	s.Paragraph("deployed: ", d.Version+", by "+d.By+at)
	switch d.Fit {
	case fitSame:
		s.Line("They fit.")
	case fitOlder:
		s.Paragraph("", "This command is older: it may find fault with a config that the runs understand. Install "+d.Version+".")
	case fitNewer:
		s.Paragraph("", "The runs are of an older version: they may refuse a config that this command finds right. Deploy this one.")
	default:
		s.Paragraph("", "Not both are releases, so it is not known whether they fit.")
	}
}
