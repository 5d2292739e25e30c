package localstore_test

import (
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"example.com/tokenkeeper/internal/refresh"
	"example.com/tokenkeeper/reader"
)

// Between a look at the record and one at the state, both may be replaced, and twice.
func TestListWhileTokensAreReplaced(t *testing.T) {
	for replaced := range 4 {
		dir := t.TempDir()
		writer := openOn(t, dir, &tracedDisk{})
		lock(t, writer)
		save(t, writer, change("", at(0)))

		n := 0
		disk := &tracedDisk{reading: func(name string) error {
			if strings.HasSuffix(name, ".state.json") && n < replaced {
				for range 2 {
					n++
					save(t, writer, change(at(n-1), at(n)))
				}
			}
			return nil
		}}
		states, err := refresh.Pages(t.Context(), openOn(t, dir, disk).List)
		if err != nil || len(states) != 1 {
			t.Fatalf("List() = %+v, %v; want one", states, err)
		}
		if _, ours := states[0].Current.Parse(); !ours {
			t.Errorf("replaced %d times meanwhile, the token counts as %q", n, states[0].Current)
		}
	}
}

// Consumers and status commands look at any instant.
func TestReadersSeeWholeTokensInOrder(t *testing.T) {
	const replaced = 100
	dir := t.TempDir()
	writer := openOn(t, dir, &tracedDisk{})
	lock(t, writer)
	save(t, writer, change("", at(0)))

	ids := make(map[string]int)
	for n := range replaced {
		ids[recordOf(at(n))] = n
	}
	// Each returns the number of the token that it sees; ok is false for none of ours.
	d := open(t, dir)
	file := reader.File(filepath.Join(dir, "tokens", "meitner.json"))
	readers := map[string]func() (n int, ok bool){
		"reader.File": func() (int, bool) {
			data, err := file.Record(t.Context())
			n, ok := ids[string(data)]
			return n, err == nil && ok
		},
		"Read": func() (int, bool) {
			record, err := d.Read(meitner)
			n, ok := ids[record.Reveal()]
			return n, err == nil && ok
		},
		"List": func() (int, bool) {
			states, err := refresh.Pages(t.Context(), d.List)
			if err != nil || len(states) != 1 {
				return 0, false
			}
			n, ok := ids[recordOf(states[0].Current)]
			return n, ok
		},
	}
	var done atomic.Bool
	var wg sync.WaitGroup
	for name, read := range readers {
		wg.Go(func() {
			for last := 0; !done.Load(); {
				n, ok := read()
				if !ok || n < last {
					t.Errorf("%s sees the token %d (%v) after %d", name, n, ok, last)
					return
				}
				last = n
			}
		})
	}
	for n := 1; n < replaced; n++ {
		save(t, writer, change(at(n-1), at(n)))
	}
	done.Store(true)
	wg.Wait()
}
