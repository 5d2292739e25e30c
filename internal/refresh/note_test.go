package refresh_test

import (
	"math"
	"regexp"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"example.com/tokenkeeper/internal/refresh"
)

// A note outlives the release that wrote it.
func TestNoteGolden(t *testing.T) {
	n := refresh.Note{Class: refresh.Misconfigured, Code: "invalid_client", Since: noon, Last: noon.Add(time.Hour),
		Tries: 2, Next: noon.Add(2 * time.Hour), Config: 0xabcdef, Credential: "9f3a11c2"}
	const want = "v1 class=misconfigured code=invalid_client since=1795348800 last=1795352400 tries=2 next=1795356000 config=abcdef cred=9f3a11c2"
	if got := n.String(); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	if got := (refresh.Note{}).String(); got != "" {
		t.Errorf("no note is written as %q", got)
	}
}

// A tag that people have edited counts no further than our own.
func TestNoteCounts(t *testing.T) {
	for words, want := range map[string][2]int{
		"tries=9998 ours=9998": {9998, 9998}, "tries=9999 ours=9999": {9999, 9999}, "tries=10000 ours=10000": {9999, 9999},
		"tries=1000000 ours=7": {9999, 7}, "tries=2 ours=-3": {2, 0}, "tries=2 ours=0": {2, 0}, "tries=2": {2, 0},
		"tries=0 ours=1": {1, 1},
	} {
		n, err := refresh.ParseNote("v1 class=transient code=x since=1 last=1 next=2 config=000001 " + words)
		if got := [2]int{n.Tries, n.Ours}; err != nil || got != want {
			t.Errorf("%s: %v, %v", words, got, err)
		}
	}
}

// What is known of a refresh token is kept where nothing fails.
func TestNoteWithoutAFailure(t *testing.T) {
	for _, n := range []refresh.Note{{Claim: "0a1b2c3d"}, {Spent: "0a1b2c3d"}, {Unsure: "0a1b2c3d"}, {RefreshTokenEnds: noon}} {
		if got, err := refresh.ParseNote(n.String()); err != nil || got != n {
			t.Errorf("%q is read as %+v, %v", n, got, err)
		}
	}
}

// Secrets Manager takes 256 characters of these in the value of a tag.
var tagValue = regexp.MustCompile(`^[A-Za-z0-9 +\-=._:/@]{0,256}$`)

func TestNoteComesBack(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.Custom(genNote).Filter(func(n refresh.Note) bool {
			never := time.Unix(0, 0) // what 1970 means
			return !n.Next.Equal(never) && !n.Since.Equal(never) && !n.Last.Equal(never) && !n.RefreshTokenEnds.Equal(never)
		}).Draw(t, "note")
		s := n.String()
		if !tagValue.MatchString(s) {
			t.Fatalf("%q is not the value of a tag", s)
		}
		got, err := refresh.ParseNote(s)
		if err != nil || got != n {
			t.Fatalf("%q is read as %+v, %v; want %+v", s, got, err, n)
		}
		if got, err := refresh.ParseNote(s + " added=later"); err != nil || got != n {
			t.Fatalf("a word of a newer release disturbs: %+v, %v", got, err)
		}
	})
}

func TestNoteOfOthers(t *testing.T) {
	for _, s := range []string{"v2 class=transient", "hello", "v1 class=broken", "v1 class=transient since=noon", "v1 class=transient tries=x", "v1 class=transient config=zz", "v1", "v1 ours=3", "v1 code=x tries=2",
		"v1 class=transient cred=!", "v1 class=transient claim=", "v1 spent=å", "v1 class=transient unsure=a,b"} {
		if n, err := refresh.ParseNote(s); err == nil {
			t.Errorf("%q is read as %+v", s, n)
		}
	}
}

func TestNoteWithoutTries(t *testing.T) {
	for _, tries := range []string{"", " tries=0", " tries=-3", " tries=1"} {
		if n, err := refresh.ParseNote("v1 class=transient code=x since=1 last=1" + tries + " next=2 config=000001"); err != nil || n.Tries != 1 {
			t.Errorf("%q: %+v, %v", tries, n, err)
		}
	}
}

