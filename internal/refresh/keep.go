package refresh

import (
	"cmp"
	"context"
	"fmt"
	"time"

	"example.com/tokenkeeper/internal/secret"
)

// maxRecord is the size of the largest value that Secrets Manager takes, in bytes.
const maxRecord = 65536

// keep stores a grant, unless it is the token that is stored already or must not be.
func (r *run) keep(ctx context.Context, t task, d Decision, cred Credential, tried string, grant Grant) Result {
	v, record := grant.version(t.Provider, r.Schedule)
	if cur, ok := t.state.current(); ok && cur.Digest == v.Digest && cur.Config == v.Config && r.now.Before(cur.ExpiresAt()) {
		// What the answer says of the lifetime is not believed: a cached answer often
		// repeats the first one's.
		return r.same(ctx, t, d, tried)
	}
	value, e := t.storable(cred, grant, v, record, r.now)
	if e != nil {
		return r.fail(ctx, t, d, tried, e)
	}
	c := Change{Provider: t.Name, From: t.state.Current, To: v.ID(), Record: value}
	if t.Probe != nil {
		c.Probe = func(ctx context.Context) error { return t.Probe(ctx, grant.AccessToken) }
	}
	res := r.save(ctx, t, d, c, tried)
	if r.Schedule.For(t.Provider).ShortLived(v.Lifetime) {
		res.Warnings = append(res.Warnings, fmt.Sprintf("the token lives %v: too short to be kept without a gap at a tick of %v", v.Lifetime, r.Schedule.Tick))
	}
	return res
}

// Storable returns the record that g becomes for p, as consumers will read it, or why a
// run does not store it.
func (p Provider) Storable(c Credential, g Grant, s Schedule, now time.Time) (secret.Text, *Error) {
	v, record := g.version(p, s)
	return p.storable(c, g, v, record, now)
}

func (p Provider) storable(c Credential, g Grant, v Version, record Record, now time.Time) (secret.Text, *Error) {
	refuse := func(code, detail, remedy string) (secret.Text, *Error) {
		return secret.Text{}, &Error{Class: Misconfigured, Code: code, Detail: detail, Remedy: remedy}
	}
	if !now.Before(v.ExpiresAt()) {
		return refuse(CodeTokenOver, "the token that was answered is already over: it ended at "+v.ExpiresAt().Format(time.RFC3339),
			"look at the clock of the provider, and at the lifetime's unit")
	}
	value, err := record.Encode()
	searched := value.Reveal()
	if err == nil && p.Encode != nil {
		// In the form that the config gives it a secret may be hard to recognize.
		value, err = p.Encode(record)
		searched += "\n" + value.Reveal()
	}
	if err != nil {
		return refuse(CodeInternal, "encoding the record: "+c.Redact(err.Error()), "")
	}
	if value.Len() > maxRecord {
		return refuse(CodeTokenTooLarge, fmt.Sprintf("the record would have %d bytes; a secret holds %d", value.Len(), maxRecord),
			"ask for fewer scopes, or for fewer extra fields")
	}
	name, err := c.Searcher().Find(searched)
	if err != nil {
		return refuse(CodeTokenTooLarge, "the record "+err.Error(), "look at the paths under response")
	}
	if name != "" {
		return refuse(CodeSecretInRecord, fmt.Sprintf("the record would contain the credential's %s, so it is not stored", name),
			cmp.Or(c.IfPublic(name), "look at the paths under response: one of them leads to what was sent, or to the next refresh token"))
	}
	return value, nil
}

// save makes a version current.
func (r *run) save(ctx context.Context, t task, d Decision, c Change, tried string) Result {
	deadline, _ := ctx.Deadline()
	saving, cancel := context.WithDeadline(ctx, deadline.Add(-noteTime))
	defer cancel()
	after, err := r.Store.Save(saving, c)
	if err != nil {
		return r.fail(ctx, t, d, tried, asError(err, CodeStoreFailed, "storing the token"))
	}
	after.Name, after.Note = t.Name, t.state.Note
	t.state = after
	res := t.result(Refreshed, Decision{Reason: d.Reason})
	switch {
	case after.Current != c.To:
		res.Outcome = Adopted
	case d.Reason == Unfinished:
		res.Outcome = Finished
	}
	if v, ok := after.current(); ok {
		res.Next = r.Schedule.For(t.Provider).DueAt(t.Name, v)
	}
	r.clearNote(ctx, &res)
	return res
}

// same notes that the provider answered the token that is stored.
func (r *run) same(ctx context.Context, t task, d Decision, tried string) Result {
	n := r.Schedule.unchanged(attempt{state: t.state, config: t.Config, credential: tried, now: r.now})
	if v, ok := t.state.current(); ok {
		// Asked for by hand, it was not due yet, and the plan stands.
		if due := r.Schedule.For(t.Provider).DueAt(t.Name, v); r.now.Before(due) && due.Before(n.Next) {
			n.Next = due
		}
	}
	res := t.result(Same, Decision{Reason: d.Reason, Next: n.Next})
	res.Recovered = t.state.Note.Class.Failing()
	r.note(ctx, &res, n)
	return res
}
