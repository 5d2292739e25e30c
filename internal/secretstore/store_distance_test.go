package secretstore_test

import (
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"example.com/tokenkeeper/internal/awstest"
	"example.com/tokenkeeper/internal/refresh"
	"example.com/tokenkeeper/internal/secret"
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

// What a store says that it can take is what Secrets Manager takes, to the byte and the version
// (user guide, "AWS Secrets Manager quotas").
func TestLimitsAreThoseOfSecretsManager(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, awstest.Options{})
		limits := w.Limits()
		save := func(n, size int) error {
			c := change(w.current(), at(n))
			c.Record = secret.New(strings.Repeat("x", size))
			_, err := w.Save(t.Context(), c)
			return err
		}
		w.seed("")
		if err := save(1, limits.Record+1); err == nil {
			t.Errorf("a record of %d bytes is stored", limits.Record+1)
		}
		for n := range limits.Versions {
			if err := save(n+1, limits.Record); err != nil {
				t.Fatalf("version %d: %v", n+1, err)
			}
		}
		var e *refresh.Error
		if err := save(limits.Versions+1, 1); !errors.As(err, &e) || e.Code != refresh.CodeWriteBudget {
			t.Errorf("version %d is stored: %v", limits.Versions+1, err)
		}
	})
}