func TestNoteTakesNoForeignText(t *testing.T) {
	for code, want := range map[string]string{"a{b}c|~zZ": "abcz", "0:1/9 8-7.6!_": "019876_", "invalid_grant": "invalid_grant"} {
		if got := (refresh.Note{Class: refresh.Transient, Code: code}).String(); !strings.Contains(got, " code="+want+" ") {
			t.Errorf("%s: %s", code, got)
		}
	}
	n := refresh.Note{Class: refresh.Transient, Code: "Bad <code>\n" + strings.Repeat("x", 300)}
	if got := n.String(); !tagValue.MatchString(got) || strings.Contains(got, "ode>") || !strings.Contains(got, " code=adcode"+strings.Repeat("x", 26)+" ") {
		t.Errorf("got %q", got)
	}
}

func TestNextAfterFailures(t *testing.T) {
	s := onAWS(time.Minute)
	p := refresh.Provider{Name: "meitner", Config: 1}
	empty := refresh.State{Exists: true, Owned: true}
	hour := refresh.State{Exists: true, Owned: true,
		Current: refresh.Version{IssuedAt: noon.Add(-50 * time.Minute), Lifetime: time.Hour, Config: 1}.ID()}

	week := refresh.State{Exists: true, Owned: true, Current: refresh.Version{IssuedAt: noon, Lifetime: 7 * 24 * time.Hour, Config: 1}.ID()}
	fresh := refresh.State{Exists: true, Owned: true, Current: refresh.Version{IssuedAt: noon, Lifetime: time.Hour, Config: 1}.ID()}

	transient := &refresh.Error{Class: refresh.Transient, Code: "http_503"}
	suspect := &refresh.Error{Class: refresh.Transient, Code: "no_token", Suspect: true}
	refused := &refresh.Error{Class: refresh.Misconfigured, Code: "invalid_client"}
	denied := &refresh.Error{Class: refresh.Misconfigured, Code: "aws_access_denied", Ours: true}
	revoked := &refresh.Error{Class: refresh.NeedsPerson, Code: "invalid_grant"}
	after := func(d time.Duration) *refresh.Error {
		return &refresh.Error{Class: refresh.Transient, Code: "http_429", RetryAfter: d}
	}
	limited := &refresh.Error{Class: refresh.Transient, Code: "http_429", Limited: true}
	const never = -1
	const early = 30 * time.Second // by which a tick may come before its time
	m := func(min ...time.Duration) []time.Duration {
		for i := range min {
			if min[i] != never {
				min[i] *= time.Minute
			}
		}
		return min
	}
	repeat := func(e *refresh.Error, n int) (es []*refresh.Error) {
		for range n {
			es = append(es, e)
		}
		return es
	}
	for _, row := range []struct {
		name   string
		state  refresh.State
		errs   []*refresh.Error // one after the other, each when the last one's wait has passed
		waits  []time.Duration
		class  refresh.Class // in the end
		number int           // of tries in the end
	}{
		{"transient failures wait 1, 2, 4 and then 5 ticks", empty, repeat(transient, 5), m(1, 2, 4, 5, 5), refresh.Transient, 5},
		{"two ticks and the cache age before the end, every tick", minutesLeft(12*time.Minute + 30*time.Second), repeat(transient, 4),
			[]time.Duration{time.Minute, 2 * time.Minute, 150 * time.Second, time.Minute}, refresh.Transient, 4},
		{"one that limits us is left alone for longer and longer", empty, repeat(limited, 9), m(1, 2, 4, 8, 16, 32, 60, 60, 60), refresh.Transient, 9},
		{"and past the end of the token", hour, repeat(limited, 6), m(1, 2, 4, 8, 16, 32), refresh.Transient, 6},
		{"and as of a time that it names", empty, []*refresh.Error{limited, limited, after(time.Minute)}, []time.Duration{time.Minute, 2 * time.Minute, 4 * time.Minute}, refresh.Transient, 3},
		{"past the end of the token, less and less often", hour, repeat(transient, 13), m(1, 2, 1, 1, 1, 1, 1, 1, 1, 5, 5, 5, 5), refresh.Transient, 13},
		{"near the end of the token, every tick", hour, repeat(transient, 4), m(1, 2, 1, 1), refresh.Transient, 4},
		{"a refused login waits half an hour and longer", empty, repeat(refused, 5), m(30, 60, 120, 240, 240), refresh.Misconfigured, 5},
		{"a permission that is lacking is tried as what is transient, as early as a tick may come", empty, repeat(denied, 5),
			[]time.Duration{time.Minute - early, 2*time.Minute - early, 4*time.Minute - early, 5*time.Minute - early, 5*time.Minute - early}, refresh.Misconfigured, 5},
		{"one that needs a person is not asked again", empty, repeat(revoked, 1), m(never), refresh.NeedsPerson, 1},
		{"what makes no sense is put down to chance twice", empty, repeat(suspect, 4), m(1, 2, 30, 60), refresh.Misconfigured, 2},
		{"also where a provider that was down makes no sense once", empty, append(repeat(transient, 4), suspect, transient, suspect), m(1, 2, 4, 5, 5, 5, 5), refresh.Transient, 7},
		{"but not again", empty, append(repeat(transient, 4), repeat(suspect, 3)...), m(1, 2, 4, 5, 5, 30, 60), refresh.Misconfigured, 2},
		{"what ends by itself is not, however often", empty, repeat(transient, 30)[:6], m(1, 2, 4, 5, 5, 5), refresh.Transient, 6},
		{"a refused login that then times out is transient again", empty, []*refresh.Error{refused, transient}, m(30, 1), refresh.Transient, 1},
		{"Retry-After is kept to", empty, []*refresh.Error{after(17 * time.Minute)}, []time.Duration{17*time.Minute + early}, refresh.Transient, 1},
		{"Retry-After shorter than a tick changes nothing", empty, []*refresh.Error{after(2 * time.Second)}, m(1), refresh.Transient, 1},
		{"Retry-After is an hour at most as soon as the token expires", minutesLeft(0), []*refresh.Error{after(30 * time.Minute)}, []time.Duration{30*time.Minute + early}, refresh.Transient, 1},
		{"Retry-After ends with the last useful moment of the token", hour, []*refresh.Error{after(time.Hour)}, m(3), refresh.Transient, 1},
		{"Retry-After is at most an hour without a token", empty, []*refresh.Error{after(1000 * time.Hour)}, m(60), refresh.Transient, 1},
		{"a year without a token", empty, []*refresh.Error{after(365 * 24 * time.Hour)}, m(60), refresh.Transient, 1},
		{"for ever with one of a week", week, []*refresh.Error{after(math.MaxInt64)}, m(24 * 60), refresh.Transient, 1},
		{"for ever with one of an hour", fresh, []*refresh.Error{after(math.MaxInt64)}, m(53), refresh.Transient, 1},
		{"Retry-After holds for a refused login", week, []*refresh.Error{{Class: refresh.Misconfigured, Code: "invalid_client", RetryAfter: 2 * time.Hour}}, []time.Duration{2*time.Hour + early}, refresh.Misconfigured, 1},
		{"and changes nothing where that waits longer", week, []*refresh.Error{{Class: refresh.Misconfigured, Code: "invalid_client", RetryAfter: time.Minute}}, m(30), refresh.Misconfigured, 1},
		{"nor for one that needs a person", week, []*refresh.Error{{Class: refresh.NeedsPerson, Code: "invalid_grant", RetryAfter: time.Minute}}, m(never), refresh.NeedsPerson, 1},
		{"and holds for what makes no sense", week, []*refresh.Error{{Class: refresh.Transient, Suspect: true, Code: "no_token", RetryAfter: 10 * time.Minute}}, []time.Duration{10*time.Minute + early}, refresh.Transient, 1},
	} {
		now, st := noon, row.state
		for i, err := range row.errs {
			st.Note = s.Failed(p, st, "cred", now, err)
			wait := time.Duration(never)
			if !st.Note.Next.IsZero() {
				wait = st.Note.Next.Sub(now)
			}
			if wait != row.waits[i] {
				t.Errorf("%s: attempt %d waits %v, want %v", row.name, i+1, wait, row.waits[i])
			}
			now = now.Add(wait)
		}
		if st.Note.Class != row.class || st.Note.Tries != row.number {
			t.Errorf("%s: ends as %s after %d tries, want %s after %d", row.name, st.Note.Class, st.Note.Tries, row.class, row.number)
		}
		if _, err := refresh.ParseNote(st.Note.String()); err != nil {
			t.Errorf("%s: %v", row.name, err)
		}
	}
}

