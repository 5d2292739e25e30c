//go:build !(linux || darwin || dragonfly || freebsd || netbsd || openbsd)

package terminal

// flush has no way to drop what was typed.
func flush(int) {}
