package refresh_test

import (
	"testing"
	"time"

	"pgregory.net/rapid"

	"example.com/tokenkeeper/internal/refresh"
)

func TestDecide(t *testing.T) {
	const config, edited = refresh.Fingerprint(0xaaaaaa), refresh.Fingerprint(0xbbbbbb)
	s := onAWS(time.Minute)
	p := refresh.Provider{Name: "meitner", Config: config}
	hour := func(issued time.Time) refresh.Version {
		return refresh.Version{IssuedAt: issued, Lifetime: time.Hour, Config: config, Digest: 1}
	}
	current := hour(noon)
	due := s.DueAt("meitner", current)
	holding := func(id refresh.VersionID) refresh.State {
		return refresh.State{Name: "meitner", Exists: true, Owned: true, Current: id}
	}
	fresh := holding(current.ID())
	with := func(st refresh.State, change func(*refresh.State)) refresh.State {
		change(&st)
		return st
	}
	failing := func(class refresh.Class, last, next time.Time) refresh.Note {
		return refresh.Note{Class: class, Code: "x", Since: last, Last: last, Next: next, Tries: 1, Config: config}
	}
	at := func(d time.Duration) time.Time { return noon.Add(d) }
	in := func(d time.Duration) time.Time { return at(time.Minute + d) } // relative to now
	now := at(time.Minute)
	nextTick := now.Add(s.Tick)

	for _, row := range []struct {
		name   string
		state  refresh.State
		now    time.Time
		due    bool
		reason refresh.Reason
		next   time.Time // zero: now
	}{
		{"a provider without a secret", refresh.State{}, now, true, refresh.NoToken, now},
		{"an empty secret", holding(""), now, true, refresh.NoToken, now},
		{"a token just issued", fresh, noon, false, refresh.Fresh, due},
		{"a token from the future, by a clock that differs a little", holding(hour(now.Add(time.Minute)).ID()), now, false, refresh.Fresh, due.Add(now.Add(time.Minute).Sub(noon))},
		{"a token from the future, by a clock that was wrong", holding(hour(at(time.Hour)).ID()), now, true, refresh.ForeignVersion, now},
		{"a second before it is due", fresh, due.Add(-time.Second), false, refresh.Fresh, due},
		{"when it is due", fresh, due, true, refresh.NearExpiry, due},
		{"when it is over", fresh, at(time.Hour), true, refresh.NearExpiry, at(time.Hour)},
		{"long after", fresh, at(100 * time.Hour), true, refresh.NearExpiry, at(100 * time.Hour)},
		{"an edited config", holding(refresh.Version{IssuedAt: noon, Lifetime: time.Hour, Config: edited}.ID()), now, true, refresh.ConfigChanged, now},
		{"somebody else's version", holding("terraform-20261122120000000000000001"), now, true, refresh.ForeignVersion, now},

		{"somebody else's version of a token that the provider repeats", with(holding("terraform-20261122120000000000000001"), func(s *refresh.State) { s.Note = failing(refresh.Unchanged, now, at(100*time.Hour)) }), in(time.Minute), true, refresh.ForeignVersion, in(time.Minute)},
		{"no version any more of a token that the provider repeats", with(holding(""), func(s *refresh.State) { s.Note = failing(refresh.Unchanged, now, at(100*time.Hour)) }), in(time.Minute), true, refresh.NoToken, in(time.Minute)},
		{"somebody else's version where the login fails", with(holding("terraform-20261122120000000000000001"), func(s *refresh.State) { s.Note = failing(refresh.Misconfigured, now, at(time.Hour)) }), in(time.Minute), false, refresh.CoolingDown, at(time.Hour)},
		{"no version any more of a token that a failure waited for", with(holding(""), func(s *refresh.State) { s.Note = failing(refresh.Transient, now, at(100*time.Hour)) }), in(4 * time.Hour), true, refresh.NoToken, in(4 * time.Hour)},
		{"somebody else's version in its place, within the longest wait of a failure", with(holding("terraform-20261122120000000000000001"), func(s *refresh.State) { s.Note = failing(refresh.Misconfigured, now, at(100*time.Hour)) }), in(time.Hour), false, refresh.CoolingDown, in(4 * time.Hour)},
		{"a token that a failure waits for", with(fresh, func(s *refresh.State) { s.Note = failing(refresh.Transient, now, at(100*time.Hour)) }), in(5 * time.Hour), false, refresh.CoolingDown, at(100 * time.Hour)},

		{"another's secret", with(fresh, func(s *refresh.State) { s.Owned = false }), due, false, refresh.NotOurs, due.Add(s.Tick)},
		{"a secret about to be deleted", with(fresh, func(s *refresh.State) { s.Deleting = true }), due, false, refresh.Deleting, due.Add(s.Tick)},
		{"paused, with a token that is over", with(fresh, func(s *refresh.State) { s.Paused = true }), at(2 * time.Hour), false, refresh.Paused, at(2*time.Hour + s.Tick)},

		{"a transient failure, too soon", with(holding(""), func(s *refresh.State) { s.Note = failing(refresh.Transient, now, in(90*time.Second)) }), now, false, refresh.CoolingDown, in(90 * time.Second)},
		{"a transient failure, its time come", with(holding(""), func(s *refresh.State) { s.Note = failing(refresh.Transient, noon, now) }), now, true, refresh.NoToken, now},
		{"a refused login", with(holding(""), func(s *refresh.State) { s.Note = failing(refresh.Misconfigured, noon, in(29*time.Minute)) }), now, false, refresh.CoolingDown, in(29 * time.Minute)},
		{"a failure noted by a clock that was ahead", with(holding(""), func(s *refresh.State) { s.Note = failing(refresh.Transient, in(time.Hour), in(65*time.Minute)) }), now, true, refresh.NoToken, now},
		{"one noted by another run, since this one began", with(holding(""), func(s *refresh.State) { s.Note = failing(refresh.Misconfigured, in(5*time.Minute), in(35*time.Minute)) }), now, false, refresh.CoolingDown, in(35 * time.Minute)},
		{"one noted by a clock that may be right", with(holding(""), func(s *refresh.State) { s.Note = failing(refresh.Transient, in(time.Minute), in(6*time.Minute)) }), now, false, refresh.CoolingDown, in(6 * time.Minute)},
		{"a refresh token that may have been spent, by a clock that was ahead", with(holding(""), func(s *refresh.State) {
			s.Note = failing(refresh.Transient, in(time.Hour), in(65*time.Minute))
			s.Note.Unsure = "0a1b2c3d"
		}), now, false, refresh.CoolingDown, in(65 * time.Minute)},
		{"a refused login, config edited since", with(holding(""), func(s *refresh.State) {
			s.Note = failing(refresh.Misconfigured, noon, in(29*time.Minute))
			s.Note.Config = edited
		}), now, true, refresh.NoToken, now},
		{"a failure before the token that is there", with(fresh, func(s *refresh.State) {
			s.Note = failing(refresh.Misconfigured, noon.Add(-time.Second), in(29*time.Minute))
		}), now, false, refresh.Fresh, due},
		{"one that waits for a person", with(fresh, func(s *refresh.State) { s.Note = failing(refresh.NeedsPerson, at(30*time.Second), time.Time{}) }), now, false, refresh.CoolingDown, nextTick},
		{"the same token again, look later", with(fresh, func(s *refresh.State) {
			s.Note = failing(refresh.Unchanged, due, due.Add(10*time.Minute))
		}), due.Add(time.Minute), false, refresh.CoolingDown, due.Add(10 * time.Minute)},

		{"a token stored and not current", with(fresh, func(s *refresh.State) { s.Next = hour(at(30 * time.Second)).ID() }), now, true, refresh.Unfinished, now},
		{"a token stored by a clock that differs a little", with(fresh, func(s *refresh.State) { s.Next = hour(in(time.Minute)).ID() }), now, true, refresh.Unfinished, now},
		{"a token stored by a clock that was wrong", with(fresh, func(s *refresh.State) { s.Next = hour(in(61 * time.Second)).ID() }), now, false, refresh.Fresh, due},
		{"the first token, stored and not current", with(holding(""), func(s *refresh.State) { s.Next = hour(noon).ID() }), now, true, refresh.Unfinished, now},
		{"one stored with another config", with(fresh, func(s *refresh.State) {
			s.Next = refresh.Version{IssuedAt: at(30 * time.Second), Lifetime: time.Hour, Config: edited}.ID()
		}), now, false, refresh.Fresh, due},
		{"one stored before the current", with(fresh, func(s *refresh.State) { s.Next = hour(noon.Add(-time.Second)).ID() }), now, false, refresh.Fresh, due},
		{"one stored in the same second", with(fresh, func(s *refresh.State) {
			s.Next = refresh.Version{IssuedAt: noon, Lifetime: time.Hour, Config: config, Digest: 2}.ID()
		}), now, false, refresh.Fresh, due},
		{"one stored that is over", with(fresh, func(s *refresh.State) {
			s.Next = refresh.Version{IssuedAt: at(time.Second), Lifetime: 10 * time.Second, Config: config}.ID()
		}), now, false, refresh.Fresh, due},
		{"one stored that is good for another second", with(fresh, func(s *refresh.State) {
			s.Next = refresh.Version{IssuedAt: at(time.Second), Lifetime: time.Minute, Config: config}.ID()
		}), now, true, refresh.Unfinished, now},
		{"one stored that has just expired", with(fresh, func(s *refresh.State) {
			s.Next = refresh.Version{IssuedAt: at(time.Second), Lifetime: 59 * time.Second, Config: config}.ID()
		}), now, false, refresh.Fresh, due},
		{"one stored beside another program's version", with(holding("terraform-20261122120000000000000001"), func(s *refresh.State) { s.Next = hour(now).ID() }), now, true, refresh.ForeignVersion, now},
		{"a secret that takes no write", with(fresh, func(s *refresh.State) { s.Blocked = &refresh.Error{Code: "key_disabled"} }), due, false, "key_disabled", due.Add(s.Tick)},
		{"a token from further in the future than clocks differ", holding(hour(in(61 * time.Second)).ID()), now, true, refresh.ForeignVersion, now},
		{"a failure noted by a clock that is ahead as far as may be", with(holding(""), func(s *refresh.State) { s.Note = failing(refresh.Transient, in(6*time.Minute), in(11*time.Minute)) }), now, false, refresh.CoolingDown, in(11 * time.Minute)},
		{"by one that is a second further ahead", with(holding(""), func(s *refresh.State) {
			s.Note = failing(refresh.Transient, in(6*time.Minute+time.Second), in(11*time.Minute))
		}), now, true, refresh.NoToken, now},
		{"a failure just after a token of a clock that was ahead", with(holding(hour(in(time.Hour)).ID()), func(s *refresh.State) {
			s.Note = failing(refresh.Misconfigured, in(time.Hour+time.Second), in(2*time.Hour))
		}), now, false, refresh.CoolingDown, in(2 * time.Hour)},
		{"a failure later than that", with(holding(hour(in(time.Hour)).ID()), func(s *refresh.State) {
			s.Note = failing(refresh.Misconfigured, in(time.Hour+2*time.Second), in(2*time.Hour))
		}), now, true, refresh.ForeignVersion, now},
		{"a failure in the second of the token that is there", with(fresh, func(s *refresh.State) { s.Note = failing(refresh.Misconfigured, noon, in(29*time.Minute)) }), now, false, refresh.Fresh, due},
		{"a second later", with(fresh, func(s *refresh.State) {
			s.Note = failing(refresh.Misconfigured, noon.Add(time.Second), in(29*time.Minute))
		}), now, false, refresh.CoolingDown, in(29 * time.Minute)},
		{"the current one, still with both labels", with(fresh, func(s *refresh.State) { s.Next = s.Current }), now, false, refresh.Fresh, due},
	} {
		got := s.Decide(p, row.state, row.now)
		if want := (refresh.Decision{Due: row.due, Reason: row.reason, Next: row.next}); got != want {
			t.Errorf("%s:\n got %+v\nwant %+v", row.name, got, want)
		}
	}
}

