package reader_test

import (
	"context"
	"errors"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"example.com/tokenkeeper/reader"
)

func TestCachesUntilRefreshAfter(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := &shelf{record: hourly("A", time.Now())}
		r := reader.New(store, reader.Options{})
		store.wantReads(t, 0)

		wantToken(t, r, "A")
		time.Sleep(36*time.Minute - time.Second)
		store.put(hourly("B", time.Now()))
		wantToken(t, r, "A")
		store.wantReads(t, 1)

		time.Sleep(time.Second)
		wantToken(t, r, "B")
		store.wantReads(t, 2)
	})
}

func TestLooksAtMostEveryRecheckOnceDue(t *testing.T) {
	for name, tc := range map[string]struct {
		options reader.Options
		every   time.Duration
	}{
		"default": {reader.Options{}, 30 * time.Second},
		"set":     {reader.Options{Recheck: 10 * time.Second}, 10 * time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				store := &shelf{record: hourly("A", time.Now())}
				r := reader.New(store, tc.options)
				wantToken(t, r, "A")
				time.Sleep(36 * time.Minute)
				for range 4 {
					for range 3 {
						wantToken(t, r, "A")
					}
					time.Sleep(tc.every)
				}
				store.wantReads(t, 1+4)
			})
		})
	}
}

func TestCacheAgeLooksBeforeRefreshAfter(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := &shelf{record: hourly("A", time.Now())}
		r := reader.New(store, reader.Options{CacheAge: 5 * time.Minute})
		wantToken(t, r, "A")
		store.put(hourly("B", time.Now()))
		time.Sleep(5*time.Minute - time.Second)
		wantToken(t, r, "A")
		store.wantReads(t, 1)

		time.Sleep(time.Second)
		wantToken(t, r, "B")
		store.wantReads(t, 2)

		// A look that fails is made again after Recheck, not after CacheAge.
		time.Sleep(5 * time.Minute)
		store.breakDown()
		wantToken(t, r, "B")
		store.put(hourly("C", time.Now()))
		time.Sleep(30 * time.Second)
		wantToken(t, r, "C")
		store.wantReads(t, 4)
	})
}

func TestServesUntilExpiryThenAnExpiredErrorAndRecovers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		issued := time.Now()
		store := &shelf{record: hourly("A", issued)}
		r := reader.New(store, reader.Options{})
		wantToken(t, r, "A")

		time.Sleep(time.Hour - time.Nanosecond)
		wantToken(t, r, "A")
		time.Sleep(time.Nanosecond)
		got := wantExpired(t, r)
		if got.Provider != "meitner" || !got.ExpiredAt.Equal(issued.Add(time.Hour)) || got.Err != nil {
			t.Errorf("got %+v", got)
		}
		for _, want := range []string{`"meitner"`, "2000-01-01T01:00:00Z", "tokenkeeper status"} {
			if !strings.Contains(got.Error(), want) {
				t.Errorf("the error does not say %q: %v", want, got)
			}
		}

		store.put(hourly("B", time.Now()))
		time.Sleep(time.Second)
		wantToken(t, r, "B")
	})
}

func TestARecordThatIsOverWhenFirstReadIsNotServed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := &shelf{record: hourly("A", time.Now().Add(-time.Hour))}
		wantExpired(t, reader.New(store, reader.Options{}))
	})
}

func TestServesTheLiveTokenWhileTheSourceFails(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var told []error
		store := &shelf{record: hourly("A", time.Now())}
		r := reader.New(store, reader.Options{OnError: func(err error) { told = append(told, err) }})
		wantToken(t, r, "A")

		store.breakDown()
		time.Sleep(36 * time.Minute)
		wantToken(t, r, "A")
		wantToken(t, r, "A")
		if len(told) != 1 || !errors.Is(told[0], errStoreDown) {
			t.Errorf("OnError was told %v, want the store's error once", told)
		}

		time.Sleep(24 * time.Minute)
		got := wantExpired(t, r)
		if !errors.Is(got, errStoreDown) || !strings.Contains(got.Error(), errStoreDown.Error()) {
			t.Errorf("the error does not say why nothing newer was read: %v", got)
		}
		if len(told) != 1 {
			t.Errorf("OnError was told of an error that the caller got: %v", told)
		}
	})
}

