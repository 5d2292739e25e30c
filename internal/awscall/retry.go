package awscall

import (
	"context"
	"errors"
	"math/rand/v2"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"

	"github.com/aws/aws-sdk-go-v2/aws/retry"
	"github.com/aws/smithy-go/middleware"
)

const (
	// maxAttempts is for calls whose context has no deadline.
	maxAttempts = 4
	// firstDelay is the longest wait after the first attempt; it doubles up to maxDelay.
	firstDelay = 200 * time.Millisecond
	maxDelay   = time.Second
)

// A retryer decides whether a call is repeated, and waits. What is worth repeating it leaves to the
// SDK. It keeps nothing from one call to the next: the SDK's allowance for retries, used up by a
// quarter of an hour without AWS, left a run after an outage with one attempt a call.
type retryer struct{ *retry.Standard }

func newRetryer() aws.Retryer {
	return retryer{retry.NewStandard(func(o *retry.StandardOptions) {
		o.Retryables = append([]retry.IsErrorRetryable{retry.IsErrorRetryableFunc(lasting)}, o.Retryables...)
	})}
}

// MaxAttempts returns 0, no limit: GetRetryToken says when to give up.
func (retryer) MaxAttempts() int { return 0 }

// RetryDelay returns 0: GetRetryToken, which unlike this is given the context, has waited.
func (retryer) RetryDelay(int, error) (time.Duration, error) { return 0, nil }

// GetRetryToken waits before the next attempt, or returns an error if there is none: the
// context leaves no time for it, or has no deadline and four were made. The SDK returns
// the failure of the last attempt then.
func (retryer) GetRetryToken(ctx context.Context, failed error) (func(error) error, error) {
	n := *attemptsOf(ctx)
	delay := backOff(n, failed)
	if deadline, ok := ctx.Deadline(); ok && time.Until(deadline) <= delay || !ok && n >= maxAttempts {
		return nil, errors.New("no further attempt")
	}
	select {
	case <-time.After(delay):
		return func(error) error { return nil }, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// backOff returns how long to wait after that many attempts: 200, 400, 800 milliseconds,
// then a second each, or a second at once after too many calls, which AWS counts by the
// second; or down to half of that, so that calls that failed together do not return together.
func backOff(attempts int, err error) time.Duration {
	most := maxDelay
	if attempts <= 3 && !Throttled(err) {
		most = firstDelay << max(attempts-1, 0)
	}
	return most/2 + rand.N(most/2) // #nosec G404 -- nothing is lost if it is guessed
}

// lasting says of failures that the SDK would repeat that they last: in Secrets Manager
// a LimitExceededException means too many versions, labels or tags, not too many calls.
func lasting(err error) aws.Ternary {
	if errorCode(err) == limitExceeded {
		return aws.FalseTernary
	}
	return aws.UnknownTernary
}

type attemptsKey struct{}

// attemptsOf returns the count of attempts of the call that ctx belongs to.
func attemptsOf(ctx context.Context) *int { return ctx.Value(attemptsKey{}).(*int) }

// An attemptsError is the failure of a call after its last attempt.
type attemptsError struct {
	attempts int
	err      error
}

func (e *attemptsError) Error() string { return e.err.Error() }
func (e *attemptsError) Unwrap() error { return e.err }

// countAttempts has failures of calls say how many attempts there were.
func countAttempts(stack *middleware.Stack) error {
	call := func(ctx context.Context, in middleware.FinalizeInput, next middleware.FinalizeHandler) (middleware.FinalizeOutput, middleware.Metadata, error) {
		n := new(int)
		out, metadata, err := next.HandleFinalize(context.WithValue(ctx, attemptsKey{}, n), in)
		if err != nil {
			err = &attemptsError{*n, err}
		}
		return out, metadata, err
	}
	attempt := func(ctx context.Context, in middleware.FinalizeInput, next middleware.FinalizeHandler) (middleware.FinalizeOutput, middleware.Metadata, error) {
		*attemptsOf(ctx)++
		return next.HandleFinalize(ctx, in)
	}
	return errors.Join(
		stack.Finalize.Insert(middleware.FinalizeMiddlewareFunc("tokenkeeper.call", call), "Retry", middleware.Before),
		stack.Finalize.Insert(middleware.FinalizeMiddlewareFunc("tokenkeeper.attempt", attempt), "Retry", middleware.After),
	)
}

// HalfOf returns a context that ends when half of the time that ctx has left has passed, for each
// page of a list: a list that gets on takes as long as it takes.
func HalfOf(ctx context.Context) (context.Context, context.CancelFunc) {
	deadline, ok := ctx.Deadline()
	if !ok {
		return context.WithCancel(ctx)
	}
	return context.WithTimeout(ctx, time.Until(deadline)/2)
}