// A pause that the config states needs no secret and no tag.
func TestAConfigPauses(t *testing.T) {
	s := onAWS(time.Minute)
	p := refresh.Provider{Name: "meitner", Paused: true}
	over := refresh.State{Exists: true, Owned: true, Current: refresh.Version{IssuedAt: noon.Add(-2 * time.Hour), Lifetime: time.Hour}.ID()}
	for name, st := range map[string]refresh.State{"without a secret": {}, "with an expired token": over} {
		for _, force := range []bool{false, true} {
			d := s.Decide(p, st, noon)
			if force {
				d = s.DecideForced(p, st, noon)
			}
			if d.Due || d.Reason != refresh.Paused {
				t.Errorf("%s, forced %t: %+v", name, force, d)
			}
		}
	}
	if d := s.Decide(p, refresh.State{Exists: true}, noon); d.Reason != refresh.NotOurs {
		t.Errorf("another's secret: %+v", d)
	}
}

func TestForce(t *testing.T) {
	s := onAWS(time.Minute)
	p := refresh.Provider{Name: "meitner"}
	fresh := refresh.State{Exists: true, Owned: true, Current: refresh.Version{IssuedAt: noon, Lifetime: time.Hour}.ID()}
	cooling := fresh
	cooling.Note = refresh.Note{Class: refresh.Misconfigured, Last: noon.Add(time.Second), Next: noon.Add(time.Hour)}
	paused := cooling
	paused.Paused = true
	for _, row := range []struct {
		name  string
		state refresh.State
		want  refresh.Reason
	}{
		{"passes over a fresh token", fresh, refresh.Forced},
		{"passes over a failure", cooling, refresh.Forced},
		{"keeps to a pause", paused, refresh.Paused},
		{"keeps off what is not ours", refresh.State{Exists: true}, refresh.NotOurs},
		{"keeps off what is being deleted", refresh.State{Exists: true, Owned: true, Deleting: true}, refresh.Deleting},
	} {
		if got := s.DecideForced(p, row.state, noon.Add(time.Minute)); got.Reason != row.want {
			t.Errorf("force %s: got %s, want %s", row.name, got.Reason, row.want)
		}
	}
}

