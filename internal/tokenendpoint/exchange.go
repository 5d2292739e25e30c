package tokenendpoint

import (
	"time"

	"example.com/tokenkeeper/internal/answer"
	"example.com/tokenkeeper/internal/refresh"
	"example.com/tokenkeeper/internal/secret"
)

// An exchange is one request and what became of it.
type exchange struct {
	plan       Plan // the zero Plan where it is a probe
	index      int  // of the request in it
	request    Request
	credential refresh.Credential
	witness    *Witness
	// asked looks for what was known when the request was sent, and all for what is known by now.
	// Both are set before there is an answer.
	asked, all *secret.Searcher
	// shape is that of the answer that has the token; nil: it is another.
	shape  *answer.Shape
	ticket ticket

	answer   *answer.Message // nil: none came
	received time.Time
	selected answer.Selection // what the config names in it
}

// A ticket is what an exchange has to do with the refresh token.
type ticket struct {
	// sent is set where the request sends it, and last where no later one does: the answer
	// to that one has the next.
	sent, last bool
	rotate     func(refresh.Successor)
	// unsure is set where the refresh token may have been spent, and no answer came that
	// can be read.
	unsure bool
	// overlooked is the name of what looks like the next refresh token and is not, by the config;
	// empty: there is none.
	overlooked string
}

// known returns the credential of x with what was made of it.
func (x exchange) known() refresh.Credential { return x.witness.Known(x.credential) }

// A failure is why an attempt gave no grant.
type failure struct {
	err *refresh.Error
	// tries is how many attempts such a failure is worth in one run.
	tries int
	// sent says that the request was sent.
	sent bool
	// skew is as in exchange.skew.
	skew time.Duration
}

// fail returns a failure. The text is the endpoint, without its query, and the detail.
func (x exchange) fail(code string, v verdict, detail, remedy string) *failure {
	f := &failure{tries: v.tries, sent: x.answer != nil, err: &refresh.Error{
		Class:   v.class,
		Suspect: v.suspect,
		Code:    code,
		Detail:  x.request.Target.Shown + " " + detail,
		Remedy:  remedy,
	}}
	if x.answer != nil {
		f.err.RetryAfter, f.err.Limited = x.answer.RetryAfter(x.received), x.answer.Limited()
	}
	return f
}

// fault is the failure of x for a reason that is found here.
func (x exchange) fault(code, detail, remedy string) *failure {
	return x.fail(code, ofFault(code), detail, remedy)
}

// quote returns foreign text, fit to be printed.
func (x exchange) quote(text string) string { return Quote(x.all, text) }

// faulty is the failure of an answer that cannot be used.
func (x exchange) faulty(f *answer.Fault) *failure { return x.fault(f.Code, f.Detail, f.Remedy) }
