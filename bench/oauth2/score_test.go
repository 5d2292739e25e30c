// Package oauth2_test counts what golang.org/x/oauth2, which most would use instead, makes
// of the answers that tokenkeeper is tested with:
//
//	cd bench/oauth2 && go test -v
package oauth2_test

import (
	"compress/gzip"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/oauth2"
	"golang.org/x/oauth2/clientcredentials"
)

const corpus = "../../internal/tokenendpoint/testdata/answers.txt"

// An answer counts as understood if the token and its lifetime are as wanted, or it was
// refused after one request, as wanted. tokenkeeper understands all of them: see
// TestAnswersFromTheWild.
func TestScore(t *testing.T) {
	text, err := os.ReadFile(corpus)
	if err != nil {
		t.Fatal(err)
	}
	_, cases, _ := strings.Cut(string(text), "\n== ")
	plain, plainUnderstood, declared, declaredUnderstood := 0, 0, 0, 0
	for c := range strings.SplitSeq(cases, "\n== ") {
		title, rest, _ := strings.Cut(c, "\n")
		config, rest, _ := strings.Cut("\n"+rest, "\n-- answer\n")
		reply, wanted, _ := strings.Cut(rest, "\n-- wanted\n")
		got := ask(t, config, reply)
		wanted = strings.TrimSpace(wanted)
		if strings.HasPrefix(wanted, "refused") {
			wanted = "refused"
		}
		understood := got == wanted
		if !understood {
			t.Logf("%-60s got %q, wanted %q", title, short(got), short(wanted))
		}
		if config == "" {
			plain++
			plainUnderstood += count(understood)
		} else {
			declared++
			declaredUnderstood += count(understood)
		}
	}
	t.Logf("golang.org/x/oauth2 understands %d of %d answers that need no declaration, and %d of the %d that do",
		plainUnderstood, plain, declaredUnderstood, declared)
	if plainUnderstood < 10 {
		t.Error("hardly anything was understood: the bench itself is at fault")
	}
}

func count(b bool) int {
	if b {
		return 1
	}
	return 0
}

// short keeps the lines of the report short: tokens may be long.
func short(outcome string) string {
	if len(outcome) > 40 {
		return outcome[:20] + "…" + outcome[len(outcome)-12:]
	}
	return outcome
}

// ask has the library log in to a server that gives the reply.
func ask(t *testing.T, config, reply string) string {
	t.Helper()
	var requests atomic.Int32
	ts := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		requests.Add(1)
		head, body, _ := strings.Cut(reply, "\n\n")
		lines := strings.Split(head, "\n")
		w.Header()["Content-Type"] = nil // nothing is guessed
		for _, line := range lines[1:] {
			name, value, _ := strings.Cut(line, ": ")
			w.Header().Set(name, value)
		}
		var status int
		fmt.Sscan(lines[0], &status)
		w.WriteHeader(status)
		if w.Header().Get("Content-Encoding") == "gzip" {
			z := gzip.NewWriter(w)
			io.WriteString(z, body)
			z.Close()
			return
		}
		io.WriteString(w, body)
	}))
	defer ts.Close()

	c := clientcredentials.Config{ClientID: "reports", ClientSecret: "secret", TokenURL: ts.URL + "/token", AuthStyle: oauth2.AuthStyleInHeader}
	var fields struct{ Scope string }
	if config != "" {
		if err := json.Unmarshal([]byte(config), &fields); err != nil {
			t.Fatal(err)
		}
		if fields.Scope != "" {
			c.Scopes = strings.Fields(fields.Scope)
		}
	}
	began := time.Now()
	token, err := c.Token(t.Context())
	switch {
	case err != nil && requests.Load() == 1:
		return "refused"
	case err != nil:
		return fmt.Sprintf("refused, after %d requests", requests.Load())
	case token.Expiry.IsZero():
		return token.AccessToken + " for ever"
	}
	return fmt.Sprint(token.AccessToken, " ", token.Expiry.Sub(began).Round(time.Minute))
}
