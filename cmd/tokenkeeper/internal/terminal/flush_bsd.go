//go:build darwin || dragonfly || freebsd || netbsd || openbsd

package terminal

import "golang.org/x/sys/unix"

// flush drops what a terminal has received and nobody has read. Where it is none there is
// nothing to drop.
func flush(fd int) { _ = unix.IoctlSetPointerInt(fd, unix.TIOCFLUSH, fread) }

// fread is FREAD of sys/fcntl.h: the queue of what was received.
const fread = 1
