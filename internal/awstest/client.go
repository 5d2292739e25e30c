package awstest

import (
	"bytes"
	"context"
	"io"
	"net/http"

	"github.com/aws/aws-sdk-go-v2/aws"
)

// accessKey is every part of the credentials: the fake looks whether a
// request is signed and for which service, not by which key. Emulators that look take it
// for the account's root.
const accessKey = "test"

// Config is what clients are made from. It retries nothing, so that tests see
// each answer; a subject that sets a Retryer of its own gets it.
func (a *AWS) Config() aws.Config {
	return config(a.URL(), a.options.Region, a.client)
}

// ConfigFor is Config for an emulator elsewhere.
func ConfigFor(endpoint, region string) aws.Config {
	return config(endpoint, region, &http.Client{Transport: wholeBodies{&http.Transport{}}})
}

func config(endpoint, region string, client *http.Client) aws.Config {
	return aws.Config{
		Region:       region,
		BaseEndpoint: aws.String(endpoint),
		HTTPClient:   client,
		Retryer:      func() aws.Retryer { return aws.NopRetryer{} },
		Credentials: aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
			return aws.Credentials{AccessKeyID: accessKey, SecretAccessKey: accessKey, SessionToken: accessKey}, nil
		}),
	}
}

// Environ are the variables that point a process of its own at the fake.
func (a *AWS) Environ() []string {
	return []string{
		"AWS_ENDPOINT_URL=" + a.URL(),
		"AWS_REGION=" + a.options.Region,
		"AWS_ACCESS_KEY_ID=" + accessKey,
		"AWS_SECRET_ACCESS_KEY=" + accessKey,
		"AWS_SESSION_TOKEN=" + accessKey,
		"AWS_CA_BUNDLE=",
	}
}

// wholeBodies sends the body of a request in one piece with its header.
//
// The SDK wraps bodies in a type that net/http does not know, so net/http sends
// the header first, then the body, then looks for more of it; and the SDK closes
// the body as soon as an answer begins. A server on the same machine can answer
// before the look for more, which then finds a closed body and closes the
// connection ("use of closed network connection" in the middle of the answer).
// The SDK's own retryer tries again; tests have none.
type wholeBodies struct {
	*http.Transport
}

func (t wholeBodies) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.Body != nil {
		body, err := io.ReadAll(r.Body)
		r.Body.Close()
		if err != nil {
			return nil, err
		}
		r = r.Clone(r.Context())
		r.Body = io.NopCloser(bytes.NewReader(body))
	}
	return t.Transport.RoundTrip(r)
}
