package main

import (
	"context"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"html"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"example.com/tokenkeeper/cmd/tokenkeeper/internal/trial"
	"example.com/tokenkeeper/internal/simulator"
)

// No credential and no token is in anything that a command prints or stores, but for the
// records and 'read --reveal': with every kind of failure, at the most talkative level.
func TestNothingLeaks(t *testing.T) {
	for name, fault := range leakyFaults() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			l := newLeaky(t)
			l.command("run", "--allow-loopback", "--verbose")
			l.pass(45 * time.Minute)
			for _, p := range simulator.Names() {
				fault(l.sim, p, l.watched)
			}
			l.command("run", "--allow-loopback", "--verbose", "--log", "json")
			l.command("run", "--allow-loopback", "--verbose", "--output", "json")
			l.pass(30 * time.Minute)
			for _, p := range simulator.Names() {
				l.command("read", p)
				l.command("read", p, "--output", "json")
				l.command("pause", p)
				l.command("resume", p, "--output", "json")
				l.command("status", p, "--output", "json")
			}
			l.command("check", "--allow-loopback")
			l.command("check", "--output", "json")
			l.command("status")
			l.files()
			l.look()
		})
	}
}

// A leaky is a world whose output is kept.
type leaky struct {
	*testing.T
	sim     *simulator.Simulator
	dir     string
	place   []string          // the flags that lead to it
	printed map[string]string // by what printed it
	stored  []string          // the secrets of the credentials

	mu     sync.Mutex
	now    time.Time
	tokens []string
}

func newLeaky(t *testing.T) *leaky {
	dir := t.TempDir()
	l := &leaky{T: t, now: noon, dir: dir, place: []string{"--dir", dir}, printed: map[string]string{}}
	l.sim = simulator.New(simulator.Options{Now: l.clock})
	server := httptest.NewServer(l.sim)
	t.Cleanup(func() {
		l.sim.Close()
		server.Close()
	})
	files, err := trial.For(l.sim, server.URL)
	if err == nil {
		err = files.Write(l.dir)
	}
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range simulator.Names() {
		l.sim.Break(p, l.watched)
	}
	l.stored = l.expected()
	return l
}

// expected returns the secrets that the providers let us log in with now.
func (l *leaky) expected() []string {
	var all []string
	for _, p := range simulator.Names() {
		for name, value := range l.sim.Credential(p) {
			if name == "client_secret" || name == "password" {
				all = append(all, value)
			}
		}
	}
	return all
}

func (l *leaky) clock() time.Time {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.now
}

func (l *leaky) pass(d time.Duration) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.now = l.now.Add(d)
}

// watched remembers what may be tokens in what the provider answers.
func (l *leaky) watched(next http.Handler) http.Handler {
	return simulator.Alter(func(a *simulator.Answer) {
		var members map[string]any
		if json.Unmarshal(a.Body, &members) != nil {
			return
		}
		l.mu.Lock()
		defer l.mu.Unlock()
		for name, v := range members {
			if s, ok := v.(string); ok && len(s) > 40 && !strings.HasPrefix(name, "error") && name != "scope" {
				l.tokens = append(l.tokens, s)
			}
		}
	})(next)
}

// secrets are what must not be seen: every token that was issued, and every secret, also
// where the provider has changed it since.
func (l *leaky) secrets() []string {
	l.mu.Lock()
	defer l.mu.Unlock()
	all := slices.Concat(l.tokens, l.stored, l.expected())
	slices.Sort(all)
	return slices.Compact(all)
}

// command runs a command, and keeps what it prints.
func (l *leaky) command(args ...string) { l.commandWith("", args...) }

// commandWith does so with that on its standard input.
func (l *leaky) commandWith(stdin string, args ...string) {
	var out, err strings.Builder
	c := &cli{stdin: strings.NewReader(stdin), stdout: &out, stderr: &err, getenv: os.Getenv, now: l.clock, sleep: atOnce}
	c.run(l.Context(), slices.Concat(args, l.place))
	name := strings.Join(args, " ")
	l.printed["the standard output of "+name] += out.String()
	l.printed["the standard error of "+name] += err.String()
}

// atOnce does not wait between the attempts of a login.
func atOnce(ctx context.Context, _ time.Duration) bool { return ctx.Err() == nil }

// look fails the test where a secret was printed.
func (l *leaky) look() {
	if len(l.secrets()) < 2*len(simulator.Names()) {
		l.Fatalf("only %d secrets are looked for", len(l.secrets()))
	}
	for where, text := range l.printed {
		for _, secret := range l.secrets() {
			if form := leaked(text, secret); form != "" {
				l.Errorf("%s shows a secret, %s", where, form)
			}
		}
	}
}

