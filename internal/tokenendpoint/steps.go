package tokenendpoint

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"example.com/tokenkeeper/internal/refresh"
	"example.com/tokenkeeper/internal/secret"
	"example.com/tokenkeeper/internal/strictjson"
)

// maxSteps is how many requests may come before the one that gives the token. One
// deadline is for all.
const maxSteps = 8

// stepPrefix begins the names of values that steps keep. Names of a credential's own
// values have no dots, so the two share one map, and everything that is redacted of the
// one is redacted of the other.
const stepPrefix = "steps."

// A kept value is taken from the answer of a step for requests that come later.
type kept struct {
	name   string // as templates have it
	path   string
	source source
	// needed marks one that a later request cannot do without.
	needed bool
}

// steps compiles the requests that come before the one that gives the token.
func (c *compiler) steps(given []stepConfig) {
	for _, p := range c.list {
		c.unread = c.unread || strings.HasPrefix(p.Path, "steps")
	}
	if len(given) > maxSteps {
		c.unread = true
		c.add("steps", "", fmt.Sprintf("has %d steps; at most %d are taken", len(given), maxSteps), "")
		return
	}
	for i, s := range given {
		at := indexed("steps", i)
		name := textOr(s.Name, "")
		switch {
		case s.Name == nil:
			c.add(at+".name", "", "is missing", `write "name": "login", or whatever later requests shall call it`)
		case !validName.MatchString(name):
			c.add(at+".name", show(name), "is not the name of a step", `write one of letters, digits and _, such as "login"`)
		case slices.Contains(c.stepNames, name):
			c.add(at+".name", show(name), "is the name of an earlier step", "give it another")
		}
		c.stepNames = append(c.stepNames, name)
		if s.Request == nil {
			c.unread = true
			c.add(at+".request", "", "is missing", `write "request": {"url": "https://…"}`)
			continue
		}
		r := c.request(at+".request", *s.Request)
		res := s.Response
		r.outcome = c.outcome(at+".response", res.Status, res.Success, res.Error, res.ErrorDescription)
		for _, key := range slices.Sorted(maps.Keys(res.Keep)) {
			path := at + ".response.keep"
			if !validName.MatchString(key) {
				c.add(path, show(key), "is not a name that a request can write as ${steps."+name+".NAME}", "use letters, digits and _")
				continue
			}
			k := kept{name: stepPrefix + name + "." + key, path: path + "." + key}
			k.source = c.source(k.path, res.Keep[key], "")
			r.keep = append(r.keep, k)
			c.kept = append(c.kept, k.name)
		}
		c.plan.requests = append(c.plan.requests, r)
	}
}

// tokenStep decides which answer has the token, and completes what is known only when
// all requests are.
func (c *compiler) tokenStep(res responseConfig) {
	requests := c.plan.requests
	if len(requests) == 0 {
		return
	}
	for i := range requests {
		for j := range requests[i].keep {
			k := &requests[i].keep[j]
			k.needed = slices.Contains(c.needs, k.name)
		}
	}
	c.plan.from = len(requests) - 1
	if res.Step == nil {
		requests[c.plan.from].outcome = c.outcome("response", res.Status, res.Success, res.Error, res.ErrorDescription)
		return
	}
	for _, f := range []struct {
		name string
		set  bool
	}{
		{"status", res.Status.Type != strictjson.Absent},
		{"success", res.Success != nil},
		{"error", res.Error != nil},
		{"error_description", res.ErrorDescription != nil},
	} {
		if f.set {
			c.add("response."+f.name, "", "stands beside response.step", "write it in that step's own response")
		}
	}
	for i, name := range c.stepNames {
		if name == *res.Step {
			c.plan.from = i
			return
		}
	}
	remedy := "there are no steps: leave it out"
	if len(c.stepNames) > 0 {
		remedy = "use " + either(c.stepNames)
	}
	c.add("response.step", show(*res.Step), "is not the name of a step", remedy)
}

// supposing returns c with something in the place of each value that only answers will
// have.
func (p plan) supposing(c refresh.Credential) refresh.Credential {
	c.Values = maps.Clone(c.Values)
	for _, r := range p.requests {
		for _, k := range r.keep {
			c.Values[k.name] = secret.New("supposed")
		}
	}
	return c
}

// everywhere returns all requests: those of the login, and the probe.
func (p plan) everywhere() []request {
	if p.probe == nil {
		return p.requests
	}
	return append(slices.Clip(p.requests), *p.probe)
}

// keep reads the answer of one request among several, and returns the credential with
// what later requests need of it. What it keeps is as secret as what was sent.
func (x exchange) keep() (refresh.Credential, *failure) {
	doc, f := x.parse()
	if f != nil {
		needsBody := x.request.outcome.success.compiled != nil
		for _, k := range x.request.keep {
			needsBody = needsBody || k.needed && k.source.inBody()
		}
		if needsBody {
			return x.credential, f
		}
	}
	doc = numbers(doc)
	if f := x.errorDespite(doc); f != nil {
		return x.credential, f
	}
	c := x.credential
	c.Values = maps.Clone(c.Values)
	for _, k := range x.request.keep {
		v := k.source.find(x.answer, doc)
		text, ok := plainText(v)
		bad := ""
		switch {
		case v != nil && !ok:
			bad = fmt.Sprintf("with %s %s", jsonType(v), k.source)
		case len(text) > maxToken:
			bad = fmt.Sprintf("with more than %d bytes %s", maxToken, k.source)
		case text == "" && k.needed:
			bad = fmt.Sprintf("without a value %s", k.source)
		}
		if bad != "" {
			return c, x.fault(codeNoValue, fmt.Sprintf("answered %d %s, which a later request needs", x.answer.status, bad), "look at "+k.path)
		}
		c.Values[k.name] = secret.New(text)
	}
	return c, nil
}
