package localstore_test

import (
	"context"
	"fmt"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"example.com/tokenkeeper/cmd/tokenkeeper/internal/localstore"
	"example.com/tokenkeeper/internal/refresh"
	"example.com/tokenkeeper/internal/secret"
)

// A login server counts logins, and answers another token each time.
type loginServer struct {
	now    func() time.Time
	logins atomic.Int32
}

func (s *loginServer) Grant(context.Context, refresh.Login) (refresh.Grant, error) {
	n := s.logins.Add(1)
	return refresh.Grant{
		AccessToken: secret.New(fmt.Sprintf("token-%d", n)),
		TokenType:   "Bearer",
		AskedAt:     s.now(),
		Lifetime:    time.Hour,
	}, nil
}

// A parser understands every document, and has one endpoint for all.
type parser struct{ endpoint refresh.Endpoint }

func (p parser) Provider(d refresh.Document) (refresh.Provider, error) {
	return refresh.Provider{Name: d.Name, Credential: d.Name, Endpoint: p.endpoint,
		Config: refresh.NewFingerprint([]byte(d.Data.Reveal()))}, nil
}

func (p parser) Credential(d refresh.Document) (refresh.Credential, error) {
	return refresh.Credential{Name: d.Name, Version: d.Version,
		Values: map[string]secret.Text{"client_secret": d.Data}}, nil
}

// A job is a directory with one provider, and what a run does with it.
type job struct {
	dir    string
	now    time.Time
	server *loginServer
}

func newJob(t *testing.T) *job {
	t.Helper()
	j := &job{dir: t.TempDir(), now: noon}
	j.server = &loginServer{now: func() time.Time { return j.now }}
	write(t, filepath.Join(j.dir, "providers", "meitner.json"), "{}")
	write(t, filepath.Join(j.dir, "credentials", "meitner.json"), planted)
	return j
}

func (j *job) runner(d *localstore.Dir) *refresh.Runner {
	return &refresh.Runner{Source: d, Parser: parser{j.server}, Store: d,
		Schedule: refresh.Schedule{Tick: time.Minute, CacheAge: 5 * time.Minute},
		Now:      func() time.Time { return j.now }}
}

// run is one run, as a process of its own.
func (j *job) run(t *testing.T, disk *tracedDisk) (refresh.Result, error) {
	t.Helper()
	d := openOn(t, j.dir, disk)
	defer d.Close()
	refuse := disk.refuse
	disk.refuse = nil
	lock(t, d)
	disk.steps, disk.refuse = nil, refuse
	report, err := j.runner(d).Run(t.Context(), refresh.Job{})
	if len(report.Results) != 1 {
		t.Fatalf("%d results, want one: %v", len(report.Results), err)
	}
	return report.Results[0], err
}

func TestRunsKilledBeforeEveryStep(t *testing.T) {
	for n := 0; ; n++ {
		j := newJob(t)
		if _, err := j.run(t, &tracedDisk{}); err != nil {
			t.Fatal(err)
		}
		first := readRecord(t, j.dir, meitner)
		j.now = j.now.Add(50 * time.Minute)
		res, _ := j.run(t, &tracedDisk{refuse: killedAt(n)})
		if got := readRecord(t, j.dir, meitner); got != first && !strings.Contains(got, "token-2") {
			t.Fatalf("killed before step %d: consumers read %q", n, got)
		}
		logins := j.server.logins.Load()
		stored := stateOf(t, j.dir).Next != ""
		again, err := j.run(t, &tracedDisk{})
		if err != nil {
			t.Fatalf("killed before step %d: the next run failed: %v", n, err)
		}
		st := stateOf(t, j.dir)
		if v, _ := st.Current.Parse(); !v.IssuedAt.Equal(j.now) {
			t.Errorf("killed before step %d: after one more run %q is current", n, st.Current)
		}
		if stored && (again.Outcome != refresh.Finished || j.server.logins.Load() != logins) {
			t.Errorf("killed before step %d with the token stored: the next run %s it, with %d logins",
				n, again.Outcome, j.server.logins.Load()-logins)
		}
		if res.Outcome == refresh.Refreshed {
			return
		}
	}
}

func TestFullDiskCostsNoLogin(t *testing.T) {
	j := newJob(t)
	for range 3 {
		res, err := j.run(t, &tracedDisk{refuse: failing(syscall.ENOSPC, "write")})
		if err == nil || res.Err == nil || !strings.Contains(res.Err.Remedy, "make room") || !res.Notice {
			t.Errorf("the run ended with %+v, %v; want a failure that says what to do", res.Err, err)
		}
		j.now = j.now.Add(time.Minute)
	}
	if n := j.server.logins.Load(); n != 0 {
		t.Errorf("%d logins for tokens that could not be stored", n)
	}
	if res, err := j.run(t, &tracedDisk{}); err != nil || res.Outcome != refresh.Refreshed {
		t.Errorf("once there is room: %s, %v", res.Outcome, err)
	}
}

func TestRunsAtOnceInOneProcess(t *testing.T) {
	j := newJob(t)
	d := openOn(t, j.dir, &tracedDisk{})
	lock(t, d)
	const runs = 8
	var wg sync.WaitGroup
	for range runs {
		wg.Go(func() {
			if _, err := j.runner(d).Run(t.Context(), refresh.Job{}); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	st, record := stateOf(t, j.dir), readRecord(t, j.dir, meitner)
	if v, ours := st.Current.Parse(); !ours || !v.IssuedAt.Equal(j.now) || !strings.Contains(record, "token-") {
		t.Errorf("%q is current, and consumers read %q", st.Current, record)
	}
	if n := j.server.logins.Load(); n > runs {
		t.Errorf("%d logins of %d runs", n, runs)
	}
}
