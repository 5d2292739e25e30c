package tokenendpoint

import (
	"context"
	"math/rand/v2"
	"time"
)

// pauseAfter returns how long to wait after the nth attempt of a run, which ended in f: anything
// up to a second, and twice that for each attempt more, so that logins that failed together do not
// return together. Again is false if there is to be no other attempt. None begins that may not end
// before ctx does: it would cost the provider a login, and us the answer.
func pauseAfter(ctx context.Context, n int, f *failure, timeout time.Duration) (pause time.Duration, again bool) {
	if n >= f.tries {
		return 0, false
	}
	pause = max(rand.N(time.Second<<(n-1)), f.err.RetryAfter) // #nosec G404 -- nothing is lost if it is guessed
	deadline, limited := ctx.Deadline()
	if limited && time.Until(deadline)-timeout < pause {
		return 0, false
	}
	return pause, ctx.Err() == nil
}
