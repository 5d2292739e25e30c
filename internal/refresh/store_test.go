package refresh_test

import (
	"testing"

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
