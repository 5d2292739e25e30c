package place

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/lambda/types"
	"github.com/cenkalti/backoff/v5"

	"example.com/tokenkeeper/internal/awscall"
	"example.com/tokenkeeper/internal/refresh"
)

// patience is how long an invocation is tried while the function is busy.
const patience = 2 * time.Minute

// A FunctionError says that the function was run and failed.
type FunctionError struct {
	// Type is the name of the error, such as "RefreshFailed".
	Type string `json:"errorType"`
	// Message is what it says: providers, classes and codes.
	Message string `json:"errorMessage"`
}

func (e *FunctionError) Error() string { return e.Message }

// Invoke has the function do a job, waits for its end, and returns what it answers. While
// the function is busy, which is said by status 429, it is asked again: busy is called
// before each wait. The error wraps a [*FunctionError] where a provider failed.
func (a *AWS) Invoke(ctx context.Context, job refresh.Job, busy func(wait time.Duration)) ([]byte, error) {
	if a.Function == "" {
		return nil, a.Undiscovered
	}
	event, err := json.Marshal(struct {
		Refresh []string `json:"refresh"`
		Force   bool     `json:"force,omitempty"`
	}{job.Only, job.Force})
	if err != nil {
		return nil, err
	}
	pauses := backoff.NewExponentialBackOff()
	pauses.InitialInterval = time.Second
	pauses.MaxInterval = 15 * time.Second
	return backoff.Retry(ctx, func() ([]byte, error) {
		out, err := a.lambda.Invoke(ctx, &lambda.InvokeInput{FunctionName: aws.String(a.Function), Payload: event})
		if awscall.Is(err, "ResourceNotFoundException") {
			return nil, backoff.Permanent(fmt.Errorf("%w: %s", ErrNoFunction, a.Function))
		}
		if err != nil {
			failure := error(awscall.Call{Action: "lambda:InvokeFunction", Resource: a.Function}.Failure(err))
			if !errors.As(err, new(*types.TooManyRequestsException)) {
				failure = backoff.Permanent(failure)
			}
			return nil, failure
		}
		if out.FunctionError != nil {
			return nil, backoff.Permanent(functionError(out.Payload))
		}
		return out.Payload, nil
	}, backoff.WithBackOff(pauses), backoff.WithMaxElapsedTime(patience),
		backoff.WithNotify(func(_ error, wait time.Duration) { busy(wait) }))
}

func functionError(payload []byte) *FunctionError {
	e := &FunctionError{}
	if json.Unmarshal(payload, e) != nil || e.Message == "" {
		e.Message = "the function failed and did not say why: look at its log"
	}
	e.Message = strings.Map(func(r rune) rune {
		if r != '\n' && (r < ' ' || r == 0x7f) {
			return -1
		}
		return r
	}, e.Message)
	return e
}
