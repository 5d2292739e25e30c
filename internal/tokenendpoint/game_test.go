package tokenendpoint_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"pgregory.net/rapid"

	"example.com/tokenkeeper/internal/refresh"
	"example.com/tokenkeeper/internal/tokenendpoint"
)

// TestGameOfConfigEditors plays against editors of configs who are after the credential erp,
// with a provider that reflects, encodes and remembers what it is sent (see parrot). The
// editors put, remove, restore and rename configs, and one of them owns a credential and
// approves; the owner of erp approves, withdraws and closes it; runs come in between, and
// edits within runs.
//
//   - While a copy that the owner approved is in place, what is sent for its provider are that
//     copy's bytes, and it is refreshed.
//   - While the owner says "approved_only", nothing else is ever sent.
//   - Otherwise nothing is sent to a place that the owner does not name; no key is sent, and no
//     secret in an encoding of an encoding; and no secret is in a record, a log, an error or a
//     note, in a form that a search knows.
//
// With -rapid.checks=N it is played 5·N times: see make soak.
func TestGameOfConfigEditors(t *testing.T) {
	w := newTable(t)
	var all figures
	for range 5 {
		rapid.Check(t, func(t *rapid.T) {
			g := w.begin(t)
			for range rapid.IntRange(2, 12).Draw(t, "moves") {
				g.move(t)
			}
			g.run(t)
			all.add(g.figures)
		})
	}
	t.Logf("%+v", all)
	for name, n := range map[string]int{"moves": all.Moves, "logins": all.Logins, "records by editors": all.Stored, "records by approval": all.Approved, "refusals": all.Refused} {
		if n == 0 {
			t.Errorf("no %s, so nothing was shown", name)
		}
	}
}

// figures are how much has been played.
type figures struct{ Moves, Runs, Logins, Stored, Approved, Refused int }

func (f *figures) add(g figures) {
	f.Moves += g.Moves
	f.Runs += g.Runs
	f.Logins += g.Logins
	f.Stored += g.Stored
	f.Approved += g.Approved
	f.Refused += g.Refused
}

// A table is what all games are played at.
type table struct {
	parrot    *parrot
	strangers []*stranger
	bases     []string // configs to begin with, the plain ones first
	plain     int
	copies    []string // what the owner approves
	wires     []string // and what is sent by it
	values    map[string]string
	editor    editor
	observer  observer
	keys      observer // what is never sent at all
	parser    *tokenendpoint.Parser
}

