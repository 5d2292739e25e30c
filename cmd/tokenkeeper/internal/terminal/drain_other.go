//go:build !(linux || darwin || dragonfly || freebsd || netbsd || openbsd)

package terminal

// drain has no way to drop what was typed.
func drain(int) {}
