package tokenendpoint_test

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"pgregory.net/rapid"

	"example.com/tokenkeeper/internal/refresh"
)

// A game for config editors: whatever they put, remove, rename or have approved by the owner
// of another credential, between runs and within them, the wire is that of the approved copy.
// A provider that reflects, encodes and remembers what it is sent is of no help: it is never
// sent anything else.
func TestEditorsCannotMoveAnApprovedCredential(t *testing.T) {
	s := serve(t, parrot("http://127.0.0.1:1/token"))
	host := strings.TrimPrefix(s.URL, "http://")
	approved := `{"token_endpoint": "` + s.URL + `/token", "token_endpoint_auth_method": "client_secret_post", "scope": "read"}`
	credential := fmt.Sprintf(`{"client_id": "reports", "client_secret": %q, "approved_only": true, "providers": ["crm"], "allowed_hosts": [%q]}`, canary, host)
	bases := []string{approved, `{"token_endpoint": "URL/token"}`,
		`{"credential": "erp", "request": {"url": "URL/gists", "json": {"note": "${base64(client_secret)}"}}, "response": {"access_token": "echo.body"}}`}
	for _, shape := range shapes(t) {
		bases = append(bases, shape.Config)
	}
	run := func(g *game) (*refresh.Report, error) {
		r := &refresh.Runner{Source: g, Store: gameStore{}, Parser: onLoopback(), Now: atNoon,
			Schedule: refresh.Schedule{Tick: time.Minute, CacheAge: 5 * time.Minute}}
		return r.Run(context.Background(), refresh.Job{})
	}
	wire := func(r *http.Request, body string) string { return fmt.Sprint(r.Method, r.URL, r.Header, body) }
	if _, err := run(&game{docs: map[string]string{"erp/erp": approved}, credential: credential, between: func() {}}); err != nil || len(s.seen) != 1 {
		t.Fatalf("%v after %d requests", err, len(s.seen))
	}
	only := wire(s.seen[0], s.body[0])
	s.seen, s.body = nil, nil
	second := map[string]string{"/crm": `{"credential": "erp", "token_endpoint": "` + s.URL + `/token"}`}
	report, _ := run(&game{docs: second, credential: credential, between: func() {}})
	if len(report.Results) != 1 || report.Results[0].Err == nil || report.Results[0].Err.Code != refresh.CodeNotApproved || len(s.seen) != 0 {
		t.Fatalf("a second provider of the credential, without a copy: %+v", report.Results)
	}
	logins := 0

	rapid.Check(t, func(t *rapid.T) {
		g := &game{docs: map[string]string{"/erp": approved, "erp/erp": approved}, credential: credential}
		config := func() string {
			return edited(t, strings.ReplaceAll(rapid.SampledFrom(bases).Draw(t, "base"), "URL", s.URL), s.URL, []string{s.URL})
		}
		move := func() {
			at := rapid.SampledFrom([]string{"/erp", "/crm", "mallory/erp", "mallory/crm", "crm/crm"}).Draw(t, "place")
			if rapid.Bool().Draw(t, "put") {
				g.docs[at] = config()
				return
			}
			delete(g.docs, at)
		}
		// Within a run, between its listing and its login.
		g.between = func() {
			if rapid.Bool().Draw(t, "between") {
				move()
			}
		}
		for range rapid.IntRange(1, 4).Draw(t, "runs") {
			move()
			report, _ := run(g)
			for _, result := range report.Results {
				switch {
				case result.Provider == "erp" && result.Outcome != refresh.Refreshed:
					t.Fatalf("erp is %s: %v", result.Outcome, result.Err)
				case result.Provider != "erp" && result.Outcome == refresh.Refreshed:
					t.Fatalf("%s got a token by the credential of erp: %v", result.Provider, g.docs)
				}
			}
		}
		s.mu.Lock()
		defer s.mu.Unlock()
		for i, req := range s.seen {
			if sent := wire(req, s.body[i]); sent != only {
				t.Fatalf("sent:\n%s\nwant:\n%s\nwith %v", sent, only, g.docs)
			}
		}
		logins += len(s.seen)
		s.seen, s.body = nil, nil
	})
	if logins == 0 {
		t.Error("no login: nothing was shown")
	}
}

// A game is the source and the store of a few providers that share one credential, erp.
// Documents are by the place that they lie at: approver/name, without an approver in
// providers/.
type game struct {
	mu         sync.Mutex
	docs       map[string]string
	credential string
	between    func()
}

func (g *game) Configs(context.Context) ([]refresh.Document, error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.list(), nil
}

func (g *game) list() []refresh.Document {
	var docs []refresh.Document
	for at, text := range g.docs {
		approver, name, _ := strings.Cut(at, "/")
		d := document(name, text)
		d.Where, d.Approver, d.Version = at, approver, text
		docs = append(docs, d)
	}
	return docs
}

func (g *game) Latest(_ context.Context, provider, credential string) ([]refresh.Document, refresh.Document, error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.between()
	var docs []refresh.Document
	for _, d := range g.list() {
		if d.Name == provider && (d.Approver == "" || d.Approver == provider || d.Approver == credential) {
			docs = append(docs, d)
		}
	}
	if credential != "erp" {
		return docs, refresh.Document{}, refresh.ErrNotFound
	}
	return docs, document(credential, g.credential), nil
}

func (g *game) CredentialVersion(context.Context, string) (string, error) { return "1", nil }

// A gameStore has a secret for each provider and never a token, so that all are due.
type gameStore struct{}

func (gameStore) List(context.Context) ([]refresh.State, error)       { return nil, nil }
func (gameStore) Limits() refresh.Limits                              { return refresh.Limits{} }
func (gameStore) Writes(context.Context, string) ([]time.Time, error) { return nil, nil }
func (gameStore) Note(context.Context, string, refresh.Note) error    { return nil }

func (gameStore) Open(_ context.Context, provider string) (refresh.State, error) {
	return refresh.State{Name: provider, Exists: true, Owned: true}, nil
}

func (gameStore) Save(_ context.Context, c refresh.Change) (refresh.State, error) {
	return refresh.State{Name: c.Provider, Exists: true, Owned: true, Current: c.To}, nil
}