func TestABadRecordDoesNotReplaceALiveToken(t *testing.T) {
	for name, bad := range map[string]string{
		"not a record":  "left by hand",
		"later version": `{"version": 2}`,
		"over":          string(hourly("dead", time.Date(1999, 1, 1, 0, 0, 0, 0, time.UTC))),
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				store := &shelf{record: hourly("A", time.Now())}
				r := reader.New(store, reader.Options{})
				wantToken(t, r, "A")
				store.put([]byte(bad))
				time.Sleep(36 * time.Minute)
				wantToken(t, r, "A")
				store.wantReads(t, 2)
			})
		})
	}
}

func TestWithNothingToServeLooksAreHeldApart(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := &shelf{err: errStoreDown}
		r := reader.New(store, reader.Options{})
		started := time.Now()
		var looks []time.Duration
		for seen := 0; time.Since(started) < 2*time.Minute; time.Sleep(250 * time.Millisecond) {
			if _, err := r.Token(t.Context()); !errors.Is(err, errStoreDown) {
				t.Fatalf("Token: %v", err)
			}
			if store.reads > seen {
				seen = store.reads
				looks = append(looks, time.Since(started)/time.Second)
			}
		}
		want := []time.Duration{0, 1, 3, 7, 15, 31, 61, 91}
		if !slices.Equal(looks, want) {
			t.Errorf("looked at seconds %d, want %d", looks, want)
		}

		store.put(hourly("A", time.Now()))
		time.Sleep(30 * time.Second)
		wantToken(t, r, "A")
	})
}

func TestManyCallersMakeOneLook(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := &shelf{record: hourly("A", time.Now())}
		release := store.hold()
		r := reader.New(store, reader.Options{})
		var callers sync.WaitGroup
		for range 64 {
			callers.Go(func() { wantToken(t, r, "A") })
		}
		synctest.Wait()
		release()
		callers.Wait()
		store.wantReads(t, 1)
	})
}

func TestACallerWhoLeavesDoesNotEndTheLook(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := &shelf{record: hourly("A", time.Now())}
		release := store.hold()
		r := reader.New(store, reader.Options{})

		hurried, leave := context.WithCancel(t.Context())
		left := make(chan error)
		go func() {
			_, err := r.Token(hurried)
			left <- err
		}()
		synctest.Wait()
		stayed := make(chan reader.Token)
		go func() {
			token, _ := r.Token(t.Context())
			stayed <- token
		}()
		synctest.Wait()

		leave()
		if err := <-left; !errors.Is(err, context.Canceled) {
			t.Errorf("the caller who left got %v", err)
		}
		release()
		if got := <-stayed; got.AccessToken() != "A" {
			t.Errorf("the caller who stayed got %v", got)
		}
		store.wantReads(t, 1)
	})
}

func TestAHangingSourceHoldsALiveTokenUpForASecondOnly(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var told []error
		store := &shelf{record: hourly("A", time.Now())}
		r := reader.New(store, reader.Options{OnError: func(err error) { told = append(told, err) }})
		wantToken(t, r, "A")
		time.Sleep(36 * time.Minute)

		release := store.hold()
		defer release()
		asked := time.Now()
		wantToken(t, r, "A")
		if took := time.Since(asked); took != time.Second {
			t.Errorf("the first caller waited %v, want 1s", took)
		}
		wantToken(t, r, "A")
		if took := time.Since(asked); took != time.Second {
			t.Errorf("the next caller waited too: %v in all", took)
		}
		store.wantReads(t, 2)

		time.Sleep(9 * time.Second)
		synctest.Wait()
		if len(told) != 1 || !errors.Is(told[0], context.DeadlineExceeded) {
			t.Errorf("OnError was told %v, want a timeout after 10s", told)
		}
	})
}

func TestAHangingSourceIsGivenUpAfterTimeout(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := &shelf{}
		defer store.hold()()
		r := reader.New(store, reader.Options{Timeout: 3 * time.Second})
		asked := time.Now()
		_, err := r.Token(t.Context())
		if took := time.Since(asked); took != 3*time.Second {
			t.Errorf("waited %v, want 3s", took)
		}
		if !errors.Is(err, context.DeadlineExceeded) || !strings.Contains(err.Error(), "no answer within 3s") {
			t.Errorf("got %v", err)
		}
	})
}

