package simulator

import (
	"bytes"
	"maps"
	"net/http"
)

// A Fault is what goes wrong at a token endpoint: it wraps the handler that
// would have answered well. Tests may write their own.
type Fault func(next http.Handler) http.Handler

// Join returns a fault that does all of those given. The first is the nearest
// to the client: it sees, and may spoil again, what the others have made of the
// answer. Those that break the wire come first, since a fault that spoils the
// answer waits for the whole of it.
func Join(faults ...Fault) Fault {
	return func(next http.Handler) http.Handler {
		for i := len(faults) - 1; i >= 0; i-- {
			next = faults[i](next)
		}
		return next
	}
}

// An Answer is what a provider, or a fault in its place, answers.
type Answer struct {
	Status int
	Header http.Header
	Body   []byte
}

// Alter returns a fault that changes the answer before it is sent. The login
// has taken place by then, and its token is live.
func Alter(change func(*Answer)) Fault {
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			a := capture(next, w, r)
			change(a)
			a.send(w)
		})
	}
}

// capture lets next answer, and keeps the answer.
func capture(next http.Handler, w http.ResponseWriter, r *http.Request) *Answer {
	c := catcher{answer: &Answer{Header: w.Header().Clone()}}
	next.ServeHTTP(&c, r)
	c.WriteHeader(http.StatusOK)
	c.answer.Body = c.body.Bytes()
	return c.answer
}

// A catcher is an http.ResponseWriter that sends nothing.
type catcher struct {
	answer *Answer
	body   bytes.Buffer
}

func (c *catcher) Header() http.Header { return c.answer.Header }

func (c *catcher) WriteHeader(status int) {
	final := status >= 200
	if c.answer.Status == 0 && final {
		c.answer.Status = status
	}
}

func (c *catcher) Write(b []byte) (int, error) {
	c.WriteHeader(http.StatusOK)
	return c.body.Write(b)
}

// sendHead sends the status and the header.
func (a *Answer) sendHead(w http.ResponseWriter) {
	clear(w.Header())
	maps.Copy(w.Header(), a.Header)
	w.WriteHeader(a.Status)
}

func (a *Answer) send(w http.ResponseWriter) {
	a.sendHead(w)
	w.Write(a.Body)
}