func newTable(t *testing.T) *table {
	one, other := newStranger(t), newStranger(t)
	w := &table{parrot: newParrot(t, "http://"+one.listener.Addr().String()), strangers: []*stranger{one, other}}
	w.parser = tokenendpoint.New(tokenendpoint.Options{AllowLoopback: true, Now: atNoon})
	w.parser.Sleep = func(context.Context, time.Duration) bool { return true }
	key := inPEM(t, ecKey())
	w.values = map[string]string{
		"client_id": "reports", "client_secret": `c4n4ry+/=&%"\<å-0123456789`, "password": "N0rthern lights & 41 more", "api_key": "q8Zr2LxTn5Vb0KdWm7YcPf3HsJ4gA6ue",
		"private_key": key, "signing_key": "k3y-t0-s1gn-w1th-0123456789abcdef",
	}
	url := w.parrot.URL
	w.bases = []string{
		`{"token_endpoint": "URL/token"}`,
		`{"token_endpoint": "URL/token", "token_endpoint_auth_method": "client_secret_post"}`,
		`{"credential": "erp", "token_endpoint": "URL/token", "token_endpoint_auth_method": "client_secret_post", "body": "json", "parameters": {"x": "${api_key}"}}`,
		`{"credential": "erp", "request": {"url": "URL/gists", "json": {"note": "${base64(client_secret)}"}}, "response": {}}`,
		`{"request": {"url": "URL/token", "form": {"x": "${password}"}}, "response": {}}`,
		`{"request": {"url": "URL/token", "json": {"x": "${client_secret}"}, "headers": {"X-Api-Key": "${client_id}"}}, "record": {"x": "${access_token}"}}`,
		`{"steps": [{"name": "a", "request": {"url": "URL/a", "form": {"x": "${client_secret}"}}, "response": {"keep": {"x": "data.session"}}}],
		  "request": {"url": "URL/token", "form": {"x": "${steps.a.x}"}}, "response": {}}`,
	}
	w.plain = len(w.bases)
	for _, s := range shapes(t) {
		w.bases = append(w.bases, s.Config)
	}
	for i := range w.bases {
		w.bases[i] = strings.ReplaceAll(w.bases[i], "URL", url)
	}
	for _, text := range []string{
		`{"credential": "erp", "token_endpoint": "URL/token", "token_endpoint_auth_method": "client_secret_post", "scope": "read"}`,
		`{"credential": "erp", "request": {"url": "URL/login", "json": {"user": "${client_id}", "key": "${base64(api_key)}"}}}`,
		`{"credential": "erp", "steps": [{"name": "a", "request": {"url": "URL/a", "form": {"x": "${password}"}}, "response": {"keep": {"x": "data.session"}}}],
		  "request": {"url": "URL/b", "form": {"x": "${steps.a.x}"}}}`,
	} {
		text = strings.ReplaceAll(text, "URL", url)
		provider, err := w.parser.Provider(document("erp", text))
		if err != nil {
			t.Fatal(err)
		}
		c, err := w.parser.Credential(document("erp", w.credential(false)))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := provider.Endpoint.Grant(t.Context(), refresh.Login{Credential: c}); err != nil {
			t.Fatal(err)
		}
		sent := ""
		for _, m := range w.parrot.forget() {
			sent += m.wire() + "\n"
		}
		w.copies, w.wires = append(w.copies, text), append(w.wires, sent)
	}
	places := []string{"http://" + one.listener.Addr().String(), "http://" + other.listener.Addr().String(), strings.Replace("http://"+one.listener.Addr().String(), "127.0.0.1", "localhost", 1)}
	w.editor = newEditor(url, places, slices.Sorted(maps.Keys(w.values)))
	w.observer, w.keys = observer{map[string]string{}}, observer{map[string]string{}}
	for name, value := range w.values {
		if name != "client_id" {
			w.observer.secrets[name] = whiteSpace.Replace(value)
		}
	}
	w.observer.secrets["private_key"] = whiteSpace.Replace(strings.Split(key, "\n")[1][48:]) // after what all such keys have in common
	w.parrot.encoded = w.observer.encoded
	w.keys.secrets = map[string]string{"private_key": w.observer.secrets["private_key"], "signing_key": w.observer.secrets["signing_key"]}
	return w
}

// credential is the document of erp.
func (w *table) credential(only bool) string {
	c := map[string]any{"allowed_hosts": []string{strings.TrimPrefix(w.parrot.URL, "http://")}, "providers": []string{"crm"}, "signs": []string{"https://allowed.example"}, "sign_only": []string{"signing_key"}}
	if only {
		c["approved_only"] = true
	}
	for name, value := range w.values {
		c[name] = value
	}
	text, _ := json.Marshal(c)
	return string(text)
}

// A game is the source and the store of a few providers that share one credential, erp.
// Documents are by the place that they lie at: approver/name, without an approver in
// providers/.
type game struct {
	*table
	figures figures

	mu      sync.Mutex
	docs    map[string]string
	older   []string // what was put before
	only    bool
	between []func()            // edits within a run, between its listing and its logins
	records map[string][]string // of a run, by provider
	notes   []refresh.Note
}

func (w *table) begin(t *rapid.T) *game {
	w.parrot.forget()
	g := &game{table: w, docs: map[string]string{}}
	g.docs["/erp"] = w.copies[0]
	if rapid.Bool().Draw(t, "approved") {
		g.docs["erp/erp"] = w.copies[0]
	}
	return g
}

