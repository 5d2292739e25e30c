package main

import (
	"runtime"

	"github.com/spf13/cobra"

	"example.com/tokenkeeper/cmd/tokenkeeper/internal/terminal"
	"example.com/tokenkeeper/internal/version"
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

// built returns what the Go command and the linker recorded in the binary.
func built() versionView {
	b := version.Read()
	return versionView{Version: b.Version, Revision: b.Revision, Time: b.Time, Modified: b.Modified,
		Go: runtime.Version(), Platform: runtime.GOOS + "/" + runtime.GOARCH}
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
