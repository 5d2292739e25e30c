package refresh_test

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"example.com/tokenkeeper/internal/refresh"
	"example.com/tokenkeeper/internal/secret"
)

// A world is everything that a Runner touches, in memory: configs, credentials, one
// secret a provider, and providers that answer. It holds state; what a test expects
// stands in the test.
type world struct {
	mu          sync.Mutex
	now         time.Time
	configs     map[string]string // by provider; "bad" does not parse, "" is unreadable
	approved    map[string]string // copies, by credential/provider
	sent        map[string]string // the config of each provider's last login
	credentials map[string]credential
	secrets     map[string]*stored
	answers     map[string]func(context.Context) (refresh.Grant, error)
	next        map[string]func(spent string) refresh.Successor
	logins      map[string]int
	issued      int
	notes       int // written or removed
	opened      map[string]int
	listErr     error
	configErr   error
	openErr     map[string]error
	saveErr     map[string]error
	noteErr     error
	beforeSwap  func(provider string) // another run, in between
	// beforeLatest comes between the listing of a run and a login.
	beforeLatest func(provider string)
	listed       map[string]refresh.State
	page         int // how many secrets a page of a list has; zero: all
	limits       refresh.Limits
}

type credential struct {
	version      string
	providers    []string
	approvedOnly bool
}

type stored struct {
	state    refresh.State
	writes   []time.Time
	versions map[refresh.VersionID]string
}

func newWorld(providers ...string) *world {
	w := &world{
		now:         noon,
		configs:     map[string]string{},
		sent:        map[string]string{},
		credentials: map[string]credential{},
		secrets:     map[string]*stored{},
		answers:     map[string]func(context.Context) (refresh.Grant, error){},
		next:        map[string]func(string) refresh.Successor{},
		logins:      map[string]int{},
		opened:      map[string]int{},
		limits:      refresh.Limits{Record: 65536, Versions: 100},
		openErr:     map[string]error{},
		saveErr:     map[string]error{},
	}
	for _, name := range providers {
		w.configs[name] = "v1"
		w.credentials[name] = credential{version: "c1"}
	}
	return w
}

// runner returns a Runner on w with the schedule of AWS at a tick of a minute.
func (w *world) runner() *refresh.Runner {
	return &refresh.Runner{Source: source{w}, Parser: parser{w}, Store: store{w}, Schedule: onAWS(time.Minute),
		Now: func() time.Time { return w.now }}
}

// run does one tick and returns the result of each provider.
func (w *world) run(job refresh.Job) (map[string]refresh.Result, *refresh.Report, error) {
	report, err := w.runner().Run(context.Background(), job)
	results := map[string]refresh.Result{}
	for _, r := range report.Results {
		results[r.Provider] = r
	}
	return results, report, err
}

// record returns what a consumer of that provider reads.
func (w *world) record(name string) string {
	s := w.secrets[name]
	if s == nil {
		return ""
	}
	return s.versions[s.state.Current]
}

// answer has the provider's next logins answered by f.
func (w *world) answer(name string, f func(context.Context) (refresh.Grant, error)) {
	w.answers[name] = f
}

// grant is a token of an hour, unlike all before it.
func (w *world) grant() refresh.Grant {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.issued++
	return refresh.Grant{AccessToken: secret.New(fmt.Sprintf("token-%d", w.issued)), TokenType: "Bearer", AskedAt: w.now, Lifetime: time.Hour}
}

type source struct{ *world }

func (s source) Configs(context.Context, string) ([]refresh.Document, string, error) {
	var docs []refresh.Document
	for _, name := range slices.Sorted(maps.Keys(s.configs)) {
		docs = append(docs, s.config(name))
	}
	for _, at := range slices.Sorted(maps.Keys(s.approved)) {
		docs = append(docs, s.copy(at))
	}
	return docs, "", s.configErr
}

func (s source) config(name string) refresh.Document {
	text := s.configs[name]
	d := refresh.Document{Name: name, Where: "/providers/" + name, Version: text, Data: secret.New(text)}
	if text == "" {
		d.Err = errors.New("it is encrypted")
	}
	return d
}

// copy is the approved copy at CREDENTIAL/PROVIDER.
func (s source) copy(at string) refresh.Document {
	credential, name, _ := strings.Cut(at, "/")
	text := s.approved[at]
	return refresh.Document{Name: name, Approver: credential, Where: "/approved/" + at, Version: text, Data: secret.New(text)}
}

func (s source) Latest(_ context.Context, wanted []refresh.Wanted) []refresh.Reading {
	readings := make([]refresh.Reading, len(wanted))
	for i, w := range wanted {
		if s.beforeLatest != nil {
			s.beforeLatest(w.Provider)
		}
		r := &readings[i]
		if _, ok := s.configs[w.Provider]; ok {
			r.Configs = append(r.Configs, s.config(w.Provider))
		}
		for _, approver := range slices.Compact([]string{w.Credential, w.Provider}) {
			if at := approver + "/" + w.Provider; s.approved[at] != "" {
				r.Configs = append(r.Configs, s.copy(at))
			}
		}
		r.Credential, r.Err = s.credential(w.Credential)
	}
	return readings
}

func (s source) credential(name string) (refresh.Document, error) {
	c, ok := s.credentials[name]
	if !ok {
		return refresh.Document{}, fmt.Errorf("%s: %w", name, refresh.ErrNotFound)
	}
	return refresh.Document{Name: name, Version: c.version}, nil
}

