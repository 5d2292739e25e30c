package localstore_test

import (
	"context"
	"flag"
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"example.com/tokenkeeper/internal/refresh"
	"example.com/tokenkeeper/internal/secret"
)

// The enumeration has a run in a folder fail at each of its calls to the system, which are
// counted: in every way, singly and in pairs, within one run and over two.

var pairs = flag.Int("pairs", 0, "how many pairs of faults are drawn beside all single ones; negative: all pairs; 0: 40, beside every eighth single one")

// A strike is one fault of a run: at a call, and at all later ones if it lasts.
type strike struct {
	run, call int
	err       error
	lasts     bool
}

func (s strike) String() string {
	return fmt.Sprintf("run %d, call %d: %v, lasting %t", s.run, s.call, s.err, s.lasts)
}

// A family is a provider that issues a token of an hour for each login, and where it rotates
// refresh tokens ends them all when one is sent twice.
type family struct {
	rotates bool
	valid   string
	spent   map[string]bool
	revoked bool
	issued  int
}

func (f *family) Grant(_ context.Context, l refresh.Login) (refresh.Grant, error) {
	asked := time.Now()
	if f.rotates {
		ticket := l.Credential.Values["refresh_token"].Reveal()
		if f.revoked = f.revoked || f.spent[ticket]; f.revoked || ticket != f.valid {
			return refresh.Grant{}, &refresh.Error{Class: refresh.NeedsPerson, Code: "invalid_grant", Detail: "refused"}
		}
		f.spent[ticket] = true
		f.valid = fmt.Sprint("ticket-", len(f.spent))
		l.Rotate(refresh.Successor{Token: secret.New(f.valid)})
	}
	f.issued++
	return refresh.Grant{AccessToken: secret.New(fmt.Sprintf("token-%d", f.issued)), TokenType: "Bearer", AskedAt: asked, Lifetime: time.Hour}, nil
}

// Provider and Credential implement refresh.Parser.
func (f *family) Provider(d refresh.Document) (refresh.Provider, error) {
	return refresh.Provider{Name: d.Name, Credential: d.Name, Endpoint: f, Rotates: f.rotates, Timeout: 5 * time.Second,
		Config: refresh.NewFingerprint([]byte(d.Data.Reveal()))}, nil
}

func (f *family) Credential(d refresh.Document) (refresh.Credential, error) {
	return refresh.Credential{Name: d.Name, Version: d.Version, Values: map[string]secret.Text{"client_secret": d.Data}}, nil
}

// A stage is a directory with one provider.
type stage struct {
	*family
	dir    string
	killed bool
	wrote  bool // the last run could write after it had logged in
}

func newStage(t *testing.T, rotates bool) *stage {
	f := &stage{family: &family{rotates: rotates, valid: "ticket-0", spent: map[string]bool{}}, dir: t.TempDir()}
	write(t, filepath.Join(f.dir, "providers", "meitner.json"), "{}")
	write(t, filepath.Join(f.dir, "credentials", "meitner.json"), planted)
	if rotates {
		d := open(t, f.dir)
		defer d.Close()
		if err := d.Vault().Put(t.Context(), meitner, secret.New(f.valid), ""); err != nil {
			t.Fatal(err)
		}
	}
	return f
}

// run is one run, as a process of its own, and returns how many calls it made.
func (f *stage) run(t *testing.T, strikes ...strike) (calls int, report *refresh.Report, err error) {
	t.Helper()
	var mu sync.Mutex
	f.killed, f.wrote = false, false
	issued := f.issued
	struck := func() error {
		mu.Lock()
		defer mu.Unlock()
		calls++
		for _, s := range strikes {
			if calls == s.call || calls > s.call && (s.lasts || s.err == errKilled) {
				f.killed = f.killed || s.err == errKilled
				return s.err
			}
		}
		f.wrote = f.wrote || f.issued > issued
		return nil
	}
	disk := &tracedDisk{}
	d := openOn(t, f.dir, disk)
	defer d.Close()
	lock(t, d)
	disk.refuse, disk.reading = func(int, step) error { return struck() }, func(string) error { return struck() }
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Second)
	defer cancel()
	r := &refresh.Runner{Source: d, Parser: f.family, Store: d, Vault: d.Vault(),
		Schedule: refresh.Schedule{Tick: time.Minute, CacheAge: 5 * time.Minute}}
	report, err = r.Run(ctx, refresh.Job{})
	return calls, report, err
}