// Whatever is in the store and whatever the clock says, a decision is complete and
// follows from its arguments.
func TestDecideAlwaysDecides(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s, p, st, now := genSchedule(t), refresh.Provider{Name: genName(t), Config: genConfig(t)}, genState(t), genTime(t)
		d := s.Decide(p, st, now)
		if d.Reason == "" || d.Next.IsZero() {
			t.Fatalf("incomplete: %+v", d)
		}
		if d.Due != d.Next.Equal(now) {
			t.Fatalf("due is %v, and next is %v at %v", d.Due, d.Next, now)
		}
		if d.Next.Before(now) {
			t.Fatalf("next, %v, is before now, %v", d.Next, now)
		}
		if again := s.Decide(p, st, now); again != d {
			t.Fatalf("the same question has two answers: %+v, %+v", d, again)
		}
	})
}

// What is due stays due, until a token is stored or a failure is noted.
func TestDecideIsMonotone(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s, p, st, now := genSchedule(t), refresh.Provider{Name: genName(t), Config: genConfig(t)}, genState(t), genTime(t)
		st.Next = "" // an unfinished token may end; then its provider is due for another reason or not at all
		if v, ours := st.Current.Parse(); ours && v.IssuedAt.After(now.Add(time.Minute)) {
			st.Current = "" // one from the future is replaced, but its time may come
		}
		later := now.Add(time.Duration(rapid.Int64Range(0, int64(1000*time.Hour)).Draw(t, "later")))
		d, e := s.Decide(p, st, now), s.Decide(p, st, later)
		if d.Due && !e.Due {
			t.Fatalf("due at %v (%s), not at %v (%s)", now, d.Reason, later, e.Reason)
		}
		if !d.Due && d.Reason == refresh.Fresh && later.Before(d.Next) && e != d {
			t.Fatalf("%+v at %v, but %+v at %v", d, now, e, later)
		}
	})
}