// minutesLeft returns a state whose token of an hour has so long to live.
func minutesLeft(d time.Duration) refresh.State {
	return refresh.State{Exists: true, Owned: true,
		Current: refresh.Version{IssuedAt: noon.Add(d - time.Hour), Lifetime: time.Hour, Config: 1}.ID()}
}

// A provider that limits requests is asked less and less often down to once an hour, at any tick; and counting ends.
func TestManyFailures(t *testing.T) {
	limited := &refresh.Error{Class: refresh.Transient, Code: "http_429", Limited: true}
	for tick, after := range map[time.Duration]int{time.Second: 13, 10 * time.Second: 10, time.Minute: 7, 30 * time.Minute: 2, 2 * time.Hour: 1} {
		st := refresh.State{Exists: true, Owned: true}
		for i := range 40 {
			st.Note = onAWS(tick).Failed(refresh.Provider{Name: "a", Config: 1}, st, "1", noon, limited)
			want := max(time.Hour, tick)
			if i+1 < after {
				want = tick << i
			}
			if got := st.Note.Next.Sub(noon); got != want {
				t.Errorf("a tick of %v: attempt %d waits %v, want %v", tick, i+1, got, want)
			}
		}
	}
	st := refresh.State{Exists: true, Owned: true}
	st.Note = onAWS(time.Minute).Failed(refresh.Provider{Name: "a", Config: 1}, st, "1", noon, limited)
	for before, want := range map[int]int{9997: 9998, 9998: 9999, 9999: 9999} {
		st.Note.Tries = before
		if n := onAWS(time.Minute).Failed(refresh.Provider{Name: "a", Config: 1}, st, "1", noon, limited); n.Tries != want {
			t.Errorf("after %d: %d", before, n.Tries)
		}
	}
}

