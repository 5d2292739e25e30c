package tokenendpoint

import (
	"time"

	"example.com/tokenkeeper/internal/refresh"
	"example.com/tokenkeeper/internal/strictjson"
)

// A plan is a config, compiled: what to send, in order, and how to read what the last
// request is answered with.
type plan struct {
	requests []request
	reader   reader
	// timeout is for each request, its answer included.
	timeout time.Duration
	// uses are the credential's values that the requests need.
	uses []use
	// advice is what speaks against the config, though it works.
	advice []string
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
	loopback bool
	plan     plan
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

	first := cfg.firstLevel()
	switch {
	case cfg.Request != nil && len(first) > 0:
		for _, name := range first {
			c.add(name, "", "stands beside request, which spells the whole request out", "keep one of the two: remove "+name+" or request")
		}
	case cfg.Request != nil:
		c.plan.requests = []request{c.request(*cfg.Request)}
	case len(first) > 0:
		c.plan.requests = []request{c.oauth(cfg)}
	case len(c.list) == 0: // else it may be there, mistyped
		c.add("", "", "says neither token_endpoint nor request",
			`write {"token_endpoint": "https://…"} for OAuth, or {"request": {"url": "https://…"}} for a login of another shape`)
	}
	c.plan.reader = c.reader(cfg)
}

// template compiles a string of the config. The name is that of the field or parameter
// that the string is the value of, by which a secret is told that should not be there.
func (c *compiler) template(path, name, text string) template {
	t, names, fault := parseTemplate(text)
	if fault != nil {
		c.add(path, show(text), fault.detail, fault.remedy)
		return nil
	}
	if len(names) == 0 {
		c.refuseSecret(path, name, text)
	}
	for _, n := range names {
		c.plan.uses = append(c.plan.uses, use{name: n, path: path})
	}
	return t
}

// implied is the template of a value that OAuth asks for by that name.
func (c *compiler) implied(path, name string) template {
	c.plan.uses = append(c.plan.uses, use{name: name, path: path, implied: true})
	return valueOf(name)
}

// duration reads a field in Go's notation.
func (c *compiler) duration(path string, v strictjson.Value, least, most, missing time.Duration) time.Duration {
	if v.Type == strictjson.Absent {
		return missing
	}
	if v.Type != strictjson.String {
		c.addf(path, "", `write it in quotes with a unit, such as "10s"`, "must be a string with a duration, not %s", v.Type)
		return missing
	}
	d, err := time.ParseDuration(v.Text)
	switch {
	case err != nil:
		c.add(path, show(v.Text), "is not a duration", `write a number and a unit, such as "90s", "10m" or "1h30m"; a day is "24h"`)
	case d < least:
		c.addf(path, show(v.Text), "", "is too short; the least is %v", least)
	case d > most:
		c.addf(path, show(v.Text), "", "is too long; the most is %v", most)
	default:
		return d
	}
	return missing
}

// reader compiles what the config says of the answer.
func (c *compiler) reader(cfg config) reader {
	res := cfg.Response
	r := reader{
		accessToken: c.expression("response.access_token", res.AccessToken, "access_token"),
		tokenType:   c.expression("response.token_type", res.TokenType, "token_type"),
		typeStated:  res.TokenType != nil,
		expiresIn:   c.expression("response.expires_in", res.ExpiresIn, "expires_in"),
		expiresAt:   c.expression("response.expires_at", res.ExpiresAt, ""),
		scope:       c.expression("response.scope", res.Scope, "scope"),
		standing:    c.duration("default_lifetime", cfg.DefaultLifetime, time.Second, refresh.MaxLifetime, 0),
		most:        c.duration("max_lifetime", cfg.MaxLifetime, time.Second, refresh.MaxLifetime, 0),
	}
	if r.most > 0 && r.standing > r.most {
		c.addf("default_lifetime", show(cfg.DefaultLifetime.Text), "", "is more than max_lifetime, which is %v", r.most)
	}
	if res.ExpiresInUnit != nil {
		r.unit = unit(*res.ExpiresInUnit)
		c.unit("response.expires_in_unit", *res.ExpiresInUnit)
	}
	if len(cfg.Response.Extra) > 0 {
		r.extra = make(map[string]expression)
	}
	for name, text := range cfg.Response.Extra {
		path := "response.extra." + name
		if !validExtra.MatchString(name) {
			c.add("response.extra", show(name), "is not a name for a field of the record", "use at most 64 letters, digits, _, - and .")
			continue
		}
		r.extra[name] = c.expression(path, &text, "")
	}
	return r
}
