package storetest

import (
	"fmt"
	"sync"

	"pgregory.net/rapid"

	"example.com/tokenkeeper/internal/refresh"
	"example.com/tokenkeeper/internal/secret"
)

// atOnce has many runs that decided on the same token, and each has a later one.
func atOnce(f *fixture) {
	const runs = 16
	f.open(provider)
	f.save(change("", at(0)))

	states := make([]refresh.State, runs)
	errs := make([]error, runs)
	var wg sync.WaitGroup
	for i := range runs {
		wg.Go(func() {
			// Two of each second.
			states[i], errs[i] = f.store.Save(f.Context(), change(at(0), nth(1+i/2, uint32(i))))
		})
	}
	wg.Wait()

	end := f.open(provider)
	f.current(end.Current)
	last, ours := end.Current.Parse()
	if !ours || end.Current == at(0) {
		f.Fatalf("%q is current, want one of those that were saved", end.Current)
	}
	for i, st := range states {
		if errs[i] != nil {
			f.Errorf("run %d: Save() failed: %v", i, errs[i])
			continue
		}
		if v, ok := st.Current.Parse(); !ok || v.IssuedAt.After(last.IssuedAt) || v.IssuedAt.Equal(last.IssuedAt) && st.Current != end.Current {
			f.Errorf("run %d learnt that %q is current; in the end it is %q", i, st.Current, end.Current)
		}
	}
}

// anySequence draws sequences of calls, each for a provider of its own.
func anySequence(f *fixture) {
	sequence := 0
	rapid.Check(f.T, func(t *rapid.T) {
		sequence++
		m := &model{T: t, fixture: f, provider: fmt.Sprintf("p%d", sequence)}
		m.look(m.open())
		t.Repeat(map[string]func(*rapid.T){
			"save":    m.save,
			"promote": m.promote,
			"put":     m.put,
			"write":   m.write,
			"note":    m.note,
		})
	})
}

// A model knows of a secret what the last look at it said.
type model struct {
	*rapid.T
	fixture  *fixture
	provider string
	last     refresh.State
	written  string
	notes    int
}

func (m *model) open() refresh.State {
	st, err := m.fixture.store.Open(m.Context(), m.provider)
	if err != nil {
		m.Fatalf("Open() failed: %v", err)
	}
	return st
}

// look takes over a state that must be consistent in itself.
func (m *model) look(st refresh.State) {
	record := m.fixture.Read(m.provider)
	want := m.written
	if _, ours := st.Current.Parse(); ours {
		want = recordOf(st.Current)
	}
	if record != want {
		m.Fatalf("with %q as current consumers read %s, want %s", st.Current, record, want)
	}
	m.last = st
}

// later reports whether one version may take the place of the other.
func later(to, current refresh.VersionID) bool {
	a, _ := to.Parse()
	b, ours := current.Parse()
	return !ours || a.IssuedAt.After(b.IssuedAt)
}

// draw returns a change whose time of issue often meets another one's, decided on what is
// current or on something older.
func (m *model) draw(t *rapid.T) refresh.Change {
	to := nth(rapid.IntRange(0, 9).Draw(t, "seconds"), rapid.Uint32Range(0, 1).Draw(t, "digest"))
	from := m.last.Current
	if rapid.Bool().Draw(t, "stale") {
		from = rapid.SampledFrom([]refresh.VersionID{"", "by-hand", nth(1, 0), nth(5, 1)}).Draw(t, "from")
	}
	return refresh.Change{Provider: m.provider, From: from, To: to, Record: secret.New(recordOf(to))}
}

func (m *model) save(t *rapid.T) { m.saved(m.draw(t)) }

// saved saves c and checks what became of the secret.
func (m *model) saved(c refresh.Change) {
	before := m.last
	told, err := m.fixture.store.Save(m.Context(), c)
	if err != nil {
		m.Fatalf("Save(from %q to %q) failed: %v", c.From, c.To, err)
	}
	now := m.open()
	if told.Current != now.Current {
		m.Fatalf("Save(from %q to %q) says that %q is current; it is %q", c.From, c.To, told.Current, now.Current)
	}
	switch {
	case now.Current == before.Current:
		if c.From == before.Current && later(c.To, before.Current) {
			m.Fatalf("Save(from %q to %q) left what it was to replace", c.From, c.To)
		}
	case now.Current != c.To:
		m.Fatalf("Save(from %q to %q) made %q current", c.From, c.To, now.Current)
	case !later(c.To, before.Current):
		m.Fatalf("Save(from %q to %q) replaced %q, which was issued later", c.From, c.To, before.Current)
	}
	m.look(now)
}

// promote does what a run does that finds an unfinished one.
func (m *model) promote(*rapid.T) {
	if to := next(m.last); to != "" {
		m.saved(refresh.Change{Provider: m.provider, From: m.last.Current, To: to})
	}
}

func (m *model) put(t *rapid.T) {
	if m.last.Current == "" {
		return // the first version may become current by itself
	}
	c := m.draw(t)
	c.From = m.last.Current
	m.fixture.Put(c)
	m.unmoved("putting a version")
}

func (m *model) write(t *rapid.T) {
	m.written = fmt.Sprintf(`{"access_token": "by hand", "n": %d}`, rapid.IntRange(0, 9).Draw(t, "n"))
	m.fixture.Write(m.provider, m.written)
	st := m.open()
	if _, ours := st.Current.Parse(); ours || st.Current == "" {
		m.Fatalf("what was written by hand has the version %q", st.Current)
	}
	m.look(st)
}

func (m *model) note(*rapid.T) {
	m.notes++
	n := failing
	n.Tries = m.notes
	if err := m.fixture.store.Note(m.Context(), m.provider, n); err != nil {
		m.Fatalf("Note() failed: %v", err)
	}
	m.unmoved("leaving a note")
	if m.last.Note != n {
		m.Fatalf("the note is %q, want %q", m.last.Note, n)
	}
}

// unmoved checks that what is current stays.
func (m *model) unmoved(doing string) {
	st := m.open()
	if st.Current != m.last.Current {
		m.Fatalf("%s made %q current in the place of %q", doing, st.Current, m.last.Current)
	}
	m.look(st)
}