// perform has a first token issued, the run that replaces it struck, and the hours after it.
func (f *stage) perform(t *testing.T, later bool, strikes []strike) (lost bool) {
	defer func() {
		if t.Failed() {
			t.Errorf("a later token %t, with refresh tokens %t: %v", later, f.rotates, strikes)
		}
	}()
	if later {
		if _, _, err := f.run(t); err != nil {
			t.Fatal(err)
		}
		time.Sleep(50 * time.Minute)
	}
	before := f.issued
	unkept := false
	for run := range 2 {
		var of []strike
		for _, s := range strikes {
			if s.run == run {
				of = append(of, s)
			}
		}
		spent := len(f.spent)
		_, report, err := f.run(t, of...)
		failed := report.Count(refresh.Failed) > 0
		if failed && err == nil {
			t.Error("a provider failed, and the run says that all is well")
		}
		// Whatever became of the new one, consumers read a whole token, none of before.
		if got := readRecord(t, f.dir, meitner); (later || got != "") && !f.reads(got, before) {
			t.Errorf("after run %d consumers read %q", run, got)
		}
		unkept = unkept || len(f.spent) > spent && (f.killed || !f.wrote)
		time.Sleep(time.Minute)
	}
	for range 240 {
		st := stateOf(t, f.dir)
		if v, ok := st.Current.Parse(); ok && st.Note == (refresh.Note{}) && f.issued > before && v.IssuedAt.Add(time.Minute).After(time.Now().Add(-40*time.Minute)) {
			break
		}
		if _, report, _ := f.run(t); report.Results[0].Class() == refresh.NeedsPerson {
			lost = true
			break
		}
		time.Sleep(time.Minute)
	}
	st := stateOf(t, f.dir)
	switch {
	case lost && !f.rotates, lost && !unkept:
		t.Errorf("a person is needed, and a write of the run went through: %v", st.Note)
	case lost:
	case st.Note.Class.Failing() || !f.reads(readRecord(t, f.dir, meitner), before+1):
		t.Errorf("after four hours without a fault consumers read %q, note %q", readRecord(t, f.dir, meitner), st.Note)
	}
	if f.revoked && !unkept {
		t.Error("a refresh token was sent twice")
	}
	d := open(t, f.dir) // which clears up after those that were killed
	lock(t, d)
	d.Close()
	for _, of := range []string{"tokens", "private"} {
		if left, _ := filepath.Glob(filepath.Join(f.dir, of, ".tmp-*")); left != nil {
			t.Errorf("these are left: %q", left)
		}
	}
	return lost
}

// reads reports whether a record has a token that was issued, the from-th or a later one.
func (f *stage) reads(record string, from int) bool {
	for n := max(from, 1); n <= f.issued; n++ {
		if strings.Contains(record, fmt.Sprintf("%q", fmt.Sprint("token-", n))) && strings.HasSuffix(strings.TrimSpace(record), "}") {
			return true
		}
	}
	return false
}

func TestEveryFaultOfARunInAFolder(t *testing.T) {
	errs := []error{syscall.EIO, syscall.ENOSPC, syscall.EACCES, errKilled}
	random := rand.New(rand.NewPCG(20261126, 14))
	cases, lost := 0, 0
	for _, kind := range []struct {
		name           string
		rotates, later bool
	}{{"the first token", false, false}, {"a later token", false, true}, {"the first with a refresh token", true, false}, {"a later with a refresh token", true, true}} {
		play := func(strikes ...strike) {
			cases++
			synctest.Test(t, func(t *testing.T) {
				if newStage(t, kind.rotates).perform(t, kind.later, strikes) {
					lost++
				}
			})
		}
		var calls int
		synctest.Test(t, func(t *testing.T) {
			f := newStage(t, kind.rotates)
			if calls, _, _ = f.run(t); kind.later {
				time.Sleep(50 * time.Minute)
				calls, _, _ = f.run(t)
			}
		})
		var singles []strike
		for run := range 2 {
			for call := range calls {
				for _, err := range errs {
					singles = append(singles, strike{run, call + 1, err, false})
					if err != errKilled {
						singles = append(singles, strike{run, call + 1, err, true})
					}
				}
			}
		}
		every, drawn := 1, *pairs/4
		if *pairs == 0 { // beside all other tests, under the race detector
			every, drawn = 8, 10
		}
		for i, s := range singles[:len(singles)/2] { // of the first run; the second has nothing to do then
			if i%every == 0 {
				play(s)
			}
		}
		if *pairs < 0 {
			for i := range singles {
				for j := range i {
					play(singles[j], singles[i])
				}
			}
		}
		for range drawn {
			play(singles[random.IntN(len(singles))], singles[random.IntN(len(singles))])
		}
		t.Logf("%s: %d calls to the system", kind.name, calls)
	}
	if t.Failed() {
		return
	}
	t.Logf("%d cases of a run in a folder, 0 violations; in %d a refresh token was lost that no write of the run could have kept", cases, lost)
}
