//go:build !unix

package localstore

import (
	"io/fs"
	"os"
)

// owner cannot say who owns a file: on Windows that is in its access control
// list, which is left to the administrator.
func owner(fs.FileInfo) (uid int, ok bool) { return 0, false }

// permissions returns none, for the same reason: the mode that Go shows is made up.
func permissions(fs.FileInfo) fs.FileMode { return 0 }

// openAtOnce is nothing: there are no named pipes in folders here.
const openAtOnce = 0

// syncDir does nothing: folders cannot be flushed here.
func syncDir(*os.File) error { return nil }
