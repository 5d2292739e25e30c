package simulator_test

import (
	"bytes"
	"compress/gzip"
	"io"
	"net/http"
	"strings"
	"testing"

	"example.com/tokenkeeper/internal/simulator"
)

func TestFaultsThatSpoilAGoodAnswer(t *testing.T) {
	tests := []struct {
		name     string
		provider string
		fault    simulator.Fault
		want     string // TOKEN is the token that was issued
	}{
		{"lifetime in text", simulator.Meitner, simulator.Lifetime(`"3600"`), `{"access_token":"TOKEN","token_type":"Bearer","expires_in":"3600"}`},
		{"lifetime with exponent", simulator.Meitner, simulator.Lifetime(`3.6e3`), `{"access_token":"TOKEN","token_type":"Bearer","expires_in":3.6e3}`},
		{"lifetime null", simulator.METILogin, simulator.Lifetime(`null`), `{"token":"TOKEN","expires_in":null}`},
		{"no lifetime", simulator.METILogin, simulator.Drop("expires_in"), `{"token":"TOKEN"}`},
		{"lifetime under another name", simulator.METILogin, simulator.Rename("expires_in", "expiresIn"), `{"token":"TOKEN","expiresIn":3600}`},
		{"lifetime as a timestamp", simulator.METILogin, simulator.Join(simulator.Drop("expires_in"), simulator.Field("expires_at", `"2026-11-22T13:00:00Z"`)),
			`{"token":"TOKEN","expires_at":"2026-11-22T13:00:00Z"}`},
		{"no JSON for a lifetime", simulator.METILogin, simulator.Lifetime(`soon`), `{"token":"TOKEN","expires_in":soon}`},
		{"a key twice", simulator.METILogin, simulator.Repeat("token", `"other"`), `{"token":"TOKEN","expires_in":3600,"token":"other"}`},
		{"a key in the wrong case", simulator.METILogin, simulator.Rename("token", "Token"), `{"Token":"TOKEN","expires_in":3600}`},
		{"another token type", simulator.Meitner, simulator.Field("token_type", `"mac"`), `{"access_token":"TOKEN","token_type":"mac","expires_in":3600}`},
		{"a narrower scope", simulator.EduCloud, simulator.Field("scope", `""`), `{"access_token":"TOKEN","expires_in":3600,"token_type":"Bearer","scope":""}`},
		{"a token of odd characters", simulator.Meitner, simulator.Token("a\r\nb\x00\x7fé"), `{"access_token":"a\r\nb\u0000` + "\x7f" + `é","token_type":"Bearer","expires_in":3600}`},
		{"an empty token", simulator.METILogin, simulator.Token(""), `{"token":"","expires_in":3600}`},
		{"a number for a token", simulator.METILogin, simulator.RawToken("42"), `{"token":42,"expires_in":3600}`},
		{"an object for a token", simulator.METILogin, simulator.RawToken("{}"), `{"token":{},"expires_in":3600}`},
		{"a byte order mark", simulator.METILogin, simulator.BOM(), "\uFEFF" + `{"token":"TOKEN","expires_in":3600}`},
		{"members of no object", simulator.METILogin, simulator.Join(simulator.Lifetime("1"), simulator.JSON(200, `[1]`)), `[1]`},
		{"members of no JSON", simulator.METILogin, simulator.Join(simulator.Lifetime("1"), simulator.BOM()), "\uFEFF" + `{"token":"TOKEN","expires_in":3600}`},
		{"a member that is not there", simulator.METILogin, simulator.Rename("scope", "scopes"), `{"token":"TOKEN","expires_in":3600}`},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			s := New(t)
			s.SetRepeats(test.provider, true)
			token := s.login(test.provider).token(t)
			s.Break(test.provider, test.fault)
			got := s.login(test.provider)
			if want := strings.ReplaceAll(test.want, "TOKEN", token); got.status != http.StatusOK || got.body != want {
				t.Errorf("answered %d %q,\nwant %q", got.status, got.body, want)
			}
		})
	}
}

func TestATokenPutInItsPlaceOpensNothing(t *testing.T) {
	s := New(t)
	s.Break(simulator.Meitner, simulator.Token("made-up"))
	token := s.login(simulator.Meitner).token(t)
	if got := s.get(apiPaths[simulator.Meitner], "Bearer "+token); got.status != http.StatusUnauthorized {
		t.Errorf("the API answered %d", got.status)
	}
}

func TestHeaderSetsAndRemoves(t *testing.T) {
	s := New(t)
	s.Break(simulator.Meitner, simulator.Join(
		simulator.Header("date", ""), simulator.Header("Content-Type", "text/plain"), simulator.Header("Pragma", "")))
	got := s.login(simulator.Meitner)
	if date, ok := got.header["Date"]; ok {
		t.Errorf("Date: %v, want none", date)
	}
	if pragma, ok := got.header["Pragma"]; ok {
		t.Errorf("Pragma: %v, want none", pragma)
	}
	if contentType := got.header.Get("Content-Type"); contentType != "text/plain" {
		t.Errorf("Content-Type: %s", contentType)
	}
}

func TestGzipIsGzip(t *testing.T) {
	s := New(t)
	s.Break(simulator.METILogin, simulator.Join(simulator.Gzip(), simulator.Token("abc")))
	got := s.login(simulator.METILogin)
	if got.header.Get("Content-Encoding") != "gzip" {
		t.Errorf("Content-Encoding: %q", got.header.Get("Content-Encoding"))
	}
	if body := gunzip(t, got.body); body != `{"token":"abc","expires_in":3600}` {
		t.Errorf("the body is %q", body)
	}
}

func TestHalfIsAWholeAnswerOfHalfTheJSON(t *testing.T) {
	s := New(t)
	s.Break(simulator.METILogin, simulator.Join(simulator.Half(), simulator.Token("abc")))
	if got := s.login(simulator.METILogin); got.status != http.StatusOK || got.body != `{"token":"abc","` {
		t.Errorf("answered %d %q", got.status, got.body)
	}
}

func gunzip(t *testing.T, text string) string {
	t.Helper()
	z, err := gzip.NewReader(bytes.NewReader([]byte(text)))
	if err != nil {
		t.Fatal(err)
	}
	body, err := io.ReadAll(z)
	if err != nil {
		t.Fatal(err)
	}
	return string(body)
}
