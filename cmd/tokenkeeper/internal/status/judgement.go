package status

import (
	"strings"
	"time"

	"example.com/tokenkeeper/cmd/tokenkeeper/internal/place"
	"example.com/tokenkeeper/internal/refresh"
)

type judgement struct {
	Subject
	keeper   *Keeper
	schedule refresh.Schedule
	guide    place.Guide
	now      time.Time
	version  refresh.Version // of the current token
	ours     bool            // there is one, and we wrote it
	line     Line
}

// A step is what to do now: in words and, where one of our commands does it, the command.
type step struct{ text, command string }

func (j *judgement) say(word Word, wrong string, do step) {
	j.line.State, j.line.Wrong = word, wrong
	j.next(do)
}

func (j *judgement) next(do step) { j.line.Remedy, j.line.Command = do.text, do.command }

// came says of no run what it has not done.
func (j *judgement) came() string {
	if j.keeper != nil && j.keeper.State == Running {
		return "tried it"
	}
	return "come"
}

// overdueTicks is after how many missed ticks the schedule seems to have stopped.
const overdueTicks = 3

// sentence ends text with a full stop, unless it has an end already.
func sentence(text string) string {
	if strings.HasSuffix(text, ".") || strings.HasSuffix(text, "?") || strings.HasSuffix(text, "!") {
		return text
	}
	return text + "."
}

// parted returns a remedy as a step: a command of the AWS CLI that ends it is to be pasted, without a
// full stop.
func parted(remedy string) step {
	text, command, ok := strings.Cut(remedy, ": aws ")
	if !ok {
		return step{sentence(remedy), ""}
	}
	return step{text + ":", "aws " + command}
}
