package tokenendpoint_test

import (
	"compress/gzip"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"

	"example.com/tokenkeeper/internal/refresh"
)

// Each answer of the corpus has its wanted outcome: see the head of testdata/answers.txt.
// What golang.org/x/oauth2 makes of the same answers is counted in bench/oauth2.
func TestAnswersFromTheWild(t *testing.T) {
	text, err := os.ReadFile("testdata/answers.txt")
	if err != nil {
		t.Fatal(err)
	}
	_, cases, _ := strings.Cut(string(text), "\n== ")
	n := 0
	for c := range strings.SplitSeq(cases, "\n== ") {
		n++
		title, rest, _ := strings.Cut(c, "\n")
		given, rest, _ := strings.Cut("\n"+rest, "\n-- answer\n")
		reply, wanted, _ := strings.Cut(rest, "\n-- wanted\n")
		s := serve(t, replay(reply))
		config := map[string]any{"token_endpoint": s.URL + "/token"}
		if given != "" {
			if err := json.Unmarshal([]byte(given), &config); err != nil {
				t.Fatalf("%s: %v", title, err)
			}
		}
		data, err := json.Marshal(config)
		if err != nil {
			t.Fatal(err)
		}
		// With no time for a second attempt there is none.
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
		g, err := endpoint(t, onLoopback(), string(data)).Grant(ctx, refresh.Login{Credential: client(s.URL)})
		cancel()
		got := fmt.Sprint(g.AccessToken.Reveal(), " ", g.Lifetime)
		var refused *refresh.Error
		if errors.As(err, &refused) {
			got = "refused " + refused.Code
			checkError(t, refused, client(s.URL))
		}
		if got != strings.TrimSpace(wanted) || s.requests() != 1 {
			t.Errorf("%s: got %s after %d requests, want %s (%v)", title, got, s.requests(), strings.TrimSpace(wanted), err)
		}
	}
	if n < 60 {
		t.Errorf("there are %d answers", n)
	}
}

// replay returns a handler that answers as the corpus has it.
func replay(reply string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		head, body, _ := strings.Cut(reply, "\n\n")
		lines := strings.Split(head, "\n")
		w.Header()["Content-Type"] = nil // nothing is guessed
		for _, line := range lines[1:] {
			name, value, _ := strings.Cut(line, ": ")
			w.Header().Set(name, value)
		}
		w.Header().Set("Date", noon.Format(http.TimeFormat))
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
	}
}
