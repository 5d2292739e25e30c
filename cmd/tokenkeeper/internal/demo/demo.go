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
)

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
		w.firstTick, w.quietTick, w.refused, w.renewed, w.corrected, w.firstTokensExpired,
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
