package simulation

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"time"

	"example.com/tokenkeeper/internal/refresh"
	"example.com/tokenkeeper/internal/secret"
)

// A kind is what a provider does with tokens. The zero kind issues a new one at each login and
// leaves the old ones alone.
type kind struct {
	lifetime   time.Duration
	latency    time.Duration // of an answer
	repeats    bool          // answers the present token until a tenth of its life is left
	supersedes bool          // ends the former token with each login
	limit      int           // logins in an hour, refused ones too, before it answers 429; zero: none
	retryAfter bool          // says how long to stay away, with 429
	rotates    bool          // replaces the refresh token with each login
	grace      time.Duration // for which it repeats the answer to a refresh token that was spent
	revokes    bool          // ends all tokens where one is sent after that; else it refuses

	approvedOnly bool // its credential is for configs that its owner has approved
}

func (k kind) String() string {
	return fmt.Sprintf("tokens of %v, repeats %t, supersedes %t, limit %d with Retry-After %t, rotates %t with a grace of %v, revokes %t",
		k.lifetime, k.repeats, k.supersedes, k.limit, k.retryAfter, k.rotates, k.grace, k.revokes)
}

// newKind draws a kind.
func newKind(r *rand.Rand) kind {
	const hour = time.Hour
	lifetimes := []time.Duration{5 * time.Minute, hour / 2, hour, hour, hour, 2 * hour, 12 * hour, day, 7 * day, 30 * day}
	k := kind{lifetime: lifetimes[r.IntN(len(lifetimes))], latency: time.Duration(50+r.IntN(1500)) * time.Millisecond}
	if r.IntN(4) == 0 {
		k.latency *= 5
	}
	switch r.IntN(8) {
	case 0:
		k.repeats = true
	case 1:
		k.supersedes = true
	case 2:
		k.limit, k.retryAfter = 5, r.IntN(3) > 0
	case 3, 4:
		k.rotates, k.revokes = true, r.IntN(3) > 0
		k.grace = []time.Duration{0, 30 * time.Second, 30 * time.Minute}[r.IntN(3)]
	}
	k.approvedOnly = r.IntN(4) == 0
	return k
}

// A token is one that a provider has issued: the truth about it.
type token struct {
	text    string
	asked   time.Time
	issued  time.Time
	expires time.Time // may move to the front, when it is superseded or revoked
	config  string    // that it was asked for with
}

func (t *token) String() string {
	return fmt.Sprintf("%s, asked for at %v by %s, expires at %v", t.text, t.asked, t.config, t.expires)
}

// An exchange is what a refresh token was answered with.
type exchange struct {
	at    time.Time
	next  string
	token *token
}

// A provider is one token endpoint, with its config and its credential.
type provider struct {
	name   string
	number int
	kind
	is       map[What]bool // what befalls it
	config   int           // counts edits, and approved is the last that its owner has seen
	approved int
	secret   int // counts mends: the credential's version

	tokens  []*token
	byText  map[string]*token
	logins  []time.Time
	streak  streak
	last429 time.Time
	until   time.Time // it asks to be left alone until then

	valid   string // the refresh token that is good
	spent   map[string]exchange
	revoked bool
	ends    time.Time // the refresh token, as was answered last
}

// A streak is one answer that a provider has given again and again without a break, when, and after
// which other one.
type streak struct {
	answer, former string
	at             []time.Time
}

func (s streak) String() string {
	return fmt.Sprintf("%d times %q, after %q", len(s.at), s.answer, s.former)
}

// What a provider answers beside the codes of failures.
const (
	aToken    = "a token"
	sameToken = "the same token"
)

// answers notes what p has answered.
func (p *provider) answers(what string, now time.Time) {
	if p.streak.answer != what {
		p.streak = streak{answer: what, former: p.streak.answer}
	}
	if n := len(p.streak.at); n > 0 && now.Sub(p.streak.at[n-1]) < 30*time.Second {
		p.streak.at = p.streak.at[:n-1] // an attempt of the same run
	}
	p.streak.at = append(p.streak.at, now)
}

