package status_test

import (
	"fmt"
	"testing"
	"time"

	"example.com/tokenkeeper/cmd/tokenkeeper/internal/status"
	"example.com/tokenkeeper/internal/refresh"
)

// onAWS is the schedule of a stack with the usual settings.
var onAWS = refresh.Schedule{Tick: time.Minute, CacheAge: 5 * time.Minute, Distance: 16 * time.Minute}

// tokens are n with that lifetime.
func tokens(n int, lifetime time.Duration) []status.Kept {
	list := make([]status.Kept, n)
	for i := range list {
		list[i] = status.Kept{Provider: refresh.Provider{Name: fmt.Sprint("p", i)}, Lifetime: lifetime}
	}
	return list
}

func TestLoad(t *testing.T) {
	s := onAWS
	aws := refresh.Limits{Saves: 20}
	const run = 57 * time.Second
	for name, row := range map[string]struct {
		limits          refresh.Limits
		tokens          []status.Kept
		percent         float64 // within two
		least, most     time.Duration
		leastEnd, atEnd float64
	}{
		"none":                           {aws, nil, 0, 0, 0, 0, 0},
		"no limit":                       {refresh.Limits{}, tokens(100_000, time.Hour), 0, 13 * time.Minute, 14 * time.Minute, 132, 135},
		"a thousand of an hour":          {aws, tokens(1000, time.Hour), 2.7, 13 * time.Minute, 14 * time.Minute, 132, 135},
		"as many as are kept as planned": {aws, tokens(36_000, time.Hour), 98.6, 13 * time.Minute, 14 * time.Minute, 132, 135},
		"more":                           {aws, tokens(44_000, time.Hour), 120, 4 * time.Minute, 6 * time.Minute, 132, 135},
		"more than that":                 {aws, tokens(60_000, time.Hour), 164, 0, 0, 132, 135},
		"of a day":                       {aws, tokens(60_000, 24*time.Hour), 6.7, 7 * time.Hour, 8 * time.Hour, 149, 150},
		"too short for any load":         {aws, tokens(10, 10*time.Minute), 0.06, 0, 0, 0, 0},
		"a fifth of the writes":          {refresh.Limits{Saves: 4}, tokens(1000, time.Hour), 13.5, 13 * time.Minute, 14 * time.Minute, 132, 135},
	} {
		load := status.LoadOf(s, row.limits, run, row.tokens)
		if p := load.Percent(); p < row.percent-2 || p > row.percent+2 {
			t.Errorf("%s: %.1f %%, want %.1f", name, p, row.percent)
		}
		if load.Survived < row.least || load.Survived > row.most {
			t.Errorf("%s: an outage of %v is survived, want %v to %v", name, load.Survived, row.least, row.most)
		}
		if load.Ends < row.leastEnd || load.Ends > row.atEnd {
			t.Errorf("%s: it ends at %.1f %%, want %.1f to %.1f", name, load.Ends, row.leastEnd, row.atEnd)
		}
	}
}

// What a run can store is what its time allows, less what is kept for the end, and never less than
// nothing.
func TestWhatARunCanStore(t *testing.T) {
	for run, want := range map[time.Duration]float64{57 * time.Second: 20 * 52.5, 14500 * time.Millisecond: 200, 4 * time.Second: 0, 0: 0} {
		if load := status.LoadOf(onAWS, refresh.Limits{Saves: 20}, run, nil); load.Can != want {
			t.Errorf("in %v: %v, want %v", run, load.Can, want)
		}
	}
}

// A refresh token takes the time of three saves, and half as many of them are planned.
func TestLoadOfRefreshTokens(t *testing.T) {
	s := onAWS
	kept := tokens(1, time.Hour)
	one := status.LoadOf(s, refresh.Limits{Saves: 20}, time.Minute, kept)
	kept[0].Rotates = true
	if load := status.LoadOf(s, refresh.Limits{Saves: 20}, time.Minute, kept); load.Need < 2.9*one.Need || load.Need > 3.1*one.Need {
		t.Errorf("it needs %.4f, and one without %.4f", load.Need, one.Need)
	}
}
