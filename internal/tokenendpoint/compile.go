package tokenendpoint

import (
	"fmt"
	"maps"
	"slices"
	"time"

	"example.com/tokenkeeper/internal/refresh"
	"example.com/tokenkeeper/internal/strictjson"
)

// A plan is a config, compiled: what to send, in order, and how to read the answer that
// has the token.
type plan struct {
	requests []request
	reader   reader
	// timeout is for one login: all its requests, with their answers.
	timeout time.Duration
	// uses are the credential's values that the requests need.
	uses []use
	// jwts are signed for each attempt, token instead of any.
	jwts  []jwt
	token *jwt
	// rotates says that a request sends the refresh token that a vault keeps.
	rotates bool
	// discovery leads to the token endpoint; nil: it is known. Once it is found, that is
	// tokenEndpoint. The issuer is whom assertions are for, unless they say otherwise.
	discovery             *discovery
	tokenEndpoint, issuer string
	// advice is what speaks against the config, though it works.
	advice []string
	// from is the index of the request whose answer has the token.
	from int
	// supersedes says that a new token ends the one before, so that no login is repeated.
	supersedes bool
	probe      *request // nil: none
	record     *recordForm
}

// A use is one place where a plan needs a value of the credential.
type use struct {
	name, path string
	// implied marks a value that OAuth names and not the config.
	implied bool
}

// A compiler makes a plan of a config and collects the problems on its way. The plan is
// good only if there are none.
type compiler struct {
	problems
	loopback    bool
	expressions *expressions // nil: none are kept
	plan        plan
	// kept are the values of the steps so far, as templates name them.
	kept []string
	// needs are those of them that a request cannot do without.
	needs     []string
	stepNames []string
	// unread is set where a step could not be read, so that nobody knows what it keeps.
	unread bool
	// vocabulary is what templates may name just now: see within.
	vocabulary vocabulary
}

const (
	defaultTimeout = 10 * time.Second
	// maxTimeout is the time that a provider has in one run for logging in.
	maxTimeout = 15 * time.Second
)

func (c *compiler) compile(cfg config) {
	if cfg.Credential != nil {
		if err := refresh.CheckName(*cfg.Credential); err != nil {
			c.add("credential", "", err.Error(), "")
		}
	}
	c.plan.timeout = c.duration("timeout", cfg.Timeout, time.Second, maxTimeout, defaultTimeout)

	c.steps(cfg.Steps)
	first := cfg.firstLevel()
	switch {
	case cfg.SignedJWT != nil && (cfg.Request != nil || len(first) > 0 || len(cfg.Steps) > 0):
		c.add("signed_jwt", "", "is itself the token, and stands beside a request for one", "keep one of the two")
	case cfg.SignedJWT != nil:
		c.signedJWT(cfg)
	case cfg.Request != nil && len(first) > 0:
		for _, name := range first {
			c.add(name, "", "stands beside request, which spells the whole request out", "keep one of the two: remove "+name+" or request")
		}
	case cfg.Request != nil:
		c.plan.requests = append(c.plan.requests, c.request("request", *cfg.Request))
	case len(first) > 0:
		c.plan.requests = append(c.plan.requests, c.oauth(cfg))
	case len(cfg.Steps) > 0:
		c.add("steps", "", "come before a request for the token, and there is none", `write the last of them as "request" beside "steps"`)
	case len(c.list) == 0: // else it may be there, mistyped
		c.add("", "", "says neither token_endpoint nor request",
			`write {"token_endpoint": "https://…"} for OAuth, or {"request": {"url": "https://…"}} for a login of another shape`)
	}
	if len(first) == 0 && cfg.SignedJWT == nil {
		c.namedAssertion(cfg)
	}
	c.plan.reader = c.reader(cfg)
	c.refreshing(cfg)
	c.plan.supersedes = cfg.Supersedes != nil && *cfg.Supersedes
	c.tokenStep(cfg.Response)
	c.plan.record = c.record(cfg.Record, cfg.Response.Extra)
	c.plan.probe = c.probe(cfg.Probe)
}

// duration reads a field in Go's notation.
func (c *compiler) duration(path string, v strictjson.Value, least, most, missing time.Duration) time.Duration {
	if v.Type == strictjson.Absent {
		return missing
	}
	if v.Type != strictjson.String {
		c.add(path, "", fmt.Sprintf("must be a string with a duration, not %s", v.Type), `write it in quotes with a unit, such as "10s"`)
		return missing
	}
	d, err := time.ParseDuration(v.Text)
	switch {
	case err != nil:
		c.add(path, show(v.Text), "is not a duration", `write a number and a unit, such as "90s", "10m" or "1h30m"; a day is "24h"`)
	case d < least:
		c.add(path, show(v.Text), fmt.Sprintf("is too short; the least is %v", least), "")
	case d > most:
		c.add(path, show(v.Text), fmt.Sprintf("is too long; the most is %v", most), "")
	default:
		return d
	}
	return missing
}

// reader compiles what the config says of the answer.
func (c *compiler) reader(cfg config) reader {
	res := cfg.Response
	r := reader{
		accessToken:     c.source("response.access_token", res.AccessToken, "access_token"),
		tokenType:       c.expression("response.token_type", res.TokenType, "token_type"),
		typeStated:      res.TokenType != nil,
		expiresIn:       c.source("response.expires_in", res.ExpiresIn, "expires_in"),
		expiresAt:       c.source("response.expires_at", res.ExpiresAt, ""),
		scope:           c.expression("response.scope", res.Scope, "scope"),
		defaultLifetime: c.duration("default_lifetime", cfg.DefaultLifetime, time.Second, refresh.MaxLifetime, 0),
		maxLifetime:     c.duration("max_lifetime", cfg.MaxLifetime, time.Second, refresh.MaxLifetime, 0),
	}
	if r.maxLifetime > 0 && r.defaultLifetime > r.maxLifetime {
		c.add("default_lifetime", show(cfg.DefaultLifetime.Text), fmt.Sprintf("is more than max_lifetime, which is %v", r.maxLifetime), "")
	}
	if res.ExpiresInUnit != nil {
		r.unit = unit(*res.ExpiresInUnit)
		c.unit("response.expires_in_unit", *res.ExpiresInUnit)
	}
	if len(res.Extra) > 0 {
		r.extra = make(map[string]expression)
	}
	for _, name := range slices.Sorted(maps.Keys(res.Extra)) {
		path := "response.extra." + name
		if !validExtra.MatchString(name) {
			c.add("response.extra", show(name), "is not a name for a field of the record", "use at most 64 letters, digits, _, - and .")
			continue
		}
		text := res.Extra[name]
		r.extra[name] = c.expression(path, &text, "")
	}
	return r
}
