package secretstore_test

import (
	"testing"
	"time"

	"example.com/tokenkeeper/internal/secretstore"
)

// Secrets Manager keeps the versions of 24 hours, and at most 100. Planned writes leave at
// least ten of them for others, and are not farther apart than that needs.
func TestDistanceLeavesRoom(t *testing.T) {
	if n := 24 * time.Hour / secretstore.Distance; n != 90 {
		t.Errorf("%d planned versions a day, want 90", n)
	}
}

// A save is two writes, whatever may be written in a second.
func TestLimits(t *testing.T) {
	for writes, want := range map[int]float64{0: 20, 5: 2.5, 48: 24} {
		if got := (&secretstore.Store{WritesPerSecond: writes}).Limits().Saves; got != want {
			t.Errorf("%d writes are %v saves a second, want %v", writes, got, want)
		}
	}
}
