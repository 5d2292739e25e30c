package main

import (
	"os"
	"testing"

	"example.com/tokenkeeper/cmd/tokenkeeper/internal/place"
)

// A stack that could not be opened is opened at the next look, and not again after it.
func TestAStackThatIsOpenedLater(t *testing.T) {
	later := t.TempDir() + "/later"
	opened := 0
	l := &stacksGlance{stacks: []string{t.TempDir(), later}, glances: make([]glance, 2),
		open: func(dir string) (place.Place, error) {
			opened++
			return place.OpenFolder(dir)
		},
		prepare: func(place.Place) (glance, error) {
			return func() (statusView, error) { return statusView{}, nil }, nil
		}}
	defer l.close()
	for look, want := range []struct {
		open          int
		first, second bool
	}{{2, true, false}, {3, true, false}, {4, true, true}, {4, true, true}} {
		if look == 2 {
			if err := os.MkdirAll(later+"/providers", 0o700); err != nil {
				t.Fatal(err)
			}
		}
		seen, err := l.look()
		if err != nil {
			t.Fatal(err)
		}
		v := seen.(stacksView)
		if first, second := v.Stacks[0].statusView != nil, v.Stacks[1].statusView != nil; first != want.first || second != want.second || opened != want.open {
			t.Errorf("look %d: seen %v and %v, after %d were opened; want %+v", look, first, second, opened, want)
		}
	}
}
