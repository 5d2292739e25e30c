package refresh_test

import (
	"testing"
	"time"

	"example.com/tokenkeeper/internal/refresh"
	"example.com/tokenkeeper/internal/refresh/storetest"
)

// The store of these tests is one: what the others are held to, it is held to as well.
func TestStore(t *testing.T) {
	storetest.Run(t, func(*testing.T) (refresh.Store, storetest.Hooks) {
		w := newWorld()
		return store{w}, storetest.Hooks{
			Put: func(c refresh.Change) {
				sec := w.secrets[c.Provider]
				sec.versions[c.To] = c.Record.Reveal()
				sec.state.Next = c.To
			},
			Write: func(provider, record string) {
				sec := w.secrets[provider]
				sec.state.Current = "00000000-0000-4000-8000-00000000000" + refresh.VersionID(rune('0'+len(sec.versions)%10))
				sec.versions[sec.state.Current] = record
			},
			Read:  w.record,
			Pause: func(provider string, paused bool) { w.secrets[provider].state.Paused = paused },
		}
	})
}

// What may take the place of what: never a version of itself, or of one that was asked for later.
func TestReplaces(t *testing.T) {
	at := func(seconds int) refresh.VersionID {
		return refresh.Version{IssuedAt: noon.Add(time.Duration(seconds) * time.Second), Lifetime: time.Hour, Digest: 1}.ID()
	}
	other := refresh.Version{IssuedAt: noon, Lifetime: time.Hour, Digest: 2}.ID()
	for _, row := range []struct {
		name              string
		from, to, current refresh.VersionID
		want              bool
	}{
		{"the first", "", at(0), "", true},
		{"the version itself", "", at(0), at(0), false},
		{"the version itself, decided on", at(0), at(0), at(0), false},
		{"an earlier one", at(-60), at(0), at(-60), true},
		{"an earlier one, by another run", at(-60), at(0), at(-1), true},
		{"another one of the same second", at(-60), at(0), other, false},
		{"a later one", at(-60), at(0), at(1), false},
		{"another program's", at(-60), at(0), "terraform", true},
		{"what was decided on, by a clock that was a minute ahead", at(60), at(0), at(60), false},
		{"what was decided on, by a clock that was further ahead", at(61), at(0), at(61), true},
		{"another run's, by a clock that was further ahead", at(-60), at(0), at(61), false},
	} {
		if got := (refresh.Change{From: row.from, To: row.to}).Replaces(row.current); got != row.want {
			t.Errorf("%s: %t", row.name, got)
		}
	}
}