// mayBe reports whether a failure that is reported may come of an answer.
func (p *provider) mayBe(answer, code string) bool {
	return code == answer || p.rotates && code == refresh.CodeRefreshTokenUnsure
}

// newTicket has a person consent anew, and returns the refresh token of that.
func (p *provider) newTicket(now time.Time) string {
	p.spent, p.revoked = map[string]exchange{}, false
	p.valid = fmt.Sprintf("%s-consent-%d", p.name, now.Unix())
	return p.valid
}

// login is one login with a client secret, and with a refresh token where the provider rotates
// those. The lifetime counts from when it was asked.
func (p *provider) login(secret, ticket string, asked, now time.Time) (*token, string, *refresh.Error) {
	p.logins = append(p.logins, now)
	switch {
	case p.is[Down]:
		return nil, "", &refresh.Error{Class: refresh.Transient, Code: "http_503", Detail: "answered 503"}
	case p.is[Nonsense]:
		return nil, "", &refresh.Error{Class: refresh.Transient, Code: "no_access_token", Detail: "the answer has no token", Remedy: "look at it", Suspect: true, Unsure: p.rotates}
	case p.limit > 0 && (after(p.logins, now.Add(-time.Hour)) > p.limit || now.Before(p.until)):
		p.last429 = now
		e := &refresh.Error{Class: refresh.Transient, Code: "http_429", Detail: "answered 429", Limited: true}
		if p.retryAfter {
			// When the fifth login before this one no longer counts, if none comes until then.
			p.until = p.logins[len(p.logins)-p.limit].Add(time.Hour)
			e.RetryAfter = p.until.Sub(now)
		}
		return nil, "", e
	case p.is[WrongSecret] || secret != fmt.Sprint(p.secret):
		return nil, "", &refresh.Error{Class: refresh.Misconfigured, Code: "invalid_client", Detail: "the login was rejected", Remedy: "mend the credential"}
	case p.rotates:
		return p.exchange(ticket, asked, now)
	}
	last := p.last()
	if p.repeats && last != nil && last.expires.Sub(now) > p.lifetime/10 {
		return last, "", nil
	}
	if p.supersedes && last != nil && last.expires.After(now) {
		last.expires = now
	}
	return p.issue(asked, now), "", nil
}

// exchange is a login with a refresh token.
func (p *provider) exchange(ticket string, asked, now time.Time) (*token, string, *refresh.Error) {
	before, spent := p.spent[ticket]
	switch {
	case p.is[Doubts]:
	case !p.revoked && ticket == p.valid:
		next := fmt.Sprintf("%s-ticket-%d", p.name, len(p.tokens))
		e := exchange{now, next, p.issue(asked, now)}
		p.spent[ticket], p.valid = e, next
		return e.token, next, nil
	case !p.revoked && spent && before.next == p.valid && now.Sub(before.at) < p.grace:
		return before.token, before.next, nil
	case spent && p.revokes:
		p.revoked = true
		for _, t := range p.tokens[max(0, len(p.tokens)-3):] {
			if t.expires.After(now) {
				t.expires = now
			}
		}
	}
	return nil, "", &refresh.Error{Class: refresh.NeedsPerson, Code: "invalid_grant", Detail: "the refresh token was refused", Remedy: "consent anew", Suspect: true}
}

func (p *provider) issue(asked, now time.Time) *token {
	t := &token{text: fmt.Sprintf("%s-%d", p.name, len(p.tokens)), asked: asked, issued: now, expires: asked.Add(p.lifetime)}
	p.tokens, p.byText[t.text] = append(p.tokens, t), t
	return t
}

func (p *provider) last() *token {
	if len(p.tokens) == 0 {
		return nil
	}
	return p.tokens[len(p.tokens)-1]
}

// order is what the tokens of p are ordered by: by when they were asked for, or where the last one that
// was issued has ended the others, by that.
func (p *provider) order(t *token) time.Time {
	if p.supersedes {
		return t.issued
	}
	return t.asked
}

