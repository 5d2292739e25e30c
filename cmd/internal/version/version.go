// Package version says which version of tokenkeeper a program is.
package version

import "runtime/debug"

// release is set by the linker when a release is built:
//
//	go build -ldflags '-X example.com/tokenkeeper/cmd/internal/version.release=0.1.0'
var release string

// A Build says what a program was built from. Fields that the build did not record are
// empty.
type Build struct {
	// Version is that of the release, such as "0.1.0"; or what the Go command derives from
	// version control, such as "v0.1.1-0.20261125120000-53a2a94c1d2e"; or "(devel)", where
	// neither was recorded.
	Version string
	// Revision is the commit, and Time its time in RFC 3339.
	Revision, Time string
	// Modified reports that the checkout had edits which were not committed.
	Modified bool
}

// Read returns the build of the running program.
func Read() Build {
	b := Build{Version: "(devel)"}
	if info, ok := debug.ReadBuildInfo(); ok {
		b = from(info)
	}
	if release != "" {
		b.Version = release
	}
	return b
}

func from(info *debug.BuildInfo) Build {
	b := Build{Version: info.Main.Version}
	for _, s := range info.Settings {
		switch s.Key {
		case "vcs.revision":
			b.Revision = s.Value
		case "vcs.time":
			b.Time = s.Value
		case "vcs.modified":
			b.Modified = s.Value == "true"
		}
	}
	if b.Version == "" {
		b.Version = "(devel)"
	}
	return b
}
