package tokenendpoint_test

import (
	"context"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"pgregory.net/rapid"

	"example.com/tokenkeeper/internal/refresh"
)

// placeholder is a value of the credential, wherever it is named.
var placeholder = regexp.MustCompile(`(?:\$\{|[(, ])([A-Za-z_][A-Za-z0-9_]*)[?}),]`)

// canary is the secret that a config editor who reads records would like to know.
const canary = `c4n4ry+/=&%"\<å-0123456789`

// A stranger listens where no owner has allowed anything to be sent, and remembers
// whatever arrives.
type stranger struct {
	listener net.Listener
	mu       sync.Mutex
	heard    []byte
	callers  int
}

func newStranger(t *testing.T) *stranger {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s := &stranger{listener: l}
	t.Cleanup(func() { l.Close() })
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			s.mu.Lock()
			s.callers++
			s.mu.Unlock()
			go func() {
				defer conn.Close()
				buffer := make([]byte, 64<<10)
				n, _ := conn.Read(buffer)
				s.mu.Lock()
				s.heard = append(s.heard, buffer[:n]...)
				s.mu.Unlock()
			}()
		}
	}()
	return s
}

// parrot is an honest provider that is careless: it repeats all that it was sent, plain
// and decoded, and sends some callers elsewhere.
func parrot(elsewhere string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		if strings.Contains(r.URL.Path, "moved") {
			http.Redirect(w, r, elsewhere, http.StatusTemporaryRedirect)
			return
		}
		echo := map[string]any{"body": string(body), "path": r.URL.Path, "query": r.URL.RawQuery}
		if form, err := url.ParseQuery(string(body)); err == nil {
			echo["form"] = form
		}
		var document any
		if json.Unmarshal(body, &document) == nil {
			echo["json"] = document
		}
		headers := map[string]any{}
		for name, values := range r.Header {
			headers[name] = values[0]
			_, word, _ := strings.Cut(values[0], " ")
			if plain, err := base64.StdEncoding.DecodeString(word); err == nil {
				headers[name+"_plain"] = string(plain)
			}
		}
		echo["headers"] = headers
		w.Header().Set("X-Echo", base64.StdEncoding.EncodeToString(body))
		w.Header().Set("Date", noon.Format(http.TimeFormat))
		json.NewEncoder(w).Encode(map[string]any{
			"access_token": fmt.Sprintf("t0k3n-%d", len(body)), "token_type": "Bearer", "expires_in": 3600,
			"token": "t0k3n", "data": map[string]any{"session": "s-1", "ticket": "t-1"}, "echo": echo, "ok": true,
		})
	}
}

// An editor of configs who may read records cannot have a credential's secret sent
// to a place that its owner did not name, nor find it in a record, however he edits.
func TestCanary(t *testing.T) {
	one, other := newStranger(t), newStranger(t)
	places := []string{
		"http://" + one.listener.Addr().String(), "http://" + other.listener.Addr().String(),
		fmt.Sprintf("http://localhost:%d", one.listener.Addr().(*net.TCPAddr).Port),
	}
	ts := httptest.NewServer(parrot(places[0] + "/token"))
	defer ts.Close()
	owned, err := url.Parse(ts.URL)
	if err != nil {
		t.Fatal(err)
	}
	bases := []string{
		`{"token_endpoint": "URL/token"}`,
		`{"token_endpoint": "URL/token", "token_endpoint_auth_method": "client_secret_post"}`,
		`{"token_endpoint": "URL/token", "token_endpoint_auth_method": "client_secret_post", "body": "json", "parameters": {"x": "${client_secret}"}}`,
		`{"request": {"url": "URL/token", "form": {"x": "${client_secret}"}}, "response": {}}`,
		`{"request": {"url": "URL/token", "json": {"x": "${client_secret}"}, "headers": {"X-Api-Key": "${client_id}"}}, "record": {"x": "${access_token}"}}`,
		`{"steps": [{"name": "a", "request": {"url": "URL/a", "form": {"x": "${client_secret}"}}, "response": {"keep": {"x": "echo.body"}}}],
		  "request": {"url": "URL/token", "form": {"x": "${steps.a.x}"}}, "response": {}}`,
	}
	for _, s := range shapes(t) {
		bases = append(bases, s.Config)
	}
	credential := canaryCredential(t, bases, owned.Host)
	double := base64.StdEncoding.EncodeToString([]byte(base64.StdEncoding.EncodeToString([]byte(canary))))
	disguises := []string{double, strings.TrimRight(double, "="), hex.EncodeToString([]byte(base64.RawURLEncoding.EncodeToString([]byte(canary))))}
	stored := 0

	property := func(t *rapid.T) {
		config := edited(t, strings.ReplaceAll(rapid.SampledFrom(bases).Draw(t, "base"), "URL", ts.URL), ts.URL, places)
		k := &keeper{config: config, credential: credential}
		r := &refresh.Runner{Source: k, Store: k, Parser: onLoopback(), Now: atNoon,
			Schedule: refresh.Schedule{Tick: time.Minute, CacheAge: 5 * time.Minute}}
		ctx, cancel := context.WithTimeout(t.Context(), 15*time.Second) // for one attempt
		defer cancel()
		report, err := r.Run(ctx, refresh.Job{})
		stored += len(k.records)

		for _, s := range []*stranger{one, other} {
			s.mu.Lock()
			if s.callers > 0 {
				t.Fatalf("a stranger was called, and heard %q, by the config\n%s", s.heard, config)
			}
			s.mu.Unlock()
		}
		said := fmt.Sprintf("%v %+v", err, report)
		for _, result := range report.Results {
			said += fmt.Sprintf("\n%v %v %+v", result.Err, result.Warnings, result.Note)
		}
		for where, text := range map[string]string{"a record": strings.Join(k.records, "\n"), "what was said": said} {
			if form := leaked(text, canary); form != "" {
				t.Fatalf("%s holds the secret as %s:\n%s\nby the config\n%s", where, form, text, config)
			}
			for _, disguise := range disguises {
				if strings.Contains(text, disguise) {
					t.Fatalf("%s holds the secret as %s:\n%s\nby the config\n%s", where, disguise, text, config)
				}
			}
		}
	}
	for range 5 { // of a hundred configs each
		rapid.Check(t, property)
	}
	t.Logf("%d records were stored", stored)
	if stored == 0 {
		t.Error("no edited config worked, so nothing was shown")
	}
}

