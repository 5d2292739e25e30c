// Package demo plays the whole job on one machine: four simulated providers on loopback,
// asked over real HTTP, their tokens kept in a folder, and an application that reads them.
// The clock is simulated: it does not move but for the jump before each tick, so that an
// hour passes in a second.
//
// It is a test as well. It has checked all that it shows: each [Fact] says whether that
// is so.
package demo

import (
	"context"
	"time"

	"example.com/tokenkeeper/cmd/tokenkeeper/internal/status"
)

// A Chapter is one part of the story.
type Chapter struct {
	// At is the simulated time when it begins, UTC.
	At    time.Time `json:"at"`
	Title string    `json:"title"`
	// Facts are what happened.
	Facts []Fact `json:"facts"`
	// Status is what an operator sees at its end; nil: it is not shown.
	Status *status.Report `json:"status,omitempty"`
}

// A Fact is one thing that was to happen.
type Fact struct {
	// At is the simulated time, UTC.
	At   time.Time `json:"at"`
	Text string    `json:"text"`
	// Happened says whether it did.
	Happened bool `json:"happened"`
	// Quote is what an operator reads, where that matters.
	Quote string `json:"quote,omitempty"`
}

// Play plays the story in an empty folder and calls tell with each chapter when it has
// happened. The error says what kept the story from being played to its end; one of tell
// ends it. Nothing is left running when it returns.
func Play(ctx context.Context, dir string, tell func(Chapter) error) error {
	w, err := newWorld(dir)
	if err != nil {
		return err
	}
	defer w.close()
	for _, chapter := range []func(context.Context, *story) error{
		w.firstTick, w.quietTick, w.refused, w.renewed, w.mended, w.firstTokensOver,
	} {
		s := &story{Chapter: Chapter{At: w.clock.now()}, clock: w.clock}
		if err := chapter(ctx, s); err != nil {
			return err
		}
		if err := tell(s.Chapter); err != nil {
			return err
		}
	}
	return nil
}

// A story is a chapter in progress.
type story struct {
	Chapter
	clock *clock
}

// fact notes that something was to happen, and whether it did.
func (s *story) fact(happened bool, text string) *Fact {
	s.Facts = append(s.Facts, Fact{At: s.clock.now(), Text: text, Happened: happened})
	return &s.Facts[len(s.Facts)-1]
}
