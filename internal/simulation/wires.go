package simulation

import (
	"errors"
	"net/http"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"

	"example.com/tokenkeeper/internal/awscall"
	"example.com/tokenkeeper/internal/awstest"
	"example.com/tokenkeeper/internal/refresh"
	"example.com/tokenkeeper/internal/secretstore"
)

// prefix is what the name of each secret begins with over wires.
const prefix = "tokenkeeper/tokens/"

// An environment is one warm process of the function: its store, and over wires the clients
// and the connections that it keeps from one run to the next.
type environment struct {
	w   *World
	run *run // that is at work in it
	// store is nil in memory, where each run is its own.
	store refresh.Store
	http  *http.Client
}

// wire starts an account, and an environment's clients of it.
func (w *World) wire() {
	w.account = awstest.Start(awstest.Options{InMemory: true})
	for i := range w.environments {
		e := &environment{w: w}
		cfg := w.account.Config()
		e.http = cfg.HTTPClient.(*http.Client)
		cfg.HTTPClient = e
		awscall.Configure(&cfg)
		e.store = &secretstore.Store{Client: secretsmanager.NewFromConfig(cfg), Prefix: prefix, Stack: "tokenkeeper"}
		w.environments[i] = e
	}
}

var errUnreachable = errors.New("connection refused")

// Do implements aws.HTTPClient: it carries a call, unless AWS is down or the run was killed.
func (e *environment) Do(req *http.Request) (*http.Response, error) {
	r := e.run
	if err := sleep(req.Context(), 20*time.Millisecond); err != nil {
		return nil, err
	}
	if err := r.begin(); err != nil {
		return nil, err
	}
	resp, err := e.http.Do(req)
	if dead := r.end(); dead != nil && err == nil {
		_ = resp.Body.Close()
		return nil, dead
	}
	return resp, err
}

// begin counts a call that is about to be made, and says why it does not reach AWS.
func (r *run) begin() error {
	r.w.mu.Lock()
	defer r.w.mu.Unlock()
	switch r.killAt--; {
	case r.dead:
		return errKilled
	case r.killAt == 0 && !r.after:
		r.dead = true
		return errKilled
	case r.w.awsDown(time.Now()):
		r.failed = true
		return errUnreachable
	}
	return nil
}

// end says why the answer to a call does not arrive.
func (r *run) end() error {
	r.w.mu.Lock()
	defer r.w.mu.Unlock()
	if r.killAt == 0 && r.after {
		r.dead = true
	}
	if r.dead {
		return errKilled
	}
	return nil
}

// observe brings what is known of the secrets up to the account, and judges what changed there.
func (w *World) observe() {
	if w.account == nil {
		return
	}
	now := time.Now()
	for _, p := range w.providers {
		s, there := w.account.Secret(prefix + p.name)
		if !there {
			continue
		}
		seen := w.secrets[p.name]
		if seen == nil {
			seen = &stored{versions: map[refresh.VersionID]*token{}}
			w.secrets[p.name] = seen
		}
		seen.written = seen.written[:0]
		for _, v := range s.Versions {
			seen.written = append(seen.written, v.Created)
		}
		seen.state.Note, _ = refresh.ParseNote(s.Tags["tokenkeeper:state"])
		current, ok := s.Current()
		to := refresh.VersionID(current.ID)
		if !ok || to == seen.state.Current {
			continue
		}
		seen.versions[to] = p.named(current.Value)
		at := current.Created
		if now.Sub(at) > 2*tick {
			at = now // it was stored by a run that died
		}
		w.judgeSwap(p.name, seen, to, at)
		seen.state.Current = to
	}
}

var _ aws.HTTPClient = (*environment)(nil)
