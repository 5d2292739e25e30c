package main

import (
	"fmt"
	"net/http"
	"strings"

	"example.com/tokenkeeper/internal/simulator"
	"example.com/tokenkeeper/internal/strictjson"
)

// A fault is one that can be chosen by name.
type fault struct {
	name, what string
	apply      func(*simulator.Simulator, string)
}

// standing is a fault of the wire or of the answer, for every token request.
func standing(f simulator.Fault) func(*simulator.Simulator, string) {
	return func(sim *simulator.Simulator, provider string) { sim.Break(provider, f) }
}

func faults() []fault {
	return []fault{
		{"wrong_secret", "the provider has another secret than the credential", func(sim *simulator.Simulator, p string) {
			sim.SetSecret(p, "simulated-secret-changed-at-"+p)
		}},
		{"http_503", "answers 503", standing(simulator.Status(http.StatusServiceUnavailable))},
		{"http_429", "answers 429 with Retry-After: 120", standing(simulator.RetryAfter(http.StatusTooManyRequests, "120"))},
		{"html", "answers 200 with a web page", standing(simulator.HTML(http.StatusOK))},
		{"redirect", "sends the client elsewhere", standing(simulator.Redirect(http.StatusTemporaryRedirect, "https://elsewhere.example/"))},
		{"hang", "takes the request and never answers", standing(simulator.Hang())},
		{"reset", "resets the connection", standing(simulator.Reset())},
		{"lose_answer", "logs in, and resets the connection", standing(simulator.LoseAnswer())},
		{"milliseconds", "states lifetimes in milliseconds", standing(simulator.Lifetime("3600000"))},
		{"no_lifetime", "states no lifetime", standing(simulator.Drop("expires_in"))},
		{"echo", "repeats the request in an error", standing(simulator.EchoRequest())},
		{"repeats", "answers the same token until it ends", func(sim *simulator.Simulator, p string) {
			sim.SetRepeats(p, true)
		}},
		{"supersedes", "each login ends the tokens given before", func(sim *simulator.Simulator, p string) {
			sim.SetSupersedes(p, true)
		}},
	}
}

func faultHelp() string {
	var lines []string
	for _, f := range faults() {
		lines = append(lines, fmt.Sprintf("  %-14s%s", f.name, f.what))
	}
	return strings.Join(lines, "\n")
}

func findFault(name string) (fault, error) {
	var known []string
	for _, f := range faults() {
		if f.name == name {
			return f, nil
		}
		known = append(known, f.name)
	}
	err := fmt.Errorf("there is no fault %q", name)
	if near := strictjson.Nearest(name, known); near != "" {
		return fault{}, instead(err, "did you mean: "+near, "")
	}
	return fault{}, instead(err, "there are: "+strings.Join(known, ", "), "")
}
