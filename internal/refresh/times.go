package refresh

import (
	"context"
	"errors"
	"time"
)

// How the time of a run is divided.
const (
	// providerTime is what one provider may take, writeTime the part of it that is kept for storing
	// what the login gave, and noteTime the part of that for noting that it could not be stored.
	providerTime = 20 * time.Second
	writeTime    = 5 * time.Second
	noteTime     = 1500 * time.Millisecond
	// reserve is kept for storing at the end of a run.
	reserve = 4 * time.Second
	// loginTime is the least that a login is given, and onceTime one that cannot be repeated.
	loginTime = 500 * time.Millisecond
	onceTime  = 10 * time.Second
	// claimTime is kept for claiming a refresh token. For keepTime, after the time for asking, a
	// visit goes on trying to store the next one, which cannot be had again.
	claimTime = 5 * time.Second
	keepTime  = 120 * time.Second
)

func later(t, u time.Time) time.Time {
	if u.After(t) {
		return u
	}
	return t
}

func earlier(t, u time.Time) time.Time {
	if u.Before(t) {
		return u
	}
	return t
}

// sleep returns after that time, or with the error of ctx where that ends before.
func sleep(ctx context.Context, d time.Duration) error {
	select {
	case <-time.After(d):
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// errRunEnds is the cause of a context that ends because the run does.
var errRunEnds = errors.New("the run ends")

// cut reports whether something failed because the run ended, and not for what it met.
func cut(ctx context.Context) bool { return errors.Is(context.Cause(ctx), errRunEnds) }