// canaryCredential returns a credential in which every value that a config names is the
// canary.
func canaryCredential(t *testing.T, configs []string, host string) string {
	t.Helper()
	c := map[string]any{"allowed_hosts": []string{host}, "client_id": "reports", "client_secret": canary}
	for _, config := range configs {
		for _, name := range placeholder.FindAllStringSubmatch(config, -1) {
			if c[name[1]] == nil {
				c[name[1]] = canary
			}
		}
	}
	text, err := json.Marshal(c)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// edited returns a config with up to six edits, as an attacker makes them who is after the
// secret.
func edited(t *rapid.T, config, owned string, places []string) string {
	var root any
	if json.Unmarshal([]byte(config), &root) != nil {
		root = map[string]any{"token_endpoint": owned + "/token"}
	}
	object, ok := root.(map[string]any)
	if !ok {
		object = map[string]any{}
	}
	for range rapid.IntRange(1, 4).Draw(t, "edits") {
		if rapid.IntRange(0, 3).Draw(t, "kind") > 0 {
			skilled(t, object)
			continue
		}
		at := object
		for { // to some object within
			var inner []string
			for _, name := range slices.Sorted(maps.Keys(at)) {
				if _, ok := at[name].(map[string]any); ok {
					inner = append(inner, name)
				}
			}
			if len(inner) == 0 || rapid.Bool().Draw(t, "here") {
				break
			}
			at = at[rapid.SampledFrom(inner).Draw(t, "into")].(map[string]any)
		}
		names := append(slices.Sorted(maps.Keys(at)), "token_endpoint", "url", "request", "response", "record", "probe", "steps", "headers",
			"access_token", "extra", "scope", "token_type", "x", "X-Forwarded-Host", "Host", "keep", "text", "form", "json", "query", "issuer")
		name := rapid.SampledFrom(names).Draw(t, "name")
		at[name] = wanted(t, owned, rapid.SampledFrom(places).Draw(t, "place"))
	}
	text, err := json.Marshal(object)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// skilled makes an edit that keeps a config in order, and has more of what was sent come
// back, or of what came back be stored.
func skilled(t *rapid.T, config map[string]any) {
	within := func(at map[string]any, name string) map[string]any {
		inner, ok := at[name].(map[string]any)
		if !ok {
			inner = map[string]any{}
			at[name] = inner
		}
		return inner
	}
	request := config
	if _, ok := config["request"].(map[string]any); ok {
		request = within(config, "request")
	}
	fields := rapid.SampledFrom([]string{"form", "json", "query", "headers", "parameters"}).Draw(t, "fields")
	switch rapid.IntRange(0, 4).Draw(t, "edit") {
	case 0, 1:
		within(within(config, "response"), "extra")["x"] = path(t)
	case 2:
		within(request, fields)["x"] = value(t)
	case 3:
		within(config, "response")[rapid.SampledFrom([]string{"access_token", "scope", "token_type"}).Draw(t, "field")] = path(t)
	case 4:
		config["record"] = map[string]any{"t": "${access_token}", "x": "${extra.x}", "s": "${scope} ${token_type}"}
	}
}

// value sends the secret, perhaps in disguise.
func value(t *rapid.T) string {
	return rapid.SampledFrom([]string{"${client_secret}", "${base64(client_secret)}", "${base64(base64(client_secret))}", "${hex(base64url(client_secret))}",
		"${join('', client_secret, '-', client_id)}", "${lower(client_secret)}", "${password}", "${api_key}", "${hex(hmac(client_secret, client_id))}", "${client_id}"}).Draw(t, "value")
}

// path leads to what was sent, perhaps in disguise, or to something harmless.
func path(t *rapid.T) string {
	return rapid.SampledFrom([]string{"echo.body", "echo.form.x[0]", "echo.json.x", "echo.json", "echo.headers.Authorization", "echo.headers.Authorization_plain", "echo.query",
		"to_string(echo)", "join('', [echo.body, echo.query])", "reverse(echo.body)", "echo.form.client_secret[0]", "echo.headers.\"X-Api-Key\"", "data.session", "token", "echo.path"}).Draw(t, "path")
}

// wanted returns a value that may bring the secret nearer.
func wanted(t *rapid.T, owned, place string) any {
	host := strings.TrimPrefix(place, "http://")
	mine := strings.TrimPrefix(owned, "http://")
	value, path := value(t), path(t)
	return rapid.SampledFrom([]any{
		place + "/token", owned + "/moved", owned + "/${client_secret}", owned + "@" + host + "/", place + "\\@" + mine + "/", place + "#@" + mine, owned + "/\\" + host,
		"http://${client_id}@" + host, "//" + host + "/token", strings.Replace(owned, "127.0.0.1", "localhost", 1) + "/token", "http://" + mine + "." + host,
		host, value, path, value + "\r\nHost: " + host,
		map[string]any{"url": place + "/", "form": map[string]any{"x": value}},
		map[string]any{"url": owned + "/token", "form": map[string]any{"x": value}, "headers": map[string]any{"X-Api-Key": value}},
		map[string]any{"url": owned + "/moved", "json": map[string]any{"x": value}},
		map[string]any{"request": map[string]any{"url": place + "/me", "headers": map[string]any{"X": value}}},
		map[string]any{"access_token": path, "extra": map[string]any{"x": path}},
		map[string]any{"access_token": map[string]any{"header": "X-Echo"}},
		map[string]any{"x": "${access_token}", "y": value, "z": "${extra.x}"},
		map[string]any{"x": path}, map[string]any{"x": value},
		[]any{map[string]any{"name": "a", "request": map[string]any{"url": place + "/", "text": value}}},
		[]any{map[string]any{"name": "a", "request": map[string]any{"url": owned + "/", "form": map[string]any{"x": value}}, "response": map[string]any{"keep": map[string]any{"x": path}}}},
		"${steps.a.x}", "${base64(steps.a.x)}", "token", 7, true, nil, []any{value}, []any{302, 307},
	}).Draw(t, "wanted")
}

// A keeper is a source and a store for one provider, in memory.
type keeper struct {
	config, credential string
	records            []string
	state              refresh.State
}

func (k *keeper) Configs(context.Context) ([]refresh.Document, error) {
	return []refresh.Document{document("erp", k.config)}, nil
}

func (k *keeper) Latest(ctx context.Context, _, credential string) ([]refresh.Document, refresh.Document, error) {
	docs, err := k.Configs(ctx)
	return docs, document(credential, k.credential), err
}

func (k *keeper) CredentialVersion(context.Context, string) (string, error) { return "1", nil }

func (k *keeper) List(context.Context) ([]refresh.State, error) { return nil, nil }

func (k *keeper) Limits() refresh.Limits { return refresh.Limits{} }

func (k *keeper) Writes(context.Context, string) ([]time.Time, error) { return nil, nil }

func (k *keeper) Open(_ context.Context, provider string) (refresh.State, error) {
	k.state.Name, k.state.Exists, k.state.Owned = provider, true, true
	return k.state, nil
}

func (k *keeper) Save(ctx context.Context, c refresh.Change) (refresh.State, error) {
	k.records = append(k.records, c.Record.Reveal())
	if c.Probe != nil {
		if err := c.Probe(ctx); err != nil {
			return k.state, err
		}
	}
	k.state.Current = c.To
	return k.state, nil
}

func (k *keeper) Note(_ context.Context, _ string, n refresh.Note) error {
	k.state.Note = n
	return nil
}