// One token is replaced once: as soon as a new one of a lifetime that can be kept is
// there, its provider is not due.
func TestDecideIsNotDueTwice(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s, p, now := genSchedule(t), refresh.Provider{Name: genName(t), Config: genConfig(t)}, genTime(t).Truncate(time.Second)
		st := rapid.Custom(genState).Filter(func(st refresh.State) bool { return s.Decide(p, st, now).Due }).Draw(t, "state")
		v := refresh.Version{IssuedAt: now, Config: p.Config,
			Lifetime: time.Duration(rapid.IntRange(6, 1<<30-1).Draw(t, "lifetime")) * time.Second}
		st.Exists, st.Owned, st.Current, st.Next, st.Note = true, true, v.ID(), "", refresh.Note{}
		if d := s.Decide(p, st, now); d.Due {
			t.Fatalf("due again at once: %s", d.Reason)
		}
	})
}

func genTime(t *rapid.T) time.Time {
	return time.Unix(rapid.Int64Range(0, 1<<32-1).Draw(t, "now"), 0).UTC()
}

func genConfig(t *rapid.T) refresh.Fingerprint {
	return rapid.SampledFrom([]refresh.Fingerprint{1, 2}).Draw(t, "config")
}

func genState(t *rapid.T) refresh.State {
	id := func(label string) refresh.VersionID {
		switch rapid.IntRange(0, 3).Draw(t, label) {
		case 0:
			return ""
		case 1:
			return "0b6e4d5f-3a53-4f0e-9f0c-6a2f3b6d3c11"
		}
		v := genVersion(t)
		v.Config = genConfig(t)
		return v.ID()
	}
	st := refresh.State{
		Exists:   rapid.Bool().Draw(t, "exists"),
		Owned:    rapid.Bool().Draw(t, "owned"),
		Deleting: rapid.Bool().Draw(t, "deleting"),
		Paused:   rapid.Bool().Draw(t, "paused"),
		Current:  id("current"),
		Next:     id("next"),
	}
	if rapid.Bool().Draw(t, "noted") {
		st.Note = genNote(t)
	}
	return st
}

