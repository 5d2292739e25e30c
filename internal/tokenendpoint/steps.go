package tokenendpoint

import (
	"fmt"
	"maps"
	"slices"

	"example.com/tokenkeeper/internal/answer"
	"example.com/tokenkeeper/internal/httprequest"
	"example.com/tokenkeeper/internal/problem"
	"example.com/tokenkeeper/internal/refresh"
	"example.com/tokenkeeper/internal/secret"
	"example.com/tokenkeeper/internal/strictjson"
	"example.com/tokenkeeper/internal/template"
)

// maxSteps is how many requests may come before the one that gives the token. One
// deadline is for all.
const maxSteps = 8

// compileSteps compiles the requests that come before the one that gives the token, and
// returns the vocabulary of those that come after them.
func compileSteps(ps *problem.List, given []stepConfig) (requests []Request, v vocabulary) {
	if len(given) > maxSteps {
		ps.Add("steps", "", fmt.Sprintf("has %d steps; at most %d are taken", len(given), maxSteps), "")
		return nil, v
	}
	for i, s := range given {
		at := problem.Indexed("steps", i)
		r := Request{step: compileStepName(ps, at+".name", s.Name, requests)}
		if s.Request == nil {
			ps.Add(at+".request", "", "is missing", `write "request": {"url": "https://…"}`)
			requests = append(requests, r)
			continue
		}
		r.Request = httprequest.Compile(ps, at+".request", *s.Request)
		v.check(ps, r.Templates())
		res := s.Response
		r.Outcome = compileOutcome(ps, at+".response", res.outcomeConfig)
		r.Keep = compileKeep(ps, at+".response.keep", r.step, res.Keep)
		for _, k := range r.Keep {
			v.known = append(v.known, k.Name)
		}
		requests = append(requests, r)
	}
	return requests, v
}

// compileStepName returns the name of a step, which no earlier one may have.
func compileStepName(ps *problem.List, path string, given *string, earlier []Request) string {
	name := valueOr(given, "")
	switch {
	case given == nil:
		ps.Add(path, "", "is missing", `write "name": "login", or whatever later requests shall call it`)
	case !template.ValidName(name):
		ps.Add(path, problem.Show(name), "is not the name of a step", `write one of letters, digits and _, such as "login"`)
	case slices.ContainsFunc(earlier, func(r Request) bool { return r.step == name }):
		ps.Add(path, problem.Show(name), "is the name of an earlier step", "give it another")
	}
	return name
}

// compileKeep compiles what is kept of a step's answer.
func compileKeep(ps *problem.List, path, step string, given map[string]strictjson.Value) []answer.Kept {
	var list []answer.Kept
	for _, key := range slices.Sorted(maps.Keys(given)) {
		if !template.ValidName(key) {
			ps.Add(path, problem.Show(key), "is not a name that a request can write as ${steps."+step+".NAME}", "use letters, digits and _")
			continue
		}
		k := answer.Kept{Name: stepPrefix + step + "." + key, Field: path + "." + key}
		k.Source = compileSource(ps, k.Field, given[key], "")
		list = append(list, k)
	}
	return list
}

// markNeeded marks the kept values that later requests cannot do without.
func markNeeded(requests []Request) {
	for i := range requests {
		for j := range requests[i].Keep {
			k := &requests[i].Keep[j]
			for _, later := range requests[i+1:] {
				for p := range template.Named(later.Templates()...) {
					k.Needed = k.Needed || p.Name == k.Name && !p.Optional
				}
			}
		}
	}
}

// stepNamed returns the index of the step of that name, which response.step says.
func stepNamed(ps *problem.List, name string, requests []Request) int {
	var known []string
	for i, r := range requests {
		if r.step == name && name != "" {
			return i
		}
		if r.step != "" {
			known = append(known, r.step)
		}
	}
	remedy := "there are no steps: leave it out"
	if len(known) > 0 {
		remedy = "use " + strictjson.Either(known)
	}
	ps.Add("response.step", problem.Show(name), "is not the name of a step", remedy)
	return len(requests) - 1
}

// supposing returns c with something in the place of each value that only answers will have.
func (p Plan) supposing(c refresh.Credential) refresh.Credential {
	if _, there := c.Values[refreshToken]; p.Rotates && !there {
		c = c.With(refreshToken, secret.New("supposed"))
	}
	for _, r := range p.Requests {
		for _, k := range r.Keep {
			c = c.With(k.Name, secret.New("supposed"))
		}
	}
	return c
}