// files keeps what every file holds that is not a record or a credential.
func (l *leaky) files() {
	err := filepath.WalkDir(l.dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		rel, _ := filepath.Rel(l.dir, path)
		folder, name := filepath.Split(rel)
		if folder == "credentials/" || folder == "tokens/" && !strings.HasPrefix(name, ".") {
			return nil
		}
		data, err := os.ReadFile(path)
		l.printed[rel] = string(data)
		return err
	})
	if err != nil {
		l.Fatal(err)
	}
}

// leaked says in which encoding text shows the secret, or "".
func leaked(text, secret string) string {
	quoted, _ := json.Marshal(secret)
	inner := strings.Trim(string(quoted), `"`)
	again, _ := json.Marshal(inner)
	forms := map[string]string{
		"as it is":             secret,
		"as in a form":         url.QueryEscape(secret),
		"as in a path":         url.PathEscape(secret),
		"in JSON":              inner,
		"in JSON, twice":       strings.Trim(string(again), `"`),
		"in HTML":              html.EscapeString(secret),
		"in hexadecimal":       hex.EncodeToString([]byte(secret)),
		"in base64":            base64.RawStdEncoding.EncodeToString([]byte(secret)),
		"in base64 of URLs":    base64.RawURLEncoding.EncodeToString([]byte(secret)),
		"in part, its first 8": secret[:min(len(secret), 8)],
	}
	if len(secret) < 64 { // of a JWT the first characters are those of every JWT
		forms["in part, its last 12"] = secret[max(0, len(secret)-12):]
	}
	if strings.HasPrefix(secret, "simulated-") { // its beginning is in the identifiers too
		delete(forms, "in part, its first 8")
	}
	plain := strings.Join(strings.Fields(text), "")
	for name, form := range forms {
		if strings.Contains(text, form) || strings.Contains(plain, strings.Join(strings.Fields(form), "")) {
			return name
		}
	}
	return ""
}

// leakyFaults are failures by name. Each gets, as its innermost part, what watches the
// provider's own answer.
func leakyFaults() map[string]func(*simulator.Simulator, string, simulator.Fault) {
	wire := func(f simulator.Fault) func(*simulator.Simulator, string, simulator.Fault) {
		return func(sim *simulator.Simulator, p string, watched simulator.Fault) {
			sim.Break(p, simulator.Join(f, watched))
		}
	}
	all := map[string]func(*simulator.Simulator, string, simulator.Fault){
		"a token that the provider calls otherwise": wire(simulator.Join(simulator.Rename("access_token", "tokn"), simulator.Rename("token", "tokn"))),
		"a token with a line break":                 wire(simulator.Token("one\ntwo")),
		"a token of another kind":                   wire(simulator.Field("token_type", `"mac"`)),
		"a lifetime of zero":                        wire(simulator.Lifetime("0")),
		"a lifetime in words":                       wire(simulator.Lifetime(`"an hour or so"`)),
		"a token that stands there twice":           wire(simulator.Repeat("access_token", `"another"`)),
		"half an answer":                            wire(simulator.Half()),
		"a broken connection":                       wire(simulator.ResetMidBody()),
		"a name for nothing":                        wire(simulator.Status(http.StatusNotFound)),
		"an unknown error":                          wire(simulator.OAuthError(http.StatusBadRequest, "tough_luck", "\x1b[31mred\nlevel=INFO")),
		"too many requests":                         wire(simulator.RetryAfter(http.StatusTooManyRequests, "3600")),
		"the secret in an error": func(sim *simulator.Simulator, p string, watched simulator.Fault) {
			c := sim.Credential(p)
			secret := c["client_secret"] + c["password"]
			sim.Break(p, simulator.Echo(secret, simulator.AsIs, simulator.AsForm, simulator.AsPath, simulator.AsBase64, simulator.AsJSON, simulator.AsLines))
		},
		"the secret in a record": func(sim *simulator.Simulator, p string, watched simulator.Fault) {
			c := sim.Credential(p)
			secret, _ := json.Marshal(c["client_secret"] + c["password"])
			sim.Break(p, simulator.Field("scope", string(secret)))
		},
	}
	for _, f := range faults() {
		if f.name == "hang" {
			continue // it says nothing
		}
		all[f.name] = func(sim *simulator.Simulator, p string, watched simulator.Fault) { f.apply(sim, p) }
	}
	return all
}
