package tokenendpoint

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"example.com/tokenkeeper/internal/answer"
	"example.com/tokenkeeper/internal/httprequest"
	"example.com/tokenkeeper/internal/problem"
	"example.com/tokenkeeper/internal/refresh"
	"example.com/tokenkeeper/internal/strictjson"
	"example.com/tokenkeeper/internal/wire"
)

// An Endpoint is one provider as its config describes it. It is safe for concurrent use.
type Endpoint struct {
	where  string
	plan   Plan
	client *wire.Client
	now    func() time.Time
	sleep  func(ctx context.Context, d time.Duration) bool
}

var _ refresh.Endpoint = (*Endpoint)(nil)

// Plan returns what the config comes to, for those who explain it.
func (e *Endpoint) Plan() Plan { return e.plan }

// Check says what of c does not fit the config, without sending anything: values that
// are missing, hosts that c does not name, values that cannot be placed where they would.
func (e *Endpoint) Check(c refresh.Credential) refresh.Problems {
	ps := problem.List{Where: e.where}
	checkHosts(&ps, c, e.plan.Everywhere())
	e.plan.checkValues(&ps, c)
	e.plan.checkSent(&ps, c)
	if len(ps.Found) == 0 {
		e.plan.checkSigns(&ps, c)
	}
	if len(ps.Found) > 0 {
		return ps.Found
	}
	wrong := func(path string, err error) {
		var fault *httprequest.Fault
		switch {
		case errors.As(err, &fault):
			ps.Add(fault.Path, "", fault.Detail, fault.Remedy)
		case err != nil:
			ps.Add(path, "", err.Error(), "")
		}
	}
	now := e.now()
	c, _, err := e.plan.derive(e.plan.supposing(c), now, nil)
	if err != nil {
		wrong("", err)
		return ps.Found
	}
	for _, r := range e.plan.Requests {
		_, err := r.Build(context.Background(), newValues(c, now, nil))
		wrong(r.Path, err)
		if r.Certificate != nil {
			_, err := r.Certificate.load(c, now)
			wrong(r.Path, err)
		}
	}
	return ps.Found
}

// checkHosts notes the hosts that c does not name.
func checkHosts(ps *problem.List, c refresh.Credential, requests []Request) {
	for _, r := range requests {
		s := r.Target.Site
		path := r.Target.FixedPath()
		if s.Allowed(c.AllowedHosts, path) {
			continue
		}
		if len(c.AllowedHosts) == 0 {
			ps.Add(r.Path, httprequest.ShowURL(r.Target.Shown), fmt.Sprintf("the credential %q does not say where it may be sent", c.Name),
				fmt.Sprintf(`if it may be sent there, its owner adds "allowed_hosts": [%q] to it`, s.Pins()[0]))
			continue
		}
		detail := fmt.Sprintf("the credential %q may only be sent to %s", c.Name, strictjson.Enumerate(c.AllowedHosts, "and"))
		if path == "" && slices.ContainsFunc(c.AllowedHosts, func(pin string) bool { return strings.HasPrefix(pin, s.Pins()[0]+"/") }) {
			detail += ", and with a path there the URL's own must be written out, without a value in it"
		}
		ps.Add(r.Path, httprequest.ShowURL(r.Target.Shown), detail, fmt.Sprintf("if it may be sent there, its owner adds %q to allowed_hosts", s.Pins()[0]))
	}
}

// checkValues notes the values that c does not have.
func (p Plan) checkValues(ps *problem.List, c refresh.Credential) {
	for _, u := range p.Needs {
		if _, ok := c.Values[u.Name]; ok {
			continue
		}
		near := strictjson.Nearest(u.Name, c.Names())
		var remedy string
		switch {
		case near != "" && u.Implied:
			remedy = fmt.Sprintf("rename its %q to %q", near, u.Name)
		case near != "":
			remedy = fmt.Sprintf("did you mean ${%s}?", near)
		case len(c.Values) == 0:
			remedy = fmt.Sprintf("add %q to it", u.Name)
		default:
			remedy = fmt.Sprintf("add %q to it; it has %s", u.Name, strictjson.Enumerate(c.Names(), "and"))
		}
		ps.Add(u.At, "", fmt.Sprintf("sends %s, which the credential %q does not have", u.Name, c.Name), remedy)
	}
}

// Grant logs in with l. It sends nothing where Check finds a problem. A transient failure is tried
// again, up to three attempts in all, as long as ctx leaves the time. A refresh token is sent again
// once, at once, where no answer came to it and the provider may still repeat that.
func (e *Endpoint) Grant(ctx context.Context, l refresh.Login) (refresh.Grant, error) {
	return e.GrantWitnessed(ctx, l, &Witness{})
}

// GrantWitnessed is Grant before a witness.
func (e *Endpoint) GrantWitnessed(ctx context.Context, l refresh.Login, w *Witness) (refresh.Grant, error) {
	c := l.Credential
	if ps := e.Check(c); len(ps) > 0 {
		return refresh.Grant{}, e.unfit(c, ps)
	}
	if len(e.plan.Requests) == 0 {
		return e.ownGrant(c)
	}
	var skew time.Duration
	unsure := false
	for n := 1; ; n++ {
		began := time.Now()
		g, f := e.attempt(ctx, l, skew, unsure, w)
		if f == nil {
			return g, nil
		}
		if unsure || f.err.Unsure {
			if unsure || time.Since(began) > e.plan.grace-graceMargin || !mayLast(ctx, 0, e.plan.timeout) {
				return refresh.Grant{}, f.err
			}
			unsure = true
			continue
		}
		if f.skew != 0 && skew == 0 && !e.plan.supersedes && mayLast(ctx, 0, e.plan.timeout) {
			skew = f.skew // once: by the provider's clock the JWT may have been over, or of its future
			continue
		}
		pause := pauseAfter(n, f)
		if n >= f.tries || e.plan.supersedes || !mayLast(ctx, pause, e.plan.timeout) || !e.sleep(ctx, pause) {
			return refresh.Grant{}, f.err
		}
	}
}

