package awscall

import (
	"context"
	"fmt"
	"slices"

	"github.com/aws/smithy-go"
	"github.com/aws/smithy-go/middleware"
	"golang.org/x/time/rate"
)

// A quota is how many calls of some operations an account has a second in a region, for
// all that runs in it, how many of them we take, and how many at once after a pause.
type quota struct {
	has, takes int
	atOnce     int
	operations []string
}

// quotas are those that a run could use up. Sources: AWS General Reference, "AWS Systems
// Manager endpoints and quotas" (Parameter Store, default throughput); Secrets Manager user
// guide, "AWS Secrets Manager quotas". Those of writes can be set.
func quotas(writes int) []quota {
	return []quota{
		{40, 35, 4, []string{"GetParameter", "GetParameters", "GetParametersByPath"}},
		{50, writes, min(7, 50-writes), []string{"PutSecretValue", "UpdateSecretVersionStage"}},
		{50, 40, 4, []string{"TagResource", "UntagResource"}},
		{50, 40, 4, []string{"CreateSecret"}},
		{50, 40, 4, []string{"ListSecretVersionIds"}},
	}
}

// A noTurnError is that of a call whose deadline comes before the quota allows it.
type noTurnError struct{ quota }

func (e *noTurnError) Error() string {
	return fmt.Sprintf("the time was over before it was its turn: calls are kept to %d of the %d a second that an account has", e.takes, e.has)
}

// limit returns an option that keeps every attempt of the operations waiting until it is
// within the quota.
func (q quota) limit() func(*middleware.Stack) error {
	limiter := rate.NewLimiter(rate.Limit(q.takes), q.atOnce)
	wait := func(ctx context.Context, in middleware.FinalizeInput, next middleware.FinalizeHandler) (middleware.FinalizeOutput, middleware.Metadata, error) {
		if err := limiter.Wait(ctx); err != nil {
			if ended := ctx.Err(); ended != nil {
				// As of a call that was under way: it was not the quota that kept it back.
				return middleware.FinalizeOutput{}, middleware.Metadata{}, &smithy.CanceledError{Err: ended}
			}
			return middleware.FinalizeOutput{}, middleware.Metadata{}, &noTurnError{q}
		}
		return next.HandleFinalize(ctx, in)
	}
	return func(stack *middleware.Stack) error {
		if !slices.Contains(q.operations, stack.ID()) {
			return nil
		}
		return stack.Finalize.Insert(middleware.FinalizeMiddlewareFunc("tokenkeeper.limit", wait), "Retry", middleware.After)
	}
}
