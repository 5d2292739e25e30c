package tokenendpoint

import (
	"context"
	"time"

	"github.com/cenkalti/backoff/v5"
)

// pauses are the times between the attempts of one run, with full jitter: anything from
// none at all to the interval, which doubles.
type pauses struct{ intervals *backoff.ExponentialBackOff }

func newPauses() pauses {
	// The library's interval is the middle of what it draws from.
	return pauses{&backoff.ExponentialBackOff{
		InitialInterval:     500 * time.Millisecond,
		RandomizationFactor: 1,
		Multiplier:          2,
		MaxInterval:         2 * time.Second,
	}}
}

// after returns how long to wait after the nth attempt, which ended in f; again is
// false if there is to be no other. None begins that may not end before ctx does: it
// would cost the provider a login, and us the answer.
func (p pauses) after(ctx context.Context, n int, f *failure, timeout time.Duration) (pause time.Duration, again bool) {
	if n >= f.tries {
		return 0, false
	}
	pause = max(p.intervals.NextBackOff(), f.err.RetryAfter)
	deadline, limited := ctx.Deadline()
	if limited && time.Until(deadline)-timeout < pause {
		return 0, false
	}
	return pause, ctx.Err() == nil
}