func genNote(t *rapid.T) refresh.Note {
	n := refresh.Note{
		Class:      rapid.SampledFrom([]refresh.Class{refresh.Transient, refresh.Misconfigured, refresh.NeedsPerson, refresh.Unchanged}).Draw(t, "class"),
		Code:       rapid.StringMatching(`[a-z][a-z0-9_]{0,31}`).Draw(t, "code"),
		Since:      genTime(t),
		Last:       genTime(t),
		Tries:      rapid.IntRange(1, 1000).Draw(t, "tries"),
		Ours:       rapid.IntRange(0, 1000).Draw(t, "ours"),
		Config:     genConfig(t),
		Credential: rapid.StringMatching(`([0-9a-f]{8})?`).Draw(t, "credential"),
	}
	if rapid.Bool().Draw(t, "takes a refresh token") {
		word := rapid.StringMatching(`([0-9a-f]{8})?`)
		n.Claim, n.Spent, n.Unsure = word.Draw(t, "claim"), word.Draw(t, "spent"), word.Draw(t, "unsure")
		n.RefreshTokenEnds = genTime(t)
	}
	if rapid.Bool().Draw(t, "has next") {
		n.Next = genTime(t)
	}
	return n
}

// What is looked at again at each tick may come half a tick early, and what guards against a
// lock-out not a second.
func TestHowEarlyANoteExpires(t *testing.T) {
	for class, slack := range map[refresh.Class]time.Duration{refresh.Transient: 30 * time.Second, refresh.Unchanged: 30 * time.Second,
		refresh.Misconfigured: 0} {
		for _, early := range []time.Duration{0, 29 * time.Second, 30 * time.Second, 31 * time.Second} {
			st := refresh.State{Name: "a", Exists: true, Owned: true,
				Current: refresh.Version{IssuedAt: noon.Add(-59 * time.Minute), Lifetime: time.Hour, Config: 1}.ID(),
				Note:    refresh.Note{Class: class, Code: "x", Tries: 1, Since: noon, Last: noon, Next: noon.Add(early), Config: 1}}
			d := inFiles(time.Minute).Decide(refresh.Provider{Name: "a", Config: 1}, st, noon)
			if want := early <= slack; d.Due != want {
				t.Errorf("%s, %v before its time: due %t", class, early, d.Due)
			}
		}
	}
}
