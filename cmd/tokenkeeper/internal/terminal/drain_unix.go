//go:build linux || darwin || dragonfly || freebsd || netbsd || openbsd

package terminal

import "golang.org/x/sys/unix"

// drain drops what a terminal has received, and what is still coming of a paste: until nothing
// has come for a tenth of a second. Where it is no terminal there is nothing to drop.
func drain(fd int) {
	t, err := unix.IoctlGetTermios(fd, ioctlGet)
	if err != nil {
		return
	}
	t.Cc[unix.VMIN], t.Cc[unix.VTIME] = 0, 1 // in tenths of a second
	if unix.IoctlSetTermios(fd, ioctlSet, t) != nil {
		return
	}
	for dropped := make([]byte, 4096); ; {
		if n, err := unix.Read(fd, dropped); n <= 0 || err != nil {
			return
		}
	}
}
