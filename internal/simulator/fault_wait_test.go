package simulator_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"example.com/tokenkeeper/internal/awstest"
	"example.com/tokenkeeper/internal/simulator"
)

// inBubble runs the test with a simulator that is served inside a bubble, and
// ends everything before the bubble ends.
func inBubble(t *testing.T, test func(*testing.T, *served)) {
	synctest.Test(t, func(t *testing.T) {
		sim := simulator.New(simulator.Options{})
		pipe := awstest.NewPipe()
		server := &http.Server{Handler: sim}
		go server.Serve(pipe)
		transport := &http.Transport{DialContext: pipe.Dial}
		test(t, &served{Simulator: sim, t: t, URL: "http://simulator.example", client: &http.Client{Transport: transport}})
		sim.Close()
		transport.CloseIdleConnections()
		if err := server.Shutdown(t.Context()); err != nil {
			t.Error(err)
		}
	})
}

func TestHangLastsAsLongAsTheRequest(t *testing.T) {
	inBubble(t, func(t *testing.T, s *served) {
		s.Break(simulator.Meitner, simulator.Hang())
		s.client.Timeout = 10 * time.Second
		begin := time.Now()
		_, err := s.try(s.loginRequest(simulator.Meitner))
		if !errors.Is(err, context.DeadlineExceeded) || time.Since(begin) != 10*time.Second {
			t.Errorf("after %v: %v", time.Since(begin), err)
		}
	})
}

func TestCloseEndsEveryWait(t *testing.T) {
	for name, fault := range map[string]simulator.Fault{
		"Hang": simulator.Hang(), "Trickle": simulator.Trickle(time.Minute),
	} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, func(t *testing.T, s *served) {
				s.Break(simulator.Meitner, fault)
				begin := time.Now()
				time.AfterFunc(90*time.Second, s.Close)
				got, err := s.try(s.loginRequest(simulator.Meitner))
				if !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) {
					t.Errorf("answered %d %q and %v, want an aborted answer", got.status, got.body, err)
				}
				if waited := time.Since(begin); waited != 90*time.Second {
					t.Errorf("it ended after %v, want 90 s", waited)
				}
			})
		})
	}
}

func TestTrickleSendsAByteAPeriod(t *testing.T) {
	inBubble(t, func(t *testing.T, s *served) {
		s.Break(simulator.METILogin, simulator.Join(simulator.Trickle(time.Second), simulator.Token("abc")))
		begin := time.Now()
		resp, err := s.client.Do(s.loginRequest(simulator.METILogin))
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		if waited := time.Since(begin); waited != 0 {
			t.Errorf("the header came after %v", waited)
		}
		body, err := io.ReadAll(resp.Body)
		if err != nil {
			t.Fatal(err)
		}
		if want := `{"token":"abc","expires_in":3600}`; string(body) != want || time.Since(begin) != 33*time.Second {
			t.Errorf("%q came in %v, want %q in 33s", body, time.Since(begin), want)
		}
	})
}

func TestTrickleEndsWithItsRequest(t *testing.T) {
	inBubble(t, func(t *testing.T, s *served) {
		s.Break(simulator.METILogin, simulator.Trickle(time.Second))
		s.client.Timeout = 5500 * time.Millisecond
		got, err := s.try(s.loginRequest(simulator.METILogin))
		if err == nil || len(got.body) != 5 || !strings.HasPrefix(got.body, `{"tok`) {
			t.Errorf("read %q and %v", got.body, err)
		}
	})
}

func TestHoldKeepsTheLoginBack(t *testing.T) {
	inBubble(t, func(t *testing.T, s *served) {
		open := make(chan struct{})
		s.Break(simulator.Meitner, simulator.Hold(open))
		answered := false
		r := s.loginRequest(simulator.Meitner)
		go func() {
			got, err := s.try(r)
			answered = err == nil && got.status == http.StatusOK
		}()
		synctest.Wait()
		if answered || s.Logins(simulator.Meitner) != 1 {
			t.Errorf("answered: %t, logins: %d; want a login that is held", answered, s.Logins(simulator.Meitner))
		}
		close(open)
		synctest.Wait()
		if !answered {
			t.Error("the login was not let go")
		}
	})
}