func TestAnEditBeginsAnew(t *testing.T) {
	s := onAWS(time.Minute)
	refused := &refresh.Error{Class: refresh.Misconfigured, Code: "invalid_client"}
	first := refresh.Provider{Name: "meitner", Config: 1}
	st := refresh.State{Exists: true, Owned: true}
	st.Note = s.Failed(first, st, "cred-1", noon, refused)
	st.Note = s.Failed(first, st, "cred-1", noon.Add(30*time.Minute), refused)
	if st.Note.Tries != 2 || !st.Note.Since.Equal(noon) {
		t.Fatalf("two failures in a row are noted as %+v", st.Note)
	}
	now := noon.Add(31 * time.Minute)
	edited := refresh.Provider{Name: "meitner", Config: 2}
	if n := s.Failed(edited, st, "cred-1", now, refused); n.Tries != 1 || !n.Since.Equal(now) {
		t.Errorf("after an edit of the config: %+v", n)
	}
	if n := s.Failed(first, st, "cred-2", now, refused); n.Tries != 1 || !n.Since.Equal(now) {
		t.Errorf("after an edit of the credential: %+v", n)
	}
}

func TestSameTokenIsLookedForAgain(t *testing.T) {
	s := onAWS(time.Minute)
	p := refresh.Provider{Name: "meitner", Config: 1}
	st := refresh.State{Exists: true, Owned: true, Current: refresh.Version{IssuedAt: noon, Lifetime: time.Hour, Config: 1}.ID()}
	now := noon.Add(40 * time.Minute)
	for _, want := range []time.Duration{10 * time.Minute, 5 * time.Minute, 150 * time.Second, 75 * time.Second, time.Minute} {
		st.Note = s.Unchanged(p, st, "cred", now)
		if got := st.Note.Next.Sub(now); got != want {
			t.Errorf("with %v left it is looked for again in %v, want %v", noon.Add(time.Hour).Sub(now), got, want)
		}
		now = st.Note.Next
	}
	if n := s.Unchanged(p, st, "cred", noon.Add(40*time.Minute+time.Second)); n.Next.Sub(noon) != 50*time.Minute { // to the second before
		t.Errorf("with 1199s left it is looked for again at %v", n.Next)
	}
}

