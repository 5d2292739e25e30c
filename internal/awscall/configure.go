package awscall

import (
	"math/rand/v2"
	"net/http"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
)

const (
	// attemptTime is what one attempt of a call may take, its answer read. Without a
	// limit, one lost answer would use up the 3.5 seconds that a run keeps for storing a
	// token.
	attemptTime = 2 * time.Second
	// maxAttempts and the delays between them fit the same 3.5 seconds.
	maxAttempts = 4
	firstDelay  = 200 * time.Millisecond
	// throttleDelay is the one after too many calls, which AWS counts by the second.
	throttleDelay = time.Second
	// idleConnections is how many are kept open to each service: one for each of the
	// providers that are refreshed at a time.
	idleConnections = 16
)

// Configure sets how calls made with cfg are timed, repeated, and kept below the quotas of
// the account, which clients made from the same cfg share. An HTTPClient that is set
// already is kept.
//
// The SDK's own settings (three attempts, up to 20 seconds apart, none with a time limit)
// are made for clients without a deadline; those of the environment, AWS_RETRY_MODE and
// AWS_MAX_ATTEMPTS, are not read.
func Configure(cfg *aws.Config) {
	cfg.Retryer = newRetryer
	for _, q := range quotas() {
		cfg.APIOptions = append(cfg.APIOptions, q.limit())
	}
	if cfg.HTTPClient == nil {
		cfg.HTTPClient = awshttp.NewBuildableClient().
			WithTimeout(attemptTime).
			WithTransportOptions(func(t *http.Transport) { t.MaxIdleConnsPerHost = idleConnections })
	}
}

func newRetryer() aws.Retryer {
	return retry.NewStandard(func(o *retry.StandardOptions) {
		o.MaxAttempts = maxAttempts
		o.Backoff = retry.BackoffDelayerFunc(backOff)
		o.Retryables = append([]retry.IsErrorRetryable{retry.IsErrorRetryableFunc(lasting)}, o.Retryables...)
	})
}

// backOff returns how long to wait after that many attempts: 200, 400 and 800 milliseconds,
// or a second each after too many calls, or down to half of that, so that those who failed
// together do not come back together.
func backOff(attempts int, err error) (time.Duration, error) {
	most := firstDelay << min(attempts-1, 8)
	if throttled(err) {
		most = throttleDelay
	}
	return most/2 + rand.N(most/2), nil
}

// lasting says of failures that the SDK would repeat that they last: in Secrets Manager
// a LimitExceededException means too many versions, labels or tags, not too many calls.
func lasting(err error) aws.Ternary {
	if errorCode(err) == limitExceeded {
		return aws.FalseTernary
	}
	return aws.UnknownTernary
}