// move is one of an editor, of the owner, or a run.
func (g *game) move(t *rapid.T) {
	g.figures.Moves++
	switch kind := rapid.IntRange(0, 15).Draw(t, "move"); {
	case kind < 8:
		g.edit(t)()
	case kind < 13:
		g.run(t)
	case kind == 13:
		g.only = !g.only
	case kind == 14:
		g.docs[rapid.SampledFrom([]string{"erp/erp", "erp/crm"}).Draw(t, "approved")] = rapid.SampledFrom(g.copies).Draw(t, "copy")
	default:
		delete(g.docs, rapid.SampledFrom([]string{"erp/erp", "erp/crm"}).Draw(t, "withdrawn"))
	}
}

// edit draws a move of an editor.
func (g *game) edit(t *rapid.T) (do func()) {
	at := rapid.SampledFrom([]string{"/erp", "/erp", "/erp", "/crm", "/crm", "/crm", "/other", "mallory/erp", "mallory/crm", "crm/crm", "ERP/erp", "erp /erp"}).Draw(t, "place")
	var text string
	switch rapid.IntRange(0, 9).Draw(t, "edit") {
	case 0:
		return func() { delete(g.docs, at) }
	case 1:
		text = rapid.SampledFrom(append(g.older, g.bases[0])).Draw(t, "older")
	case 2:
		text = rapid.SampledFrom([]string{"", "{", `{"credential": "mallory"}`, `{"CREDENTIAL": "erp"}`, `{"credential": "erp", "credential": "mallory"}`}).Draw(t, "odd")
	default:
		before, ok := g.docs[at]
		if !ok || rapid.Bool().Draw(t, "another") {
			before = rapid.SampledFrom(g.bases[:g.plain]).Draw(t, "base")
			if rapid.IntRange(0, 3).Draw(t, "documented") == 0 {
				before = rapid.SampledFrom(g.bases).Draw(t, "shape")
			}
		}
		text = g.editor.edited(t, before)
		if at == "/crm" && !strings.Contains(text, `"credential"`) {
			text = `{"credential": "erp", ` + text[1:]
		}
		g.older = append(g.older, text)
	}
	return func() { g.docs[at] = text }
}

// run has one run take place, with edits in it, and holds to what must be so.
func (g *game) run(t *rapid.T) {
	g.figures.Runs++
	g.records, g.notes = map[string][]string{}, nil
	copied, before := g.docs["erp/erp"], len(g.parrot.sent(0))
	g.between = nil
	for range rapid.IntRange(0, 2).Draw(t, "between") {
		g.between = append(g.between, g.edit(t))
	}
	r := &refresh.Runner{Source: g, Store: g, Parser: g.parser, Now: atNoon, Schedule: refresh.Schedule{Tick: time.Minute, CacheAge: 5 * time.Minute}}
	ctx, cancel := context.WithTimeout(context.Background(), 15*time.Second)
	defer cancel()
	report, err := r.Run(ctx, refresh.Job{})
	sent := g.parrot.sent(before)
	g.figures.Logins += len(sent)
	state := func() string { return fmt.Sprintf("with approved_only %v and %s", g.only, pretty(g.docs)) }

	for _, s := range g.strangers {
		s.mu.Lock()
		if s.callers > 0 {
			t.Fatalf("a stranger was called, and heard %q, %s", s.heard, state())
		}
		s.mu.Unlock()
	}
	for _, res := range report.Results {
		if res.Err != nil && res.Err.Code == refresh.CodeNotApproved {
			g.figures.Refused++
		}
		if res.Provider != "erp" || copied == "" {
			continue
		}
		wires := strings.SplitAfter(g.wires[slices.Index(g.copies, copied)], "\n")
		want := tokenOf(strings.TrimSuffix(wires[len(wires)-2], "\n"))
		if res.Outcome != refresh.Refreshed || len(g.records["erp"]) != 1 || !strings.Contains(g.records["erp"][0], want) {
			t.Fatalf("erp has an approved copy and is %s: %v, with the records %q, %s", res.Outcome, res.Err, g.records["erp"], state())
		}
		g.figures.Approved++
	}
	for _, m := range sent {
		wire := m.wire()
		if g.only && !slices.ContainsFunc(g.wires, func(only string) bool { return strings.Contains(only, wire+"\n") }) {
			t.Fatalf("sent though nothing of it is approved: %s\n%s", wire, state())
		}
		if name := g.keys.sees(wire); name != "" {
			t.Fatalf("%s was sent: %s\n%s", name, wire, state())
		}
		if name := g.observer.digs(wire); name != "" {
			t.Fatalf("%s was sent in an encoding of an encoding: %s\n%s", name, wire, state())
		}
	}
	var log bytes.Buffer
	report.Log(ctx, slog.New(slog.NewJSONHandler(&log, nil)))
	said := fmt.Sprintf("%v %+v %+v", err, report, g.notes) + log.String()
	for provider, records := range g.records {
		said += provider + strings.Join(records, "\n")
		g.figures.Stored += len(records)
	}
	if name := g.observer.sees(said); name != "" {
		t.Fatalf("%s is in what is stored and said:\n%s\n%s", name, said, state())
	}
	if i := strings.Index(said, "r3fr3sh-t0k3n-of"); i >= 0 {
		t.Fatalf("a refresh token is in what is stored and said:\n%s\n%s", said, state())
	}
}

