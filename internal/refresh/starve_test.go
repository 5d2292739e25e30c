package refresh_test

import (
	"context"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"example.com/tokenkeeper/internal/refresh"
)

func hang(ctx context.Context) (refresh.Grant, error) {
	select {
	case <-ctx.Done():
	case <-time.After(10 * time.Second):
	}
	return refresh.Grant{}, &refresh.Error{Class: refresh.Transient, Code: "timeout", Detail: "no answer"}
}

// tick does the run of one minute, in the time that the template gives it.
func (w *world) tick(ctx context.Context) *refresh.Report {
	began := time.Now()
	w.now = began
	ctx, cancel := context.WithTimeout(ctx, 57*time.Second)
	defer cancel()
	report, _ := w.runner().Run(ctx, refresh.Job{})
	time.Sleep(time.Minute - time.Since(began))
	return report
}

// Providers that hang, and are more than a run has the time for, do not take it from those
// whose tokens can be saved; nor from one of their own that answers again.
func TestThoseThatHangStarveNobody(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const hanging, good = 240, 10 // more than fifty are due in each run
		name := func(kind string, i int) string { return fmt.Sprintf("%s%04d", kind, i) }
		var names []string
		for i := range hanging {
			names = append(names, name("dead", i))
		}
		for i := range good {
			names = append(names, name("good", i))
		}
		w := newWorld(names...)
		w.limits.Saves = 0.25 // 13 a run, and twice as many that fail
		for range 25 {        // the first tokens
			w.tick(t.Context())
		}
		if n := len(w.secrets); n != hanging+good {
			t.Fatalf("%d secrets after 25 ticks", n)
		}
		for i := range hanging {
			w.answer(name("dead", i), hang)
		}
		skipped := 0
		for minute := range 100 {
			skipped += w.tick(t.Context()).Count(refresh.Skipped)
			for i := range good {
				if left := time.Until(w.secrets[name("good", i)].state.ExpiresAt()); left < 5*time.Minute {
					t.Fatalf("after %d minutes a token of those that answer has %v left", minute, left)
				}
			}
		}
		if skipped == 0 {
			t.Error("every run had the time for all: nothing is shown")
		}
		// Each of those that hang is asked in its turn.
		back := name("dead", hanging/2)
		w.answer(back, nil)
		for range hanging/10 + 10 {
			w.tick(t.Context())
		}
		if !time.Now().Before(w.secrets[back].state.ExpiresAt()) {
			t.Errorf("%s answers again, and was not asked", back)
		}
	})
}
