package simulator_test

import (
	"net/http"
	"sync"
	"testing"
	"time"

	"example.com/tokenkeeper/internal/simulator"
)

func TestEverythingAtOnce(t *testing.T) {
	const workers, logins = 16, 5
	s := New(t)
	s.SetSecret(simulator.METI, "the first secret")
	requests := make(chan *http.Request, workers*logins*4)
	for range workers * logins {
		for _, name := range simulator.Names() {
			requests <- s.loginRequest(name)
		}
	}
	close(requests)

	var wg sync.WaitGroup
	for range workers {
		wg.Go(func() {
			for r := range requests {
				if _, err := s.try(r); err != nil {
					t.Error(err)
				}
			}
		})
		wg.Go(func() {
			for range logins {
				for _, name := range simulator.Names() {
					s.BreakNext(name, 1, simulator.Join(simulator.Gzip(), simulator.Lifetime("1")))
					s.SetLifetime(name, time.Minute)
					s.SetRepeats(name, true)
					s.SetSupersedes(name, true)
					s.SetClock(name, time.Second)
					s.SetScopes(name, "read:sources")
					s.SetSecret(name, "another secret")
					s.Revoke(name)
					s.Requests(name)
					s.Credential(name)
					s.Mend(name)
				}
				s.clock.advance(time.Second)
			}
		})
	}
	wg.Wait()
	for _, name := range simulator.Names() {
		if n := s.Logins(name); n != workers*logins {
			t.Errorf("%s: %d logins are counted, want %d", name, n, workers*logins)
		}
	}
}

func TestConcurrentLoginsGetTokensOfTheirOwn(t *testing.T) {
	s := New(t)
	var mu sync.Mutex
	seen := map[string]bool{}
	var wg sync.WaitGroup
	for range 64 {
		r := s.loginRequest(simulator.EduCloud)
		wg.Go(func() {
			got, err := s.try(r)
			mu.Lock()
			defer mu.Unlock()
			if err != nil || seen[got.body] {
				t.Errorf("a login failed or repeated another's token: %v", err)
			}
			seen[got.body] = true
		})
	}
	wg.Wait()
}
