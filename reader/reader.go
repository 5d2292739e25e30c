package reader

import (
	"cmp"
	"context"
	"sync"
	"time"
)

// Options say how a Reader looks. The zero value is right for most.
type Options struct {
	// Recheck is the least time between looks once a record is past its
	// refresh_after; 0 means 30 s. It is also the longest pause after looks that
	// brought nothing new. tokenkeeper needs up to a tick (1 min by default) and
	// the provider's time to answer, so looking much more often finds nothing.
	Recheck time.Duration

	// CacheAge is the longest a record is believed before its refresh_after; 0
	// means until refresh_after. A token that is replaced earlier is found by the
	// 401 that the old one gets; set this (300 s, say) where the API answers
	// something else, such as 403 until an edited scope is there. Each look is a
	// paid GetSecretValue: 300 s costs some 4 cents a month for each process.
	CacheAge time.Duration

	// Timeout ends a look; 0 means 10 s.
	Timeout time.Duration

	// OnError, where set, is called with each look that failed while a live token
	// was at hand, since the caller got that token and no error. It must return
	// soon: callers wait for it.
	OnError func(error)

	// Now is the clock; nil means time.Now.
	Now func() time.Time
}

// firstPause is the wait after the first look that should have brought something
// new and did not; it doubles with each one, up to Recheck.
const firstPause = time.Second

// A Reader serves the token of one record. It is made by New and safe for use
// by many goroutines.
type Reader struct {
	source   Source
	recheck  time.Duration
	cacheAge time.Duration
	timeout  time.Duration
	onError  func(error)
	now      func() time.Time

	mu      sync.Mutex
	token   Token     // of the last record that was read; zero before the first
	err     error     // of the last look
	looked  time.Time // when the last look ended; zero before the first
	found   time.Time // when the last look that succeeded ended
	misses  int       // looks since the token changed that were made to change it
	current *look     // under way; nil if none is
}

// New returns a Reader of the record that source answers with. It does not look
// yet.
func New(source Source, o Options) *Reader {
	if source == nil {
		panic("reader.New: nil Source")
	}
	r := &Reader{
		source:   source,
		recheck:  cmp.Or(max(o.Recheck, 0), 30*time.Second),
		cacheAge: max(o.CacheAge, 0),
		timeout:  cmp.Or(max(o.Timeout, 0), 10*time.Second),
		onError:  o.OnError,
		now:      o.Now,
	}
	if r.now == nil {
		r.now = time.Now
	}
	return r
}

// Token returns a token that is live now.
//
// It returns an [*ExpiredError] if the newest known token has expired, the source's
// error (wrapped) if no record could ever be read, a [*VersionError] (wrapped)
// if the record is of a later version, and ctx's error if ctx ended while
// waiting for a look. While there is no live token, looks are a second apart,
// then two, four, up to Options.Recheck; between them the same error is returned.
func (r *Reader) Token(ctx context.Context) (Token, error) {
	r.mu.Lock()
	now := r.now()
	if !r.due(now) {
		defer r.mu.Unlock()
		return r.answer(now)
	}
	if ctx.Err() != nil {
		r.mu.Unlock()
		return Token{}, gaveUp(ctx)
	}
	if r.current == nil {
		r.start(ctx, !r.token.live(now))
	}
	l := r.current
	// A token that ends within the wait is nothing to fall back on.
	fallback := r.token.live(now.Add(patience))
	r.mu.Unlock()

	if err := l.wait(ctx, fallback); err != nil {
		return Token{}, err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.answer(r.now())
}

// Replacement is for a request that was answered 401 although the token that it
// carried, rejected, was live: it returns another live token, looking again
// where needed, or false if there is none. Then the 401 means what it says.
//
// Looks on this way are held apart like those of Token, so that an API that
// answers 401 to everything does not become a load on the store. Transport calls
// it; who sets the header himself may call it and send the request once more.
func (r *Reader) Replacement(ctx context.Context, rejected Token) (Token, bool) {
	r.mu.Lock()
	now := r.now()
	if r.replaced(rejected, now) {
		defer r.mu.Unlock()
		return r.token, true
	}
	if r.current == nil && r.rested(now) && ctx.Err() == nil {
		r.start(ctx, true)
	}
	l := r.current
	r.mu.Unlock()

	if l == nil || l.wait(ctx, false) != nil {
		return Token{}, false
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if !r.replaced(rejected, r.now()) {
		return Token{}, false
	}
	return r.token, true
}

func (r *Reader) replaced(rejected Token, now time.Time) bool {
	return r.token.live(now) && r.token.AccessToken() != rejected.AccessToken()
}

// due reports whether Token should look, or wait for a look that is under way.
func (r *Reader) due(now time.Time) bool {
	if !r.token.live(now) {
		return r.rested(now)
	}
	fresh := now.Before(r.token.RefreshAfter) &&
		(r.cacheAge == 0 || !elapsed(r.found, now, r.cacheAge))
	return !fresh && elapsed(r.looked, now, r.recheck)
}

// rested reports whether enough time has passed since the last look for one
// more that is made in the hope of a new token.
func (r *Reader) rested(now time.Time) bool {
	if r.misses == 0 {
		return true
	}
	pause := firstPause
	for range r.misses - 1 {
		if pause >= r.recheck {
			break
		}
		pause *= 2
	}
	return elapsed(r.looked, now, min(pause, r.recheck))
}

// elapsed reports whether d has passed since an instant, by the wall clock: the
// monotonic one may stop while the computer sleeps (package time). A clock that
// was set back says nothing, and one look too many does no harm.
func elapsed(since, now time.Time, d time.Duration) bool {
	passed := now.Round(0).Sub(since.Round(0))
	return passed >= d || passed < 0
}

// answer is what Token returns with what is known now.
func (r *Reader) answer(now time.Time) (Token, error) {
	switch {
	case r.token.live(now):
		return r.token, nil
	case r.token.hidden == nil:
		return Token{}, r.err
	default:
		return Token{}, &ExpiredError{Provider: r.token.Provider, ExpiredAt: r.token.ExpiresAt, Err: r.err}
	}
}
