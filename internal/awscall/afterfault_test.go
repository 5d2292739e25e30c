package awscall_test

import (
	"context"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"example.com/tokenkeeper/internal/awscall"
	"example.com/tokenkeeper/internal/awstest"
	"example.com/tokenkeeper/internal/refresh"
)

// A call must be as strong after an outage as before it, however long the outage was: the
// SDK's allowance for retries is one for the life of a process.
func TestACallAfterAnOutage(t *testing.T) {
	for _, row := range []struct {
		name  string
		fault awstest.Fault
	}{
		{"of failures", awstest.ServerError(0)},
		{"of throttling", awstest.Throttle(0)},
		{"of lost connections", awstest.LoseRequest(0)},
		{"of silence", awstest.Fault{Hang: true}},
	} {
		t.Run(row.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := newSubject(t)
				s.Fail("*", row.fault)
				for range 200 { // 800 attempts
					if s.put(t.Context()) == nil {
						t.Fatal("the call was made during the outage")
					}
				}
				s.Heal()
				for _, next := range []awstest.Fault{awstest.Throttle(3), awstest.ServerError(3), awstest.LoseAnswer(3)} {
					s.Heal()
					s.Fail("*", next)
					if err := s.put(t.Context()); err != nil {
						t.Errorf("after the outage a call gives up too soon: %v", err)
					}
				}
			})
		})
	}
}

// A network that fails over breaks every connection of the pool at once. The next attempt
// must not take another dead one.
func TestARetryAfterAllConnectionsWereLost(t *testing.T) {
	for _, row := range []struct {
		name     string
		silently bool
		within   time.Duration
	}{
		{"with a reset", false, 200 * time.Millisecond},
		{"in silence", true, 2200 * time.Millisecond},
	} {
		t.Run(row.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := newSubject(t)
				s.Fail("*", awstest.Latency(100*time.Millisecond)) // so that each call has a connection
				var wg sync.WaitGroup
				for range 16 {
					wg.Go(func() { _ = s.put(t.Context()) })
				}
				wg.Wait()
				s.Heal()
				s.Cut(row.silently)

				// What a run keeps for storing a token.
				ctx, cancel := context.WithTimeout(t.Context(), 3500*time.Millisecond)
				defer cancel()
				began := time.Now()
				if err := s.put(ctx); err != nil || time.Since(began) > row.within {
					t.Errorf("%v, in %v", err, time.Since(began))
				}
			})
		})
	}
}

// The same while calls are under way.
func TestConnectionsThatAreLostDuringACall(t *testing.T) {
	for _, silently := range []bool{false, true} {
		synctest.Test(t, func(t *testing.T) {
			s := newSubject(t)
			s.Fail("*", awstest.Fault{Times: 16, Delay: time.Second})
			time.AfterFunc(900*time.Millisecond, func() { s.Cut(silently) })
			ctx, cancel := context.WithTimeout(t.Context(), 3500*time.Millisecond)
			defer cancel()
			var wg sync.WaitGroup
			for range 16 {
				wg.Go(func() {
					if err := s.put(ctx); err != nil {
						t.Errorf("silently %t: %v", silently, err)
					}
				})
			}
			wg.Wait()
		})
	}
}

// A call is repeated while there is time, and its failure says why the last attempt failed.
func TestACallIsRepeatedToItsDeadline(t *testing.T) {
	for _, row := range []struct {
		name     string
		fault    awstest.Fault
		healedAt time.Duration
		code     string // of a failure; empty: none
	}{
		{"somebody else uses the quota for 3 s", awstest.Throttle(0), 3 * time.Second, ""},
		{"AWS fails for 20 s", awstest.ServerError(0), 20 * time.Second, ""},
		{"connections are refused for 20 s", awstest.LoseRequest(0), 20 * time.Second, ""},
		{"throttled to the end", awstest.Throttle(0), time.Minute, awscall.CodeThrottled},
		{"failing to the end", awstest.ServerError(0), time.Minute, awscall.CodeServer},
		{"unreachable to the end", awstest.LoseRequest(0), time.Minute, awscall.CodeUnreachable},
	} {
		t.Run(row.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := newSubject(t)
				s.Fail("*", row.fault)
				time.AfterFunc(row.healedAt, s.Heal)
				ctx, cancel := context.WithTimeout(t.Context(), 25*time.Second)
				defer cancel()
				began := time.Now()
				err := s.put(ctx)
				if row.code == "" {
					if took := time.Since(began); err != nil || took > row.healedAt+2*time.Second {
						t.Errorf("%v, after %v", err, took)
					}
					return
				}
				e := awscall.Call{Action: "secretsmanager:PutSecretValue", Resource: "tokens/a"}.Failure(err)
				if e.Code != row.code || e.Class != refresh.Transient || time.Since(began) < 24*time.Second || ctx.Err() != nil {
					t.Errorf("after %v: %s: %v", time.Since(began), e.Code, e)
				}
			})
		})
	}
}

// A caller that is cancelled waits for no further attempt, and learns why the last one failed.
func TestCancelledBetweenAttempts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSubject(t)
		s.Fail("*", awstest.Throttle(0))
		ctx, cancel := context.WithCancel(t.Context())
		time.AfterFunc(100*time.Millisecond, cancel) // the first wait is half a second at least
		began := time.Now()
		e := awscall.Call{Action: "secretsmanager:PutSecretValue", Resource: "tokens/a"}.Failure(s.put(ctx))
		if took := time.Since(began); took != 100*time.Millisecond || s.Count() != 1 || e.Code != awscall.CodeThrottled {
			t.Errorf("%d attempts in %v: %v", s.Count(), took, e)
		}
	})
}

// What a call says of its attempts that were not answered is how many there were.
func TestSilence(t *testing.T) {
	for within, want := range map[time.Duration]string{
		1500 * time.Millisecond: "no answer: the time for it was over",
		4150 * time.Millisecond: "no answer: none in time, after 2 attempts",
		6650 * time.Millisecond: "no answer: none in time, after 3 attempts",
	} {
		synctest.Test(t, func(t *testing.T) {
			s := newSubject(t)
			s.Fail("*", awstest.Fault{Hang: true})
			ctx, cancel := context.WithTimeout(t.Context(), within)
			defer cancel()
			if e := (awscall.Call{Action: "a", Resource: "r"}).Failure(s.put(ctx)); e.Code != awscall.CodeUnreachable || e.Detail != "a r: "+want {
				t.Errorf("in %v: %v", within, e)
			}
		})
	}
}
