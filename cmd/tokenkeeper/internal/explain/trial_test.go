package explain_test

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"example.com/tokenkeeper/cmd/tokenkeeper/internal/explain"
	"example.com/tokenkeeper/internal/secret/secrettest"
	"example.com/tokenkeeper/internal/signing/keytest"
	"example.com/tokenkeeper/internal/tokenendpoint"
	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

// All requests of a login are shown, steps and repetitions too, each with its answer.
func TestTryTellsEachRequest(t *testing.T) {
	s := serve(t, sessions(`{"ok": true, "companies": [{"id": 42}]}`))
	e := endpoint(t, strings.ReplaceAll(sessionConfig, "URL", s.URL))
	trial, err := explain.Try(t.Context(), e, login(s.URL, "username", "reports", "password", hard))
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, x := range trial.Exchanges {
		got = append(got, fmt.Sprintf("%s %s %d %v", x.Message.Method, strings.TrimPrefix(x.Message.URL, s.URL), x.Status, x.Members))
	}
	want := []string{
		"POST /login 200 [{companies a list of 1} {ok true or false}]",
		"PUT /companies/${steps.login.company}/select 204 []",
		"POST /token 200 [{access_token text of 5 characters} {expires_in a number} {token_type text of 6 characters}]",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("exchanges (-want +got):\n%s", diff)
	}
}

// Nothing of the credential and no value of an answer is in a trial, whatever the answer
// repeats, and nothing that would move a cursor.
func TestTryShowsNoSecret(t *testing.T) {
	for _, reply := range []string{
		`{"error": "invalid_client", "error_description": %[1]s}`,
		`{"access_token": "t0k3n-t0k3n-t0k3n", "expires_in": 60, %[1]s: 1, "a": {%[1]s: [%[1]s]}, "b": %[1]s, "\u001b[31m": 2}`,
		`{"access_token": "t0k3n-t0k3n-t0k3n", "expires_in": 60, "x": {"refresh_token": "r3fr3sh-r3fr3sh"}, "t0k3nt0k3nt0k3nt0k3nt0k3n1": 1}`,
	} {
		s := serve(t, func(w http.ResponseWriter, r *http.Request) {
			quoted, _ := json.Marshal(hard)
			w.Header().Set("Content-Type", "application/json")
			if strings.HasPrefix(reply, `{"error"`) {
				w.WriteHeader(401)
			}
			if strings.Contains(reply, "%") {
				fmt.Fprintf(w, reply, quoted)
			} else {
				io.WriteString(w, reply)
			}
		})
		e := endpoint(t, fmt.Sprintf(`{"request": {"url": "%s/token/${client_id}", "form": {"s": "${client_secret}", "h": "${hex(sha256(client_secret))}"}}}`, s.URL))
		trial, _ := explain.Try(t.Context(), e, client(s.URL))
		told, _ := json.Marshal(trial.Exchanges)
		for _, secret := range []string{hard, "t0k3n-t0k3n", "r3fr3sh-r3fr3sh", "t0k3nt0k3nt0k3nt0k3n"} {
			if form := secrettest.Leaked(string(told), secret); form != "" {
				t.Errorf("%s is told, as %s:\n%s", secret, form, told)
			}
		}
		if len(trial.Exchanges) != 1 || strings.Contains(fmt.Sprint(trial.Exchanges), "\x1b") {
			t.Errorf("told: %q", fmt.Sprint(trial.Exchanges))
		}
	}
}

// A failure without an answer is shown as one.
func TestTryWithoutAnAnswer(t *testing.T) {
	e := endpoint(t, `{"token_endpoint": "http://127.0.0.1:1/token"}`)
	trial, err := explain.Try(t.Context(), e, login("http://127.0.0.1:1", "client_id", "x", "client_secret", "y"))
	if err == nil || len(trial.Exchanges) == 0 || trial.Exchanges[0].Status != 0 {
		t.Errorf("%v: %+v", err, trial.Exchanges)
	}
}

// What is watched goes out as ever: over HTTP/2 where the server has it, with the client's
// certificate in the handshake.
func TestTryShowsTheCertificate(t *testing.T) {
	shown := ""
	ts := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		shown = r.Proto
		for _, c := range r.TLS.PeerCertificates {
			shown += " " + c.Subject.CommonName
		}
		io.WriteString(w, granted)
	}))
	ts.EnableHTTP2 = true
	ts.TLS = &tls.Config{ClientAuth: tls.RequestClientCert}
	ts.StartTLS()
	t.Cleanup(ts.Close)
	roots := x509.NewCertPool()
	roots.AddCert(ts.Certificate())
	p := tokenendpoint.New(tokenendpoint.Options{AllowLoopback: true, Now: atNoon, RootCAs: roots})
	e := understood(t, p, fmt.Sprintf(`{"token_endpoint": "%s/token", "token_endpoint_auth_method": "tls_client_auth"}`, ts.URL))
	trial, err := explain.Try(t.Context(), e, login(ts.URL, "client_id", "one", "private_key", keytest.PEM(t, keytest.RSA()), "certificate", keytest.Certificate(t, keytest.RSA(), "cert-one", noon.Add(-time.Hour), noon.Add(time.Hour))))
	if err != nil || shown != "HTTP/2.0 cert-one" || trial.Exchanges[0].Status != 200 {
		t.Errorf("the server saw %s: %v", shown, err)
	}
}