// unfit is the failure of a credential that does not fit the config.
func (e *Endpoint) unfit(c refresh.Credential, ps refresh.Problems) *refresh.Error {
	code := refresh.CodeBadCredential
	hosts := problem.List{}
	if checkHosts(&hosts, c, e.plan.Everywhere()); len(hosts.Found) > 0 {
		code = codeHostNotAllowed
	}
	return &refresh.Error{Class: ofFault(code).class, Code: code, Detail: ps.Error(), Err: ps}
}

// attempt makes one pass through all requests. The skew is how far the provider's clock is
// ahead; what is signed is dated by it. That the refresh token may have been spent by an
// earlier attempt is in unsure.
func (e *Endpoint) attempt(ctx context.Context, l refresh.Login, skew time.Duration, unsure bool, w *Witness) (refresh.Grant, *failure) {
	c, p := l.Credential, e.plan
	x := exchange{plan: p, witness: w, ticket: ticket{rotate: l.Rotate}}
	var warnings []string
	var err error
	if x.credential, warnings, err = p.derive(c, e.now().Add(skew), &w.made); err != nil {
		x.request = p.Requests[0]
		return refresh.Grant{}, x.fault(refresh.CodeBadCredential, fmt.Sprintf("cannot be asked: %v", err), "")
	}
	g, f := e.pass(ctx, &x)
	if f != nil && len(p.JWTs) > 0 {
		f.skew = x.skew(f)
	}
	if f != nil && p.Rotates {
		f = spending(f, unsure || x.ticket.unsure)
	}
	if f == nil {
		g.Warnings = append(warnings, g.Warnings...)
		if at := x.ticket.overlooked; at != "" {
			g.Warnings = append(g.Warnings, fmt.Sprintf(`the answer has a refresh token called %s, which is not stored, since response.refresh_token does not lead there; if it replaces the one that was sent, say "response": {"refresh_token": "PATH"}, with the path to it`, at))
		}
	}
	return g, f
}

// pass sends the requests of a plan, one after the other, with the credential of x. In the
// end x is the last exchange there was.
func (e *Endpoint) pass(ctx context.Context, x *exchange) (refresh.Grant, *failure) {
	p := x.plan
	ctx, cancel := wire.WithTimeout(ctx, p.timeout)
	defer cancel()
	var from exchange
	defer func() { x.answer.Leave() }()
	carriers := p.carriers()
	for i, r := range p.Requests {
		at := slices.Index(carriers, i)
		x.ticket.sent, x.ticket.last = at >= 0, at >= 0 && at == len(carriers)-1
		x.index, x.request, x.shape = i, r, nil
		x.answer, x.selected = nil, answer.Selection{} // they may be large
		if i == p.From {
			x.shape = &p.Answer
		}
		if f := e.send(ctx, x); f != nil {
			// What an earlier request has sent is not sent again for want of this one.
			f.sent = f.sent || len(carriers) > 0 && carriers[0] < i
			return refresh.Grant{}, f
		}
		if i == p.From {
			from = *x
		}
		if len(p.Requests) == 1 {
			break
		}
		var f *failure
		if x.credential, f = x.keep(); f != nil {
			return refresh.Grant{}, f
		}
		x.answer.Leave()
	}
	if len(p.Requests) > 1 {
		from.credential = x.credential // so that what was kept is redacted too
		from.all = from.known().Searcher()
	}
	return from.grant()
}

// send sends the request of x and waits for the answer, which is a good one if there is
// no failure. How long it waits is for ctx to say.
func (e *Endpoint) send(ctx context.Context, x *exchange) *failure {
	client := e.client
	if x.credential.Authorities != nil {
		client = client.Trusting(x.credential.Authorities)
		defer client.Close()
	}
	req, err := x.request.Build(ctx, newValues(x.credential, e.now(), &x.witness.made))
	x.asked = x.known().Searcher()
	x.all = x.asked
	if err == nil && x.request.Certificate != nil {
		var certificate tls.Certificate
		if certificate, err = x.request.Certificate.load(x.credential, e.now()); err == nil {
			client = client.Showing(certificate)
			defer client.Close()
		}
	}
	if err != nil {
		return x.fault(refresh.CodeBadCredential, fmt.Sprintf("cannot be asked: %v", err), "")
	}
	m, broken := client.Do(req)
	x.answer, x.received = m, e.now()
	if x.witness.Saw != nil {
		x.witness.Saw(x.index, m)
	}
	switch {
	case broken == nil:
		x.rotate(m)
	case x.ticket.sent && broken.Begun:
		x.ticket.unsure = true
	}
	if m != nil {
		if f := x.receive(); f != nil {
			return f
		}
	}
	if broken != nil {
		return x.unanswered(broken)
	}
	return x.judge()
}

// ownGrant is the grant of a token that is signed here.
func (e *Endpoint) ownGrant(c refresh.Credential) (refresh.Grant, error) {
	j, now := e.plan.JWTs[0], e.now()
	signed, warnings, err := e.plan.derive(c, now, nil)
	if err != nil {
		return refresh.Grant{}, &refresh.Error{Class: ofFault(refresh.CodeBadCredential).class, Code: refresh.CodeBadCredential, Detail: j.Path + " " + err.Error(), Err: err}
	}
	return refresh.Grant{AccessToken: signed.Values[j.Name], TokenType: "Bearer", AskedAt: now, Lifetime: j.Claims.Lifetime, LifetimeFrom: "signed_jwt.lifetime", Warnings: warnings}, nil
}
