// Package storetest is the contract of [refresh.Store] as tests, for every package that
// implements it.
package storetest

import (
	"testing"

	"example.com/tokenkeeper/internal/refresh"
)

// Run runs the tests. Each opens a store that has nothing in it, and which is listed
// without delay.
func Run(t *testing.T, open func(t *testing.T) (refresh.Store, Hooks)) {
	for _, row := range []struct {
		name string
		test func(*fixture)
	}{
		{"a store with nothing in it lists nothing", emptyStore},
		{"opening makes a secret that is ours and empty", opening},
		{"opening again changes nothing", openingAgain},
		{"a context that has ended changes nothing", endedContext},
		{"secrets are kept apart", keptApart},
		{"a pause is seen", paused},

		{"the first token becomes current", firstToken},
		{"a later token replaces the one that was decided on", laterToken},
		{"a token issued earlier replaces nothing", earlierToken},
		{"a token of a clock that was ahead is replaced when that was decided on", clockAhead},
		{"a token issued in the same second replaces nothing", sameSecond},
		{"saving again what is saved does nothing", savingAgain},
		{"a retry that comes late undoes nothing", lateRetry},
		{"of two that decided on the same token the first wins", twoDecided},

		{"a version that was put and not swapped is next", putIsNext},
		{"next becomes current without its record", promotion},
		{"next becomes current once", promotionAgain},
		{"next is replaced by what is put after it", putReplaced},
		{"a next that was overtaken stays behind", overtaken},

		{"a token is probed where no consumer has it yet", probed},
		{"a token that fails its probe is not made current", probeFails},
		{"a token that is current is not probed", currentIsNotProbed},

		{"what a person wrote is current and not ours", handwritten},
		{"what a person wrote is replaced when that was decided on", handwrittenReplaced},
		{"what a person wrote since stays", handwrittenSince},

		{"a note comes back", noteComesBack},
		{"a note replaces the one before it", noteReplaced},
		{"the zero note removes it", noteRemoved},
		{"a note outlives the storing of a token", noteStays},

		{"runs at once agree on one token", atOnce},
		{"no sequence of calls puts an earlier token over a later one", anySequence},
	} {
		t.Run(row.name, func(t *testing.T) {
			store, hooks := open(t)
			row.test(&fixture{T: t, store: store, Hooks: hooks})
		})
	}
}