func TestASourceThatEndsItsGoroutineLeavesNobodyWaiting(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := reader.New(reader.SourceFunc(func(context.Context) ([]byte, error) {
			runtime.Goexit()
			return nil, nil
		}), reader.Options{})
		if _, err := r.Token(t.Context()); err == nil {
			t.Error("want an error")
		}
	})
}

func TestOnErrorMayAskForTheToken(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var r *reader.Reader
		asked := 0
		store := &shelf{record: hourly("A", time.Now())}
		r = reader.New(store, reader.Options{OnError: func(error) {
			asked++
			wantToken(t, r, "A")
		}})
		wantToken(t, r, "A")
		store.breakDown()
		time.Sleep(36 * time.Minute)
		wantToken(t, r, "A")
		if asked != 1 {
			t.Errorf("OnError was called %d times", asked)
		}
	})
}

func TestReplacementLooksAtOnceThenHoldsBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := &shelf{record: hourly("A", time.Now())}
		r := reader.New(store, reader.Options{})
		a := wantToken(t, r, "A")

		if got, ok := r.Replacement(t.Context(), a); ok {
			t.Fatalf("got %v, but the record holds the rejected token", got)
		}
		store.wantReads(t, 2)
		if _, ok := r.Replacement(t.Context(), a); ok {
			t.Fatal("got a replacement out of nothing")
		}
		store.wantReads(t, 2) // within a second of the last look: not again

		store.put(hourly("B", time.Now()))
		time.Sleep(time.Second)
		if got, ok := r.Replacement(t.Context(), a); !ok || got.AccessToken() != "B" {
			t.Fatalf("got %v, %v, want B", got, ok)
		}
		store.wantReads(t, 3)

		// Others who were rejected with A find B without another look.
		if got, ok := r.Replacement(t.Context(), a); !ok || got.AccessToken() != "B" {
			t.Fatalf("got %v, %v, want B", got, ok)
		}
		store.wantReads(t, 3)
	})
}

func TestAnAPIThatAlwaysSays401IsNoLoadOnTheStore(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := &shelf{record: hourly("A", time.Now())}
		r := reader.New(store, reader.Options{})
		a := wantToken(t, r, "A")
		for range 10 * 60 * 4 { // ten minutes
			r.Replacement(t.Context(), a)
			time.Sleep(250 * time.Millisecond)
		}
		// At 0, 1, 3, 7, 15 and 31 s, then every 30 s to 571 s or 600.
		store.wantReads(t, 1+6+18)
	})
}

func TestManyRejectedCallersMakeOneLook(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := &shelf{record: hourly("A", time.Now())}
		r := reader.New(store, reader.Options{})
		a := wantToken(t, r, "A")
		store.put(hourly("B", time.Now()))
		release := store.hold()
		var callers sync.WaitGroup
		for range 64 {
			callers.Go(func() {
				if got, ok := r.Replacement(t.Context(), a); !ok || got.AccessToken() != "B" {
					t.Errorf("got %v, %v, want B", got, ok)
				}
			})
		}
		synctest.Wait()
		wantToken(t, r, "A") // who is not rejected does not wait
		release()
		callers.Wait()
		store.wantReads(t, 2)
	})
}

func TestAClockSetBackMakesNoDeadline(t *testing.T) {
	now := time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)
	store := &shelf{record: hourly("A", now)}
	r := reader.New(store, reader.Options{Now: func() time.Time { return now }})
	wantToken(t, r, "A")
	now = now.Add(50 * time.Minute)
	wantToken(t, r, "A")
	store.wantReads(t, 2)
	now = now.Add(-5 * time.Minute) // past refresh_after, before the last look
	store.put(hourly("B", now))
	wantToken(t, r, "B")
	store.wantReads(t, 3)
}

func TestAnEndedContextStartsNoLook(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := &shelf{record: hourly("A", time.Now())}
		r := reader.New(store, reader.Options{})
		ended, end := context.WithCancelCause(t.Context())
		why := errors.New("the request was withdrawn")
		end(why)
		if _, err := r.Token(ended); !errors.Is(err, why) {
			t.Errorf("got %v, want the context's cause", err)
		}
		synctest.Wait()
		store.wantReads(t, 0)
	})
}
