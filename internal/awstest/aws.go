package awstest

import (
	"context"
	"net"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"time"
)

// Options say what the fake is like. The zero value is an account that has
// AWS's quotas and none of its quirks.
type Options struct {
	// Now dates everything. Nil means time.Now.
	Now func() time.Time

	// Region and Account are what ARNs carry. Empty means eu-north-1 and
	// 123456789012.
	Region, Account string

	// NoQuotas lifts the limits on calls per second. It does not lift the limits
	// on state, such as versions per secret.
	NoQuotas bool

	// ListLag is how far ListSecrets is behind. AWS documents up to five minutes
	// ("might not reflect changes from the last five minutes").
	ListLag time.Duration

	// EmptyPages makes every listing begin with an empty page that carries a
	// NextToken, and puts another after each full page. Both services document
	// that pages may be empty before the end.
	EmptyPages bool

	// PageSize caps the items of every page below what the request asks for and
	// AWS would give, so that a few items need several pages. Zero: no cap.
	PageSize int

	// InMemory serves over net.Pipe instead of a TCP port of the loopback
	// interface, for testing/synctest. The clients of Config reach it; nothing
	// else can.
	InMemory bool

	// Wait lets a Fault's delay pass: it returns after d or when ctx ends. Nil
	// waits for a timer. A test with a clock of its own moves that clock here.
	Wait func(ctx context.Context, d time.Duration)
}

// AWS is one account in one region. Its methods may be called at any time from
// any goroutine.
type AWS struct {
	options Options
	server  *httptest.Server
	network *network
	client  *http.Client
	cancel  context.CancelFunc // ends calls that a fault holds

	mu         sync.Mutex
	parameters map[string]*parameter
	secrets    map[string]*secret // by name
	sightings  []*sighting        // what ListSecrets may show, in order of creation
	keys       map[string]KeyState
	allows     func(Access) bool
	quotas     map[string][]time.Time
	faults     []*fault
	down       bool // after a crash: nothing gets through
	calls      []*Call
}

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