func (s source) CredentialVersions(ctx context.Context, names []string) []refresh.CredentialVersion {
	versions := make([]refresh.CredentialVersion, len(names))
	for i, name := range names {
		d, err := s.credential(name)
		versions[i] = refresh.CredentialVersion{Version: d.Version, Err: err}
	}
	return versions
}

type parser struct{ *world }

func (p parser) Provider(d refresh.Document) (refresh.Provider, error) {
	text := d.Data.Reveal()
	if text == "panic" {
		panic(canary)
	}
	if text == "bad" {
		return refresh.Provider{}, refresh.Problems{{Where: d.Where, Path: "token_endpoint", Detail: "missing"}}
	}
	credential, _ := d.CredentialName()
	return refresh.Provider{Name: d.Name, Where: d.Where, Credential: credential,
		Config: refresh.NewFingerprint([]byte(text)), Endpoint: endpoint{p.world, d.Name, text}}, nil
}

func (p parser) Credential(d refresh.Document) (refresh.Credential, error) {
	return refresh.Credential{Name: d.Name, Version: d.Version, Providers: p.credentials[d.Name].providers,
		ApprovedOnly: p.credentials[d.Name].approvedOnly,
		Values:       map[string]secret.Text{"client_secret": secret.New(canary)}}, nil
}

type endpoint struct {
	*world
	name, config string
}

func (e endpoint) Grant(ctx context.Context, l refresh.Login) (refresh.Grant, error) {
	e.mu.Lock()
	e.logins[e.name]++
	e.sent[e.name] = e.config
	answer := e.answers[e.name]
	next := e.next[e.name]
	e.mu.Unlock()
	if next != nil && l.Rotate != nil {
		if s := next(l.Credential.Values["refresh_token"].Reveal()); !s.Token.IsZero() || s.Unstorable != "" {
			l.Rotate(s)
		}
	}
	if answer != nil {
		return answer(ctx)
	}
	return e.grant(), nil
}

// rotateTo has the provider's next logins answered with that refresh token; empty: none.
func (w *world) rotateTo(name, token string) {
	w.next[name] = func(string) refresh.Successor { return refresh.Successor{Token: secret.New(token)} }
	if token == "" {
		w.next[name] = nil
	}
}

type store struct{ *world }

func (s store) Limits() refresh.Limits { return s.limits }

func (s store) List(ctx context.Context, from string) ([]refresh.State, string, error) {
	if s.page > 0 {
		time.Sleep(time.Second) // so that a run begins before the last page comes
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := ctx.Err(); err != nil {
		return nil, "", err
	}
	var states []refresh.State
	for _, name := range slices.Sorted(maps.Keys(s.secrets)) {
		if name < from {
			continue
		}
		if s.page > 0 && len(states) == s.page {
			return states, name, s.listErr
		}
		st := s.secrets[name].state
		if old, ok := s.listed[name]; ok {
			st = old
		}
		states = append(states, st)
	}
	return states, "", s.listErr
}

func (s store) Open(ctx context.Context, name string) (refresh.State, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := ctx.Err(); err != nil {
		return refresh.State{}, err
	}
	s.opened[name]++
	if err := s.openErr[name]; err != nil {
		return refresh.State{}, err
	}
	if s.secrets[name] == nil {
		s.secrets[name] = &stored{state: refresh.State{Name: name, Exists: true, Owned: true}, versions: map[refresh.VersionID]string{}}
	}
	return s.secrets[name].state, nil
}

func (s store) Writes(_ context.Context, name string) ([]time.Time, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.secrets[name].writes, nil
}

func (s store) Save(ctx context.Context, c refresh.Change) (refresh.State, error) {
	if err := s.saveErr[c.Provider]; err != nil {
		return refresh.State{}, err
	}
	if s.beforeSwap != nil {
		s.beforeSwap(c.Provider)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := ctx.Err(); err != nil {
		return refresh.State{}, err
	}
	sec := s.secrets[c.Provider]
	if !c.Replaces(sec.state.Current) {
		return sec.state, nil
	}
	if !c.Record.IsZero() {
		sec.versions[c.To] = c.Record.Reveal()
		sec.state.Next = c.To
	}
	if sec.versions[c.To] == "" {
		return sec.state, errors.New("there is no such version")
	}
	if sec.state.Current != c.From && sec.state.Current != "" {
		return sec.state, nil // another run was ahead
	}
	if c.Probe != nil {
		s.mu.Unlock() // consumers read meanwhile
		err := c.Probe(ctx)
		s.mu.Lock()
		if err != nil || sec.state.Current != c.From {
			return sec.state, err
		}
	}
	sec.state.Current = c.To
	return sec.state, nil
}

func (s store) Note(ctx context.Context, name string, n refresh.Note) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := ctx.Err(); err != nil {
		return err
	}
	if s.noteErr != nil {
		return s.noteErr
	}
	s.notes++
	s.secrets[name].state.Note = n
	return nil
}

// deleting schedules a secret for deletion, as a store says that.
func deleting(st *refresh.State) {
	st.Deleting, st.Blocked = true, &refresh.Error{Class: refresh.Misconfigured, Code: string(refresh.Deleting), Detail: "it is scheduled for deletion"}
}
