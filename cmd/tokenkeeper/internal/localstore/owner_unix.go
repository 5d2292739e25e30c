//go:build unix

package localstore

import (
	"io/fs"
	"os"
	"syscall"
)

// owner returns the user that a file belongs to; ok is false where the system does not
// say.
func owner(fi fs.FileInfo) (uid int, ok bool) {
	st, ok := fi.Sys().(*syscall.Stat_t)
	if !ok {
		return 0, false
	}
	return int(st.Uid), true
}

// permissions returns what a file's mode allows, and to which users.
func permissions(fi fs.FileInfo) fs.FileMode { return fi.Mode().Perm() }

// openAtOnce has a file opened without waiting for another process.
const openAtOnce = syscall.O_NONBLOCK

func syncDir(f *os.File) error { return f.Sync() }
