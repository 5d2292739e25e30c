package tokenendpoint

import (
	"context"
	"math/rand/v2"
	"time"
)

// pauseAfter returns how long to wait after the nth attempt of a run, which ended in f: anything up
// to a second, and twice that for each attempt more, so that logins that failed together do not
// return together.
func pauseAfter(n int, f *failure) time.Duration {
	return max(rand.N(time.Second<<(n-1)), f.err.RetryAfter) // #nosec G404 -- nothing is lost if it is guessed
}

// mayLast reports whether ctx leaves the time for another attempt after a pause. None begins that
// may not end before: it would cost the provider a login, and us the answer.
func mayLast(ctx context.Context, pause, timeout time.Duration) bool {
	deadline, limited := ctx.Deadline()
	return ctx.Err() == nil && (!limited || time.Until(deadline)-timeout >= pause)
}

// sleep waits for d and reports whether ctx lasted that long.
func sleep(ctx context.Context, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-ctx.Done():
		return false
	}
}
