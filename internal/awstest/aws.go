package awstest

import (
	"context"
	"net/http"
	"net/http/httptest"
	"sync"
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
