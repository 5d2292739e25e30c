package terminal

import "golang.org/x/sys/unix"

// flush drops what a terminal has received and nobody has read. Where it is none there is
// nothing to drop.
func flush(fd int) { _ = unix.IoctlSetInt(fd, unix.TCFLSH, unix.TCIFLUSH) }
