package refresh

import (
	"cmp"
	"context"
	"fmt"
	"time"

	"example.com/tokenkeeper/internal/secret"
)

// conclude stores a grant, and says what became of it and of the next refresh token.
func (v *visit) conclude(ctx context.Context, cred Credential, grant Grant) Result {
	res, e := v.store(ctx, cred, grant)
	res.Warnings = append(v.once.newWarnings(v.Name, grant.Warnings), res.Warnings...)
	return v.settle(ctx, res, e)
}

// store stores a grant, unless it is the token that is stored already or must not be.
func (v *visit) store(ctx context.Context, cred Credential, grant Grant) (Result, *Error) {
	grant = v.inOrder(grant)
	version, _ := grant.version(v.Provider, v.Schedule)
	if cur, ok := v.state.current(); ok && cur.Digest == version.Digest && cur.Config == version.Config && v.now.Before(cur.ExpiresAt()) &&
		!(v.RenewsItself && version.ExpiresAt().After(cur.ExpiresAt())) {
		// A cached answer often repeats the first one's lifetime, which is believed only where to
		// live longer is all that a login gives.
		return v.result(Same, Decision{Reason: v.due.Reason}), nil
	}
	value, e := v.Storable(cred, grant, v.Schedule, v.Store.Limits(), v.now)
	if e != nil {
		return Result{}, e
	}
	if e := v.forewarn(ctx); e != nil {
		return Result{}, e
	}
	c := Change{Provider: v.Name, From: v.state.Current, To: version.ID(), Record: value}
	if v.Probe != nil {
		c.Probe = func(ctx context.Context) error { return v.Probe(ctx, cred, grant.AccessToken) }
	}
	res, e := v.save(ctx, c)
	if life := version.span(); v.Schedule.For(v.Provider).ShortLived(life) {
		what := "token"
		if life < version.Lifetime {
			what = "refresh token"
		}
		res.Warnings = append(res.Warnings, fmt.Sprintf("the %s lives %v: too short to be kept without a gap at a tick of %v", what, life, v.Schedule.Tick))
	}
	return res, e
}

// inOrder returns a grant that was asked for in the same second as the token that is there, or
// before by a clock that was set back, as if that had been a second after it, with the same end:
// versions are ordered by the second. One that ends the token before counts from its answer: of two
// runs at once, the login that was answered last has the good token.
func (v *visit) inOrder(g Grant) Grant {
	answered := v.now.Add(time.Since(v.began)).Truncate(time.Second)
	if took := answered.Sub(g.AskedAt.UTC().Truncate(time.Second)); v.Supersedes && took > 0 && took < maxAhead {
		g.Lifetime -= took
		g.AskedAt = g.AskedAt.Add(took)
	}
	cur, ok := v.state.current()
	if !ok {
		return g
	}
	asked := g.AskedAt.UTC().Truncate(time.Second)
	if late := cur.IssuedAt.Sub(asked); late >= 0 && late <= maxAhead {
		late += time.Second
		g.Lifetime -= late
		g.AskedAt = asked.Add(late)
	}
	return g
}

// Storable returns the record that g becomes for p, as consumers will read it, or why a
// run does not store it where stores have those limits.
func (p Provider) Storable(c Credential, g Grant, s Schedule, l Limits, now time.Time) (secret.Text, *Error) {
	v, record := g.version(p, s)
	refuse := func(code, detail, remedy string) (secret.Text, *Error) {
		return secret.Text{}, &Error{Class: Misconfigured, Code: code, Detail: detail, Remedy: remedy}
	}
	if !now.Before(v.ExpiresAt()) {
		return refuse(CodeTokenOver, "the token that was answered has expired already, at "+v.ExpiresAt().Format(time.RFC3339),
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
	if l.Record != 0 && value.Len() > l.Record {
		return refuse(CodeTokenTooLarge, fmt.Sprintf("the record would have %d bytes; a secret holds %d", value.Len(), l.Record),
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
func (v *visit) save(ctx context.Context, c Change) (Result, *Error) {
	deadline, _ := ctx.Deadline()
	saving, cancel := context.WithDeadline(ctx, earlier(deadline.Add(-noteTime), time.Now().Add(providerTime)))
	defer cancel()
	after, err := v.Store.Save(saving, c)
	if err != nil {
		return Result{}, asError(err, CodeStoreFailed, "storing the token")
	}
	after.Name, after.Note = v.Name, v.state.Note
	v.state = after
	res := v.result(Refreshed, Decision{Reason: v.due.Reason})
	switch {
	case after.Current != c.To:
		res.Outcome = Adopted
	case v.due.Reason == Unfinished:
		res.Outcome = Finished
	}
	return res, nil
}

// settle returns the result of a login, once it is known what became of the next refresh
// token too: that it is lost is noted and reported before any other failure.
func (v *visit) settle(ctx context.Context, res Result, e *Error) Result {
	if e = cmp.Or(v.rotated(ctx), e); e != nil {
		failed := v.fail(ctx, e)
		failed.Warnings = append(res.Warnings, failed.Warnings...)
		return failed
	}
	if res.Outcome == Same {
		v.same(ctx, &res)
		return res
	}
	if due, ok := v.dueAt(); ok {
		res.Next = due
	}
	v.clearNote(ctx, &res)
	return res
}

// dueAt returns when the token that is there is to be replaced; ok is false where there is none of
// ours.
func (v *visit) dueAt() (at time.Time, ok bool) {
	current, ok := v.state.current()
	current.Renewable = v.remember(Note{}).RefreshTokenEnds
	return v.Schedule.For(v.Provider).DueAt(v.Name, current), ok
}

// same notes that the provider answered the token that is stored.
func (v *visit) same(ctx context.Context, res *Result) {
	n := v.Schedule.unchanged(v.attempt())
	if due, ok := v.dueAt(); ok && v.now.Before(due) && due.Before(n.Next) {
		n.Next = due // asked for by hand, it was not due yet, and the plan holds
	}
	res.Next = n.Next
	v.mend(ctx, res, v.remember(n))
}

// version returns the version and the record that g becomes for p.
func (g Grant) version(p Provider, s Schedule) (Version, Record) {
	v := Version{
		IssuedAt: g.AskedAt.UTC().Truncate(time.Second),
		Lifetime: min(g.Lifetime, MaxLifetime).Truncate(time.Second),
		Config:   p.Config,
		Digest:   Digest(p.Name, g.AccessToken),

		Renewable: g.RefreshTokenEnds,
	}
	return v, Record{
		AccessToken:  g.AccessToken,
		TokenType:    g.TokenType,
		Provider:     p.Name,
		IssuedAt:     v.IssuedAt,
		RefreshAfter: s.For(p).DueAt(p.Name, v),
		ExpiresAt:    v.ExpiresAt(),
		Scope:        g.Scope,
		Extra:        g.Extra,
	}
}
