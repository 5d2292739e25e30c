package demo

import (
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
