package main

import (
	"bytes"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"example.com/tokenkeeper/internal/awstest"
	"example.com/tokenkeeper/internal/simulator"
)

// An unresolved is the way to AWS where, for some requests, the name of the endpoint cannot
// be resolved.
type unresolved struct {
	http.RoundTripper
	strikes func(target, body string) bool
}

func (u unresolved) RoundTrip(r *http.Request) (*http.Response, error) {
	body, err := io.ReadAll(r.Body)
	r.Body.Close()
	if err != nil {
		return nil, err
	}
	if u.strikes(r.Header.Get("X-Amz-Target"), string(body)) {
		return nil, &net.DNSError{Err: "no such host", Name: r.URL.Hostname(), IsNotFound: true}
	}
	r = r.Clone(r.Context())
	r.Body = io.NopCloser(bytes.NewReader(body))
	return u.RoundTripper.RoundTrip(r)
}

// unresolve has the name of the endpoint fail for some requests, and returns what mends it.
func (w *world) unresolve(strikes func(target, body string) bool) (mend func()) {
	resolved := w.handler
	cfg := w.Config()
	timed := *cfg.HTTPClient.(*http.Client)
	timed.Timeout = 2 * time.Second
	timed.Transport = unresolved{timed.Transport, strikes}
	cfg.HTTPClient = &timed
	w.handler = newHandler(w.settings, newClients(cfg, w.settings), resolved.runner.Parser, &w.out, time.Now)
	return func() { w.handler = resolved }
}

func TestTheEndpointOfAServiceIsNotResolved(t *testing.T) {
	for _, service := range []string{"AmazonSSM.", "secretsmanager."} {
		synctest.Test(t, func(t *testing.T) {
			w := newWorld(t, awstest.Options{})
			w.setUp()
			w.tick()
			w.due()
			before := w.Secrets()
			mend := w.unresolve(func(target, _ string) bool { return strings.HasPrefix(target, service) })
			inv := w.tick()
			if inv.failure() != "the run could not begin: aws_unreachable (transient)" {
				t.Errorf("%s: the error is %v", service, inv.err)
			}
			lines := inv.logged("run_not_begun", "")
			if len(lines) != 1 || !strings.Contains(fmt.Sprint(lines[0]["error"]), "its host name cannot be resolved") {
				t.Errorf("%s: the log has %v", service, inv.lines)
			}
			if diff := cmp.Diff(before, w.Secrets()); diff != "" {
				t.Errorf("%s: a secret was touched:\n%s", service, diff)
			}
			for _, name := range simulator.Names() {
				if w.sim.Logins(name) != 1 {
					t.Errorf("%s: %s was asked", service, name)
				}
			}
			mend()
			if inv := w.tick(); inv.err != nil || inv.summary.Metrics["Refreshed"] != 4 {
				t.Errorf("%s: mended: %v, %v", service, inv.summary.Metrics, inv.err)
			}
			w.noLeak()
		})
	}
}

// The name is lost in mid-run, when one token is to be stored.
func TestTheEndpointIsNotResolvedForAPut(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, awstest.Options{})
		w.setUp()
		w.tick()
		w.due()
		_, before := w.secret(victim)
		w.sim.ForgetRequests(victim)
		mend := w.unresolve(func(target, body string) bool {
			return target == "secretsmanager.PutSecretValue" && strings.Contains(body, w.settings.Namespace.Tokens()+victim+`"`)
		})
		inv := w.tick()
		if want := fmt.Sprintf("refreshing %q: aws_unreachable (transient)", victim); inv.failure() != want {
			t.Errorf("the error is %v, want %s", inv.err, want)
		}
		w.kept(before)
		w.othersRefreshed(inv)
		if n := w.sim.Logins(victim); n != 1 || len(inv.logged("provider_failing", victim)) != 1 {
			t.Errorf("%d logins: %v", n, inv.lines)
		}
		mend()
		time.Sleep(5 * time.Minute)
		w.recovered()
		w.noLeak()
	})
}
