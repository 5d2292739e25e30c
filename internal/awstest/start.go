package awstest

import (
	"context"
	"net"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"
)

// New starts a fake that is closed when the test ends.
func New(t testing.TB, o Options) *AWS {
	t.Helper()
	a := Start(o)
	t.Cleanup(a.Close)
	return a
}

// Start starts a fake outside a test, such as for a benchmark that runs the
// bootstrap as a process of its own. The caller must Close it.
func Start(o Options) *AWS {
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Region == "" {
		o.Region = "eu-north-1"
	}
	if o.Account == "" {
		o.Account = "123456789012"
	}
	if o.Wait == nil {
		o.Wait = wait
	}
	a := &AWS{
		options:    o,
		parameters: map[string]*parameter{},
		secrets:    map[string]*secret{},
		keys:       map[string]KeyState{},
		quotas:     map[string][]time.Time{},
	}
	transport := &http.Transport{}
	ctx, cancel := context.WithCancel(context.Background())
	a.cancel = cancel
	a.server = httptest.NewUnstartedServer(a)
	a.server.Config.BaseContext = func(net.Listener) context.Context { return ctx }
	if o.InMemory {
		pipe := NewPipe()
		// NewUnstartedServer has opened a port already.
		a.server.Listener.Close()
		a.server.Listener = pipe
		transport.DialContext = pipe.Dial
	}
	a.network = &network{Listener: a.server.Listener, open: map[*connection]struct{}{}}
	a.server.Listener = a.network
	a.server.Start()
	a.client = &http.Client{Transport: wholeBodies{transport}}
	return a
}

// Close ends calls under way and stops the server. State can still be read.
func (a *AWS) Close() {
	a.cancel()
	a.client.CloseIdleConnections()
	a.server.Close()
}

// URL is the endpoint of both services, for AWS_ENDPOINT_URL.
func (a *AWS) URL() string { return a.server.URL }

func wait(ctx context.Context, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	}
}
