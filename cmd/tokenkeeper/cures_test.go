package main

import (
	"slices"
	"strings"
	"time"

	"example.com/tokenkeeper/cmd/tokenkeeper/internal/status"
)

// A cure does what a line says, and returns how many runs later all should be well.
type cure func(*incident, status.Line) (runs int)

// editNamed edits what the line names, or pastes its command.
func editNamed(i *incident, line status.Line) int {
	i.Helper()
	if line.Command != "" {
		i.paste(line.Command)
		return 1
	}
	edited := false
	for _, kind := range []string{"providers", "credentials"} {
		where := i.where(kind)
		if strings.Contains(line.Remedy, where) {
			i.edit(kind)
			edited = true
			break // one is enough where either is named
		}
	}
	if !edited {
		i.Fatalf("no place is named in %q", line.Remedy)
	}
	return 1
}

// waitForNext lets the runs do it, up to the one that the screen names; what there is to look at is
// looked at.
func waitForNext(i *incident, line status.Line) int {
	i.Helper()
	if line.Command != "" {
		i.paste(line.Command)
	}
	if line.Next.IsZero() {
		i.Fatalf("the screen names no next attempt: %+v", line)
	}
	return max(1, int((line.Next.Sub(i.clock())+time.Minute-1)/time.Minute))
}

// force is for what was mended elsewhere.
func force(i *incident, line status.Line) int {
	i.Helper()
	if line.Command != "" {
		i.paste(line.Command)
	}
	i.command("", slices.Concat([]string{"refresh", i.name, "--force"}, i.asking)...)
	return 0
}

func lookThenEditCredential(i *incident, line status.Line) int {
	i.Helper()
	i.paste(line.Command)
	i.edit("credentials")
	return 1
}

// pasteCommand is for what the command on the screen mends by itself.
func pasteCommand(i *incident, line status.Line) int {
	i.Helper()
	i.paste(line.Command)
	return 1
}
