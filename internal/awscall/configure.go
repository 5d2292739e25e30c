package awscall

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"net"
	"net/http"
	"net/url"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/smithy-go"
	"github.com/aws/smithy-go/middleware"
)

const (
	// attemptTime is what one attempt of a call may take, its answer read: one lost answer must not
	// use up the 3.5 seconds that a run keeps for storing a token.
	attemptTime = 2 * time.Second
	// idleConnections to each service are as many as the providers that are refreshed at a time.
	idleConnections = 256
)

// WritesPerSecond is how many of the 50 writes of secrets that an account has in a second and
// region are taken, by default, and MostWrites how many the template lets be taken.
const WritesPerSecond, MostWrites = 40, 48

// Configure sets how calls made with cfg are timed, repeated, and kept below the quotas of the
// account, which clients made from the same cfg share: so many writes of secrets a second, below 50.
// An HTTPClient that is set already is kept; a nil one becomes that of [NewHTTPClient].
//
// A call is repeated until its context leaves no time for another attempt, and four times at most
// if its context has no deadline. Each call begins anew: the SDK's own settings (three attempts, up
// to 20 seconds apart, and an allowance for retries that an outage uses up for the calls after it)
// are for clients without a deadline; AWS_RETRY_MODE and AWS_MAX_ATTEMPTS are not read.
func Configure(cfg *aws.Config, writes int) {
	cfg.Retryer = newRetryer
	cfg.APIOptions = append(cfg.APIOptions, countAttempts)
	for _, q := range quotas(writes) {
		cfg.APIOptions = append(cfg.APIOptions, q.limit())
	}
	if cfg.HTTPClient == nil {
		cfg.HTTPClient = NewHTTPClient(nil, nil)
	}
	if c, ok := cfg.HTTPClient.(connections); ok {
		cfg.APIOptions = append(cfg.APIOptions, reconnect(c))
	}
}

// NewHTTPClient returns a client with the time limits of the function. AWS's certificates are
// checked against rootCAs; nil: those of the system. Calls go through the HTTP proxy; nil: none.
//
// It speaks HTTP/1.1, one call a connection at a time: over HTTP/2 a single dead connection would
// take every call under way with it, and the next ones too.
func NewHTTPClient(rootCAs *x509.CertPool, proxy *url.URL) *http.Client {
	return &http.Client{
		Transport: &http.Transport{
			Proxy:               http.ProxyURL(proxy),
			DialContext:         (&net.Dialer{Timeout: attemptTime}).DialContext,
			TLSClientConfig:     &tls.Config{MinVersion: tls.VersionTLS12, RootCAs: rootCAs},
			MaxIdleConnsPerHost: idleConnections,
			IdleConnTimeout:     90 * time.Second,
		},
		Timeout: attemptTime,
		// AWS redirects no call.
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

// connections are those that an HTTP client keeps open between calls.
type connections interface{ CloseIdleConnections() }

// reconnect returns an option that drops the connections in the pool when an attempt was not
// answered. Whatever cut that one off, such as an environment that was frozen, may have cut all.
func reconnect(c connections) func(*middleware.Stack) error {
	return AfterAttempts("tokenkeeper.reconnect", func(err error) {
		if _, answered := errors.AsType[smithy.APIError](err); err != nil && !answered {
			c.CloseIdleConnections()
		}
	})
}

// AfterAttempts returns one of the APIOptions of an aws.Config, by name: it calls f after every
// attempt of a call, with its error or nil.
func AfterAttempts(name string, f func(error)) func(*middleware.Stack) error {
	return func(stack *middleware.Stack) error {
		return stack.Deserialize.Add(middleware.DeserializeMiddlewareFunc(name,
			func(ctx context.Context, in middleware.DeserializeInput, next middleware.DeserializeHandler) (middleware.DeserializeOutput, middleware.Metadata, error) {
				out, metadata, err := next.HandleDeserialize(ctx, in)
				f(err)
				return out, metadata, err
			}), middleware.Before)
	}
}
