package main

import (
	"runtime"
	"runtime/debug"

	"github.com/spf13/cobra"

	"example.com/tokenkeeper/cmd/tokenkeeper/internal/terminal"
)

func (c *cli) version() *cobra.Command {
	return &cobra.Command{
		Use:     "version",
		Short:   "Say what was built, and from what",
		Long:    "Say which version this is, which commit it was built from, and by which Go.",
		Example: "  tokenkeeper version --output json",
		Args:    noArgs,
		RunE:    func(*cobra.Command, []string) error { return c.show(built()) },
	}
}

type versionView struct {
	Version  string `json:"version"`
	Revision string `json:"revision,omitempty"`
	Time     string `json:"time,omitempty"`
	Modified bool   `json:"modified,omitempty"`
	Go       string `json:"go"`
	Platform string `json:"platform"`
}

// built reads what the Go command noted in the binary.
func built() versionView {
	v := versionView{Version: "unknown", Go: runtime.Version(), Platform: runtime.GOOS + "/" + runtime.GOARCH}
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return v
	}
	v.Version = info.Main.Version
	for _, s := range info.Settings {
		switch s.Key {
		case "vcs.revision":
			v.Revision = s.Value
		case "vcs.time":
			v.Time = s.Value
		case "vcs.modified":
			v.Modified = s.Value == "true"
		}
	}
	return v
}

func (v versionView) text(s *terminal.Screen) {
	s.Line("tokenkeeper %s, %s, %s", v.Version, v.Go, v.Platform)
	if v.Revision == "" {
		return
	}
	edited := ""
	if v.Modified {
		edited = ", with local edits"
	}
	s.Line("built from %s of %s%s", v.Revision, v.Time, edited)
}
