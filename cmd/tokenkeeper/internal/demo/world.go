package demo

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"sync"
	"time"

	"example.com/tokenkeeper/cmd/tokenkeeper/internal/place"
	"example.com/tokenkeeper/cmd/tokenkeeper/internal/status"
	"example.com/tokenkeeper/cmd/tokenkeeper/internal/trial"
	"example.com/tokenkeeper/internal/refresh"
	"example.com/tokenkeeper/internal/simulator"
	"example.com/tokenkeeper/internal/tokenendpoint"
	"example.com/tokenkeeper/reader"
)

// Tick and CacheAge are what the demo runs with: the defaults.
const (
	Tick     = time.Minute
	CacheAge = 5 * time.Minute
)

// A clock is simulated.
type clock struct {
	mu sync.Mutex
	at time.Time
}

func (c *clock) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.at
}

func (c *clock) set(t time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.at = t
}

// A world is everything that the story happens to.
type world struct {
	path   string
	clock  *clock
	sim    *simulator.Simulator
	server *http.Server
	host   string // of the server, with its port
	folder place.Folder
	parser *tokenendpoint.Parser
	runner *refresh.Runner
	apps   map[string]*http.Client // an application for each provider

	served chan error                // what the server ended with
	first  map[string]string         // the Authorization of each provider's first token
	expiry map[string]time.Time      // when the first tokens end
	done   map[string]refresh.Result // the last result of each provider that did something
}

// newWorld puts everything together, in the way in which 'tokenkeeper run' does.
func newWorld(path string) (_ *world, err error) {
	w := &world{
		path:   path,
		clock:  &clock{at: time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)},
		apps:   map[string]*http.Client{},
		first:  map[string]string{},
		expiry: map[string]time.Time{},
		done:   map[string]refresh.Result{},
		served: make(chan error, 1),
	}
	w.sim = simulator.New(simulator.Options{Now: w.clock.now})
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("listening on loopback: %w", err)
	}
	w.host = listener.Addr().String()
	w.server = &http.Server{Handler: w.sim, ReadHeaderTimeout: 10 * time.Second}
	go func() { w.served <- w.server.Serve(listener) }()
	defer func() {
		if err != nil {
			w.close()
		}
	}()

	files, err := trial.For(w.sim, "http://"+w.host)
	if err != nil {
		return nil, err
	}
	if err := files.Write(path); err != nil {
		return nil, err
	}
	if w.folder, err = place.OpenFolder(path); err != nil {
		return nil, err
	}
	if err := w.folder.Lock(); err != nil {
		return nil, err
	}
	w.parser = tokenendpoint.New(tokenendpoint.Options{AllowLoopback: true, Now: w.clock.now})
	w.runner = &refresh.Runner{
		Source:   w.folder,
		Parser:   w.parser,
		Store:    w.folder,
		Schedule: refresh.Schedule{Tick: Tick, CacheAge: CacheAge},
		Now:      w.clock.now,
	}
	for _, name := range simulator.Names() {
		w.apps[name] = &http.Client{Transport: &reader.Transport{
			Reader: reader.New(reader.File(w.tokenFile(name)), reader.Options{Now: w.clock.now}),
			Hosts:  []string{w.host},
			Base:   &http.Transport{DisableKeepAlives: true},
		}}
	}
	return w, nil
}

func (w *world) close() {
	if w.folder.Dir != nil {
		_ = w.folder.Close()
	}
	w.sim.Close()
	_ = w.server.Close()
	<-w.served
}

// apis are the resources behind the tokens, as package simulator documents them.
var apis = map[string]string{
	simulator.Meitner:   "/meitner/directory/v1/school",
	simulator.EduCloud:  "/educloud/example",
	simulator.METI:      "/meti/sources",
	simulator.METILogin: "/meti-login/sources",
}

// call has the application of a provider call the API, and returns the status.
func (w *world) call(ctx context.Context, provider string) (int, error) {
	return w.get(ctx, w.apps[provider], provider, "")
}

// callWith calls the API with a token that an application has kept.
func (w *world) callWith(ctx context.Context, provider, authorization string) (int, error) {
	return w.get(ctx, &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}, provider, authorization)
}

func (w *world) get(ctx context.Context, client *http.Client, provider, authorization string) (int, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+w.host+apis[provider], nil)
	if err != nil {
		return 0, err
	}
	if authorization != "" {
		req.Header.Set("Authorization", authorization)
	}
	resp, err := client.Do(req)
	if err != nil {
		return 0, fmt.Errorf("calling the API of %s: %w", provider, err)
	}
	defer resp.Body.Close()
	_, err = io.Copy(io.Discard, resp.Body)
	return resp.StatusCode, err
}

// tick runs once, at the present time.
func (w *world) tick(ctx context.Context) (*refresh.Report, error) {
	report, err := w.runner.Run(ctx, refresh.Job{})
	if err != nil && !errors.As(err, new(*refresh.ProviderError)) {
		return nil, fmt.Errorf("running a tick: %w", err)
	}
	if ctx.Err() != nil {
		return nil, context.Cause(ctx)
	}
	for _, res := range report.Results {
		if res.Outcome != refresh.Waiting {
			w.done[res.Provider] = res
		}
	}
	return report, nil
}

// nextTick lets the time to the next tick pass, and runs it.
func (w *world) nextTick(ctx context.Context) (*refresh.Report, error) {
	w.clock.set(w.clock.now().Add(Tick))
	return w.tick(ctx)
}

// record returns a provider's record, byte for byte.
func (w *world) record(provider string) (string, error) {
	data, err := w.folder.Read(provider)
	return data.Reveal(), err
}

// editCredential puts what the provider now expects into its credential, as an operator
// does with an editor.
func (w *world) editCredential(provider string) error {
	files, err := trial.For(w.sim, "http://"+w.host)
	if err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(w.path, "credentials", provider+".json"), files.Credentials[provider], 0o600)
}

// status is what an operator sees who asks now.
func (w *world) status(ctx context.Context) (status.Report, error) {
	return status.Lookout{Place: w.folder.As("DIR"), Parser: w.parser, Schedule: w.runner.Schedule, Now: w.clock.now()}.Look(ctx, nil)
}

// tokenFiles returns, for every file of tokens/, when it was written and what it holds.
func (w *world) tokenFiles() (map[string]string, error) {
	files, err := os.ReadDir(filepath.Join(w.path, "tokens"))
	if err != nil {
		return nil, err
	}
	all := make(map[string]string, len(files))
	for _, f := range files {
		info, err := f.Info()
		if err != nil {
			return nil, err
		}
		data, err := os.ReadFile(filepath.Join(w.path, "tokens", f.Name()))
		if err != nil {
			return nil, err
		}
		all[f.Name()] = fmt.Sprintf("%d %s", info.ModTime().UnixNano(), data)
	}
	return all, nil
}

func (w *world) tokenFile(provider string) string {
	return filepath.Join(w.path, "tokens", provider+".json")
}

// logins returns how many token requests all providers have had.
func (w *world) logins() int {
	n := 0
	for _, name := range simulator.Names() {
		n += w.sim.Logins(name)
	}
	return n
}