// Try prints the media type of an answer as it is.
func TestTryPrintsMediaTypes(t *testing.T) {
	for _, kind := range []string{"application/x-amz-json-1.0", "application/vnd.api+json", "application/vnd.example.token-v2+json"} {
		s := serve(t, func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", kind)
			fmt.Fprint(w, granted)
		})
		trial, err := explain.Try(t.Context(), endpoint(t, `{"token_endpoint": "`+s.URL+`/token"}`), client(s.URL))
		if err != nil || trial.Exchanges[0].ContentType != kind {
			t.Errorf("%s: %+v, %v", kind, trial.Exchanges, err)
		}
	}
}

// Try says which request it saw, also where two steps share a URL and one is repeated.
func TestTryKnowsWhichRequestItSaw(t *testing.T) {
	n := 0
	s := serve(t, func(w http.ResponseWriter, r *http.Request) {
		if n++; n == 2 {
			w.WriteHeader(503) // the second step of the first attempt
			return
		}
		fmt.Fprint(w, `{"nonce": "n-1", "token": "token-1", "ttl": 60}`)
	})
	e := endpoint(t, fmt.Sprintf(`{"steps": [{"name": "a", "request": {"url": "%[1]s/rpc", "json": {"do": "nonce"}}, "response": {"keep": {"n": "nonce"}}}],
		"request": {"url": "%[1]s/rpc", "json": {"do": "login", "nonce": "${steps.a.n}"}}, "response": {"access_token": "token", "expires_in": "ttl"}}`, s.URL))
	trial, err := explain.Try(t.Context(), e, login(s.URL))
	if err != nil || trial.Grant.LifetimeFrom != `the answer, at "ttl"` {
		t.Errorf("%q, %v", trial.Grant.LifetimeFrom, err)
	}
	var bodies []string
	for _, x := range trial.Exchanges {
		bodies = append(bodies, x.Message.Body)
	}
	if got := strings.Join(bodies, "\n"); len(bodies) != 4 || strings.Count(got, `"login"`) != 2 || !strings.Contains(bodies[3], `"login"`) || !strings.Contains(bodies[2], `do`) || strings.Contains(bodies[2], "login") {
		t.Errorf("it saw\n%s", got)
	}
}

// What was made of a secret is not shown as the name of a member.
func TestWhatWasMadeIsNoName(t *testing.T) {
	sent := ""
	s := serve(t, func(w http.ResponseWriter, r *http.Request) {
		sent = r.FormValue("q")
		json.NewEncoder(w).Encode(map[string]any{"access_token": "token-1", "expires_in": 60, sent: 1})
	})
	e := endpoint(t, fmt.Sprintf(`{"request": {"url": "%s/token", "form": {"q": "${hex(sha256(pin))}"}}}`, s.URL))
	trial, err := explain.Try(t.Context(), e, login(s.URL, "pin", "271828"))
	if told := fmt.Sprintf("%+v", trial); err != nil || strings.Contains(told, sent) || !strings.Contains(told, "[secret]") {
		t.Errorf("it is told: %s, %v", told, err)
	}
}

// Whatever a provider makes of what it is sent, a trial shows none of it: neither as a name, nor
// as a media type, nor at any depth.
func TestTrialsOfAMirror(t *testing.T) {
	const pin = "N0rthern-lights-41"
	makings := []func(string) string{
		func(s string) string { return s }, url.QueryEscape, strings.ToUpper,
		func(s string) string { return hex.EncodeToString([]byte(s)) },
		func(s string) string { return base64.StdEncoding.EncodeToString([]byte("x" + s)) },
		func(s string) string { return "a " + s + " b" },
	}
	var status int
	var kind, body string
	s := serve(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", kind)
		w.WriteHeader(status)
		io.WriteString(w, body)
	})
	e := endpoint(t, fmt.Sprintf(`{"request": {"url": "%s/token", "form": {"s": "${client_secret}", "p": "${pin}"}}}`, s.URL))
	c := login(s.URL, "client_secret", hard, "pin", pin)
	rapid.Check(t, func(t *rapid.T) {
		echo := func(label string) string {
			return rapid.SampledFrom(makings).Draw(t, label)(rapid.SampledFrom([]string{hard, pin}).Draw(t, "secret"))
		}
		answer := map[string]any{"access_token": "t0k3n-t0k3n-t0k3n", "expires_in": 60}
		for at := answer; rapid.Bool().Draw(t, "deeper"); {
			inner := map[string]any{echo("name"): echo("value")}
			at[echo("member")] = inner
			at = inner
		}
		data, _ := json.Marshal(answer)
		body, status = string(data), rapid.SampledFrom([]int{200, 401, 503}).Draw(t, "status")
		kind = "application/json; x=" + url.QueryEscape(echo("parameter"))
		ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
		defer cancel()
		trial, _ := explain.Try(ctx, e, c) // which may fail
		if len(trial.Exchanges) == 0 {
			t.Fatal("nothing is shown")
		}
		told, _ := json.Marshal(trial.Exchanges)
		for _, secret := range []string{hard, pin} {
			if form := secrettest.Leaked(string(told), secret); form != "" {
				t.Fatalf("%s is shown, as %s:\n%s", secret, form, told)
			}
		}
	})
}
