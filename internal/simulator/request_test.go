package simulator_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"example.com/tokenkeeper/internal/simulator"
)

func TestRequestsAreRecordedAsTheyCame(t *testing.T) {
	s := New(t)
	r := s.post("/meitner/oauth/token?a=b", body{"text/odd", "what \x00 ever"})
	r.Header.Set("X-Odd", "yes")
	s.do(r)
	s.get("/meitner/nowhere", "")

	got := s.Requests(simulator.Meitner)
	if len(got) != 2 {
		t.Fatalf("%d requests are recorded, want 2", len(got))
	}
	first := got[0]
	if first.Method != "POST" || first.Path != "/oauth/token" || first.RawQuery != "a=b" ||
		string(first.Body) != "what \x00 ever" || first.Header.Get("X-Odd") != "yes" ||
		first.Host != strings.TrimPrefix(s.URL, "http://") || !first.At.Equal(noon) {
		t.Errorf("the first request is recorded as %+v", first)
	}
	if got[1].Method != "GET" || got[1].Path != "/nowhere" {
		t.Errorf("the second request is recorded as %+v", got[1])
	}
	if n := s.Logins(simulator.Meitner); n != 1 {
		t.Errorf("%d logins are counted, want 1", n)
	}
	if n := len(s.Requests(simulator.METI)); n != 0 {
		t.Errorf("another provider has %d requests", n)
	}

	s.ForgetRequests(simulator.Meitner)
	if len(s.Requests(simulator.Meitner)) != 0 || s.Logins(simulator.Meitner) != 0 {
		t.Error("requests are not forgotten")
	}
}

func TestTheLatestThousandRequestsAreKept(t *testing.T) {
	s := New(t)
	handler := s.Provider(simulator.Meitner)
	for i := range 1003 {
		r := s.post(fmt.Sprintf("/%d", i), body{})
		handler.ServeHTTP(discard{}, r)
	}
	got := s.Requests(simulator.Meitner)
	if len(got) != 1000 || got[0].Path != "/3" || got[999].Path != "/1002" {
		t.Errorf("%d requests are kept, from %s to %s", len(got), got[0].Path, got[len(got)-1].Path)
	}
}

// discard is an http.ResponseWriter for answers that are not read.
type discard struct{}

func (discard) Header() http.Header         { return http.Header{} }
func (discard) Write(b []byte) (int, error) { return len(b), nil }
func (discard) WriteHeader(int)             {}
