package main

import (
	"os"
	"strconv"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/cobra/doc"

	"example.com/tokenkeeper/cmd/internal/version"
)

// man writes the man pages. It is hidden, because releases come with them.
func (c *cli) man() *cobra.Command {
	return &cobra.Command{
		Use:     "man DIR",
		Short:   "Write the man pages, one for each command",
		Example: "  tokenkeeper man ~/.local/share/man/man1",
		Hidden:  true,
		Args:    oneFolder,
		RunE: func(cmd *cobra.Command, args []string) error {
			// The date is that of the release, so that a release can be built again
			// (reproducible-builds.org/specs/source-date-epoch).
			date := c.now()
			if epoch, err := strconv.ParseInt(c.getenv("SOURCE_DATE_EPOCH"), 10, 64); err == nil {
				date = time.Unix(epoch, 0).UTC()
			}
			// #nosec G301 -- manual pages are for everyone on the machine
			if err := os.MkdirAll(args[0], 0o755); err != nil {
				return err
			}
			root := cmd.Root()
			root.DisableAutoGenTag = true
			return doc.GenManTree(root, &doc.GenManHeader{Section: "1", Date: &date,
				Source: "tokenkeeper " + version.Read().Version, Manual: "tokenkeeper"}, args[0])
		},
	}
}