func pretty(docs map[string]string) string {
	var b strings.Builder
	for _, at := range slices.Sorted(maps.Keys(docs)) {
		fmt.Fprintf(&b, "\n%s: %s", at, docs[at])
	}
	return b.String()
}

func (g *game) Configs(context.Context, string) ([]refresh.Document, string, error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.list(), "", nil
}

func (g *game) list() []refresh.Document {
	var docs []refresh.Document
	for _, at := range slices.Sorted(maps.Keys(g.docs)) {
		approver, name, _ := strings.Cut(at, "/")
		d := document(name, g.docs[at])
		d.Where, d.Approver, d.Version = at, approver, g.docs[at]
		docs = append(docs, d)
	}
	return docs
}

func (g *game) Latest(_ context.Context, wanted []refresh.Wanted) []refresh.Reading {
	g.mu.Lock()
	defer g.mu.Unlock()
	readings := make([]refresh.Reading, len(wanted))
	for i, w := range wanted {
		if len(g.between) > 0 {
			g.between[0]()
			g.between = g.between[1:]
		}
		r := &readings[i]
		for _, d := range g.list() {
			if d.Name == w.Provider && (d.Approver == "" || d.Approver == w.Provider || d.Approver == w.Credential) {
				r.Configs = append(r.Configs, d)
			}
		}
		if r.Credential = document(w.Credential, g.credential(g.only)); w.Credential != "erp" {
			r.Credential, r.Err = refresh.Document{}, refresh.ErrNotFound
		}
	}
	return readings
}

func (g *game) CredentialVersions(_ context.Context, names []string) []refresh.CredentialVersion {
	return slices.Repeat([]refresh.CredentialVersion{{Version: "1"}}, len(names))
}

// The store has a secret for each provider and never a token, so that all are due.

func (g *game) List(context.Context, string) ([]refresh.State, string, error) {
	return nil, "", nil
}
func (g *game) Limits() refresh.Limits                              { return refresh.Limits{} }
func (g *game) Writes(context.Context, string) ([]time.Time, error) { return nil, nil }
func (g *game) Open(_ context.Context, provider string) (refresh.State, error) {
	return refresh.State{Name: provider, Exists: true, Owned: true}, nil
}

func (g *game) Note(_ context.Context, _ string, n refresh.Note) error {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.notes = append(g.notes, n)
	return nil
}

func (g *game) Save(ctx context.Context, c refresh.Change) (refresh.State, error) {
	if c.Probe != nil {
		if err := c.Probe(ctx); err != nil {
			return refresh.State{}, err
		}
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	g.records[c.Provider] = append(g.records[c.Provider], c.Record.Reveal())
	return refresh.State{Name: c.Provider, Exists: true, Owned: true, Current: c.To}, nil
}