// Who may edit tags may write anything into one. Whatever is read from it, the next note
// can be made, and is not in the past.
func FuzzParseNote(f *testing.F) {
	for _, seed := range []string{
		"",
		"v1 class=misconfigured code=invalid_client since=1795348800 last=1795352400 tries=2 next=1795356000 config=abcdef cred=9f3a11c2",
		"v1 class=transient tries=-3 last=1795348800",
		"v1 class=misconfigured cred=!",
		"v1 class=misconfigured cred=" + strings.Repeat("a", 300),
		"v1 class=misconfigured code=! cred=\u00e5",
		"v1 class=transient tries=9223372036854775807 since=-9223372036854775808 next=9223372036854775807",
	} {
		f.Add(seed)
	}
	s := onAWS(time.Minute)
	f.Fuzz(func(t *testing.T, tag string) {
		n, err := refresh.ParseNote(tag)
		if err != nil {
			return
		}
		p := refresh.Provider{Name: "a", Config: n.Config}
		st := refresh.State{Exists: true, Owned: true, Note: n}
		for _, class := range []refresh.Class{refresh.Transient, refresh.Misconfigured} {
			next := s.Failed(p, st, n.Credential, noon, &refresh.Error{Class: class, Code: "x"})
			if !next.Next.After(noon) || next.Next.After(noon.Add(24*time.Hour)) || !tagValue.MatchString(next.String()) {
				t.Errorf("after %q: %q", tag, next)
			}
		}
		if d := s.Decide(p, st, noon); d.Next.Before(noon) {
			t.Errorf("%q: %+v", tag, d)
		}
	})
}

// A note is in whole seconds, and counts what failed here beside what the provider did.
func TestWhatANoteCounts(t *testing.T) {
	s, p := onAWS(time.Minute), refresh.Provider{Name: "a", Config: 1}
	theirs := &refresh.Error{Class: refresh.Transient, Code: "http_503"}
	ours := &refresh.Error{Class: refresh.Transient, Code: "store_failed", Ours: true}
	refused := &refresh.Error{Class: refresh.Misconfigured, Code: "access_denied", Ours: true}
	st, now := refresh.State{Exists: true, Owned: true}, noon.Add(700*time.Millisecond)
	for i, row := range []struct {
		e           *refresh.Error
		tries, ours int
	}{{theirs, 1, 0}, {theirs, 2, 0}, {ours, 3, 1}, {theirs, 4, 1}, {ours, 5, 2}, {refused, 1, 1}, {refused, 2, 2}, {theirs, 1, 0}} {
		st.Note = s.Failed(p, st, "1", now, row.e)
		if n := st.Note; n.Tries != row.tries || n.Ours != row.ours || !n.Last.Equal(now.Truncate(time.Second)) || i < 5 && !n.Since.Equal(noon) {
			t.Errorf("attempt %d: %+v", i+1, n)
		}
		now = now.Add(time.Minute)
	}
}
