package simulator_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httptrace"
	"net/textproto"
	"strings"
	"syscall"
	"testing"

	"example.com/tokenkeeper/internal/simulator"
)

func TestResetBeforeTheAnswer(t *testing.T) {
	for name, fault := range map[string]simulator.Fault{"before the login": simulator.Reset(), "after the login": simulator.LoseAnswer()} {
		s := New(t)
		s.Break(simulator.Meitner, fault)
		if got, err := s.try(s.loginRequest(simulator.Meitner)); !errors.Is(err, syscall.ECONNRESET) {
			t.Errorf("%s: answered %d %q and %v, want a reset", name, got.status, got.body, err)
		}
		if n := s.Logins(simulator.Meitner); n != 1 {
			t.Errorf("%s: %d logins, want 1", name, n)
		}
	}
}

func TestALostAnswerIsOfALoginThatTookPlace(t *testing.T) {
	for name, test := range map[string]struct {
		fault     simulator.Fault
		tookPlace bool
	}{
		"Reset":      {simulator.Reset(), false},
		"LoseAnswer": {simulator.LoseAnswer(), true},
	} {
		s := New(t)
		s.SetSupersedes(simulator.Meitner, true)
		before := s.login(simulator.Meitner).token(t)
		s.Break(simulator.Meitner, test.fault)
		if _, err := s.try(s.loginRequest(simulator.Meitner)); err == nil {
			t.Errorf("%s: the login was answered", name)
		}
		dead := s.get(apiPaths[simulator.Meitner], "Bearer "+before).status == http.StatusUnauthorized
		if dead != test.tookPlace {
			t.Errorf("%s: the token before is dead: %t, want %t", name, dead, test.tookPlace)
		}
	}
}

func TestHalfABodyThenNothing(t *testing.T) {
	for name, test := range map[string]struct {
		fault simulator.Fault
		want  error
	}{
		"ResetMidBody": {simulator.ResetMidBody(), syscall.ECONNRESET},
		"Truncate":     {simulator.Truncate(), io.ErrUnexpectedEOF},
	} {
		s := New(t)
		s.Break(simulator.METILogin, simulator.Join(test.fault, simulator.Token("abc")))
		got, err := s.try(s.loginRequest(simulator.METILogin))
		if !errors.Is(err, test.want) {
			t.Errorf("%s: read %q and %v, want %v", name, got.body, err, test.want)
		}
		if length := got.header.Get("Content-Length"); length != "33" {
			t.Errorf("%s: Content-Length %q, want that of the whole, 33", name, length)
		}
		if whole := `{"token":"abc","expires_in":3600}`; got.body != whole[:len(whole)/2] {
			t.Errorf("%s: read %q, want half of %q", name, got.body, whole)
		}
	}
}

func TestOverHTTP2AStreamIsReset(t *testing.T) {
	sim := simulator.New(simulator.Options{})
	server := httptest.NewUnstartedServer(sim)
	server.EnableHTTP2 = true
	server.StartTLS()
	t.Cleanup(server.Close)
	s := &served{Simulator: sim, t: t, URL: server.URL, client: server.Client()}

	if got := s.login(simulator.Meitner); got.status != http.StatusOK {
		t.Fatalf("answered %d %s", got.status, got.body)
	}
	for name, fault := range map[string]simulator.Fault{
		"Reset": simulator.Reset(), "ResetMidBody": simulator.ResetMidBody(), "Truncate": simulator.Truncate(),
	} {
		sim.Break(simulator.Meitner, fault)
		_, err := s.try(s.loginRequest(simulator.Meitner))
		if err == nil || !strings.Contains(err.Error(), "INTERNAL_ERROR") {
			t.Errorf("%s: %v, want a stream error", name, err)
		}
	}
}

func TestTheEndlessBodyGoesOnUntilItsReaderStops(t *testing.T) {
	s := New(t)
	s.Break(simulator.Meitner, simulator.EndlessBody())
	resp, err := s.client.Do(s.loginRequest(simulator.Meitner))
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if resp.ContentLength != -1 {
		t.Errorf("the length is stated: %d", resp.ContentLength)
	}
	begin := make([]byte, 4<<20)
	if _, err := io.ReadFull(resp.Body, begin); err != nil {
		t.Fatal(err)
	}
	if !strings.HasPrefix(string(begin), `{"access_token":"aaaa`) {
		t.Errorf("it begins %.20q", begin)
	}
}

func TestTheGzipBombGrows(t *testing.T) {
	const size = 8<<20 + 5
	s := New(t)
	s.Break(simulator.Meitner, simulator.GzipBomb(size))
	got := s.login(simulator.Meitner)
	if len(got.body) > size/500 {
		t.Errorf("%d bytes on the wire for %d", len(got.body), size)
	}
	if grown := gunzip(t, got.body); len(grown) != size || strings.Trim(grown, " ") != "" {
		t.Errorf("it grows to %d bytes, want %d blanks", len(grown), size)
	}
}

func TestManyHeaders(t *testing.T) {
	s := New(t)
	s.Break(simulator.METILogin, simulator.ManyHeaders(1000, 50))
	got := s.login(simulator.METILogin)
	if len(got.header) < 1000 || len(got.header.Get("X-Flood-999")) != 50 {
		t.Errorf("%d headers came", len(got.header))
	}
	got.token(t)
}

func TestEarlyHintsComeBeforeTheAnswer(t *testing.T) {
	s := New(t)
	s.Break(simulator.Meitner, simulator.EarlyHints(3))
	hints := 0
	r := s.loginRequest(simulator.Meitner)
	r = r.WithContext(httptrace.WithClientTrace(context.Background(), &httptrace.ClientTrace{
		Got1xxResponse: func(code int, _ textproto.MIMEHeader) error {
			if code == http.StatusEarlyHints {
				hints++
			}
			return nil
		},
	}))
	s.do(r).token(t)
	if hints != 3 {
		t.Errorf("%d interim answers, want 3", hints)
	}
}
