package awscall_test

import (
	"context"
	"net/http"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"

	"example.com/tokenkeeper/internal/awscall"
	"example.com/tokenkeeper/internal/awstest"
)

func TestWhatIsRepeated(t *testing.T) {
	for _, row := range []struct {
		name     string
		fault    awstest.Fault
		attempts int
		within   time.Duration
		fails    bool
	}{
		{"throttled three times", awstest.Throttle(3), 4, 3 * time.Second, false},
		{"failed three times", awstest.ServerError(3), 4, 1500 * time.Millisecond, false},
		{"the request is lost once", awstest.LoseRequest(1), 2, 300 * time.Millisecond, false},
		{"the answer is lost once", awstest.LoseAnswer(1), 2, 300 * time.Millisecond, false},
		{"it hangs once", awstest.Fault{Hang: true, Times: 1}, 2, 2300 * time.Millisecond, false},
		{"too many versions", refuse("LimitExceededException", ""), 1, time.Millisecond, true},
		{"denied", awstest.Deny(), 1, time.Millisecond, true},
	} {
		t.Run(row.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := newSubject(t)
				s.Fail("*", row.fault)
				began := time.Now()
				err := s.put(t.Context())
				if (err != nil) != row.fails || s.Count() != row.attempts || time.Since(began) > row.within {
					t.Errorf("%d attempts in %v: %v", s.Count(), time.Since(began), err)
				}
				calls := s.Calls()
				if first, last := calls[0], calls[len(calls)-1]; string(first.Body) != string(last.Body) {
					t.Errorf("a repeated call is another one:\n%s\n%s", first.Body, last.Body)
				}
			})
		})
	}
}

// The waits double, from 200 milliseconds to a second; AWS counts calls by the second, so a
// throttled one waits for a second at once. Each is cut by up to half, since calls that failed
// together are not to return together.
func TestTheWaitsBetweenAttempts(t *testing.T) {
	const ms = time.Millisecond
	for name, row := range map[string]struct {
		fault awstest.Fault
		waits []time.Duration
	}{
		"failed":    {awstest.ServerError(0), []time.Duration{200 * ms, 400 * ms, 800 * ms, 1000 * ms, 1000 * ms, 1000 * ms}},
		"throttled": {awstest.Throttle(0), []time.Duration{1000 * ms, 1000 * ms, 1000 * ms}},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := newSubject(t)
				var at []time.Time
				row.fault.Before = func(awstest.Call) { at = append(at, time.Now()) }
				s.Fail("*", row.fault)
				shortest := slices.Clone(row.waits)
				for range 50 {
					at = nil
					ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
					_ = s.put(ctx)
					cancel()
					for i, most := range row.waits {
						wait := at[i+1].Sub(at[i])
						shortest[i] = min(shortest[i], wait)
						if wait < most/2 || wait > most {
							t.Fatalf("wait %d is %v, want %v to %v", i+1, wait, most/2, most)
						}
					}
				}
				for i, most := range row.waits {
					if shortest[i] > most*3/4 {
						t.Errorf("wait %d is never below %v: calls that failed together return together", i+1, shortest[i])
					}
				}
			})
		})
	}
}

// Each of the 256 workers of a run has a connection to each of two services, which the run of the
// next minute finds, and one to a provider; a function may have 1,024 files open (Lambda developer
// guide, "Lambda quotas").
func TestConnectionsThatAreKept(t *testing.T) {
	const workers, services, files, tick = 256, 2, 1024, time.Minute
	kept := awscall.NewHTTPClient(nil, nil).Transport.(*http.Transport)
	if n := kept.MaxIdleConnsPerHost; n < workers || services*n+workers > files || kept.IdleConnTimeout <= tick {
		t.Errorf("%d connections to a service are kept for %v", n, kept.IdleConnTimeout)
	}
}

func TestConfigureLimitsTheTimeOfAnAttempt(t *testing.T) {
	var cfg aws.Config
	awscall.Configure(&cfg, awscall.WritesPerSecond)
	c, ok := cfg.HTTPClient.(*http.Client)
	if !ok || c.Timeout != 2*time.Second {
		t.Errorf("the HTTP client is %+v", cfg.HTTPClient)
	}
}