// tied reports whether t and the last token were issued within a second to two runs at once. That has no
// order in version ids: the provider alone knows which came last, and may have ended the other.
func (p *provider) tied(t *token) bool {
	return p.supersedes && p.last() != t && p.last().issued.Sub(t.issued).Abs() <= time.Second
}

// named returns the token of a record; nil: it was never issued.
func (p *provider) named(record string) *token {
	_, text, _ := strings.Cut(record, `"access_token":"`)
	text, _, _ = strings.Cut(text, `"`)
	return p.byText[text]
}

// after counts the times in an ordered list that come after t.
func after(times []time.Time, t time.Time) int {
	n := 0
	for i := len(times) - 1; i >= 0 && times[i].After(t); i-- {
		n++
	}
	return n
}

// documents are the config of p, and the approved copy of it, where there is one. A bad one is for the
// runs to find out.
func (p *provider) documents() []refresh.Document {
	d := refresh.Document{Name: p.name, Where: "/tokenkeeper/providers/" + p.name, Data: secret.New(fmt.Sprintf(`{"edit": %d}`, p.config)),
		Version: fmt.Sprint(p.config, p.approved, p.is[Paused], p.is[BadConfig])}
	if p.is[BadConfig] {
		d.Data = secret.New("{")
	}
	switch {
	case p.is[Removed]:
		return nil
	case !p.approvedOnly:
		return []refresh.Document{d}
	}
	approved := d
	approved.Approver, approved.Data = p.name, secret.New(p.inEffect())
	return []refresh.Document{approved, d}
}

// inEffect returns the config by which p is to be asked.
func (p *provider) inEffect() string {
	if p.approvedOnly {
		return fmt.Sprintf(`{"edit": %d}`, p.approved)
	}
	return fmt.Sprintf(`{"edit": %d}`, p.config)
}

// made is what a config makes of p, as far as a schedule asks.
func (p *provider) made() refresh.Provider {
	return refresh.Provider{Name: p.name, Credential: p.name, Timeout: attemptTime, Supersedes: p.supersedes, Paused: p.is[Paused],
		Rotates: p.rotates, Grace: max(p.grace-5*time.Second, 0)}
}

// attemptTime is the longest that one attempt of a login takes.
const attemptTime = 10 * time.Second

// credential is that of p.
func (p *provider) credential() (refresh.Document, error) {
	if p.is[NoCredential] {
		return refresh.Document{Name: p.name}, refresh.ErrNotFound
	}
	rest := `"site": "north", "public": ["site"], "providers": ["a-team", "` + strings.Repeat("a", 63) + `"]`
	if p.is[BadCredential] {
		rest = contradictions[p.secret%len(contradictions)]
	}
	text := fmt.Sprintf(`{%q: %q, "approved_only": %t, %s}`, p.secretName(), clientSecret, p.approvedOnly, rest)
	return refresh.Document{Name: p.name, Where: "credentials/" + p.name, Version: fmt.Sprint(p.secret), Data: secret.New(text)}, nil
}

// secretName is what the credential of p calls its secret. An account may be public.
func (p *provider) secretName() string {
	return []string{"client_secret", "password", "api_key", "account", "session_token"}[p.number%5]
}

// clientSecret is one that no record may contain.
const clientSecret = "9bX2-kd73_Qm5tVzL0aP"

// contradictions are what makes a credential one that is refused.
var contradictions = []string{
	`"refresh_token": "a", "public": ["refresh_token"]`,
	`"signing_key": "a", "public": ["signing_key"]`,
	`"cert": "-----BEGIN PRIVATE KEY-----", "public": ["cert"]`,
	`"cert": "{\"kty\": \"oct\"}", "public": ["cert"]`,
	`"site": "` + clientSecret + `", "public": ["site"]`,
	`"site": "https://` + clientSecret + `.example", "public": ["site"]`,
	`"site": "` + clientSecret[2:] + `", "public": ["site"]`,
	`"providers": ["a-backup"]`,
	`"providers": ["` + strings.Repeat("a", 64) + `"]`,
	`"providers": [""]`,
}
