package tokenendpoint_test

import (
	"fmt"
	"io"
	"net/http"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"example.com/tokenkeeper/internal/refresh"
)

// However many hostile answers come at once, all are refused or read in turn, and an honest one
// beside them is read too. The log says what they took at most, beside the server's own memory.
func TestHostileAnswersAtOnce(t *testing.T) {
	for name, body := range map[string]string{
		"small objects":     `{"access_token": "t", "expires_in": 60, "x": [` + strings.Repeat(`{"a":1},`, 120_000) + `0]}`,
		"empty objects":     `{"x": [` + strings.Repeat(`{},`, 300_000) + `0]}`,
		"lists":             strings.Repeat(`[`, 60) + strings.Repeat(`[],`, 300_000) + `0` + strings.Repeat(`]`, 60),
		"a form":            strings.Repeat("a=&", 300_000),
		"as many as may be": `{"access_token": "t", "expires_in": 60, "x": [` + strings.Repeat(`{"a":1},`, 6000) + `0]}`,
	} {
		s := serve(t, func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Path == "/honest" {
				io.WriteString(w, granted)
				return
			}
			io.WriteString(w, body)
		})
		p := onLoopback()
		hostile := endpoint(t, p, fmt.Sprintf(`{"token_endpoint": "%s/token"}`, s.URL))
		honest := endpoint(t, p, fmt.Sprintf(`{"token_endpoint": "%s/honest"}`, s.URL))
		runtime.GC()
		var before, now runtime.MemStats
		runtime.ReadMemStats(&before)
		var most uint64
		var logins sync.WaitGroup
		for i := range 32 {
			logins.Go(func() {
				e := hostile
				if i%8 == 0 {
					e = honest
				}
				if _, err := e.Grant(t.Context(), refresh.Login{Credential: client(s.URL)}); e == honest && err != nil {
					t.Errorf("%s: the honest one: %v", name, err)
				}
			})
		}
		done := make(chan struct{})
		go func() { logins.Wait(); close(done) }()
		for running := true; running; {
			select {
			case <-done:
				running = false
			case <-time.After(5 * time.Millisecond):
			}
			runtime.ReadMemStats(&now)
			most = max(most, now.HeapInuse)
		}
		t.Logf("%s: %d MiB more than before, at most", name, (int64(most)-int64(before.HeapInuse))>>20)
	}
}

// What has too many values is refused, and what is usual is not.
func TestValuesOfAnAnswerAreBounded(t *testing.T) {
	for name, row := range map[string]struct{ body, code string }{
		"a catalogue":       {`{"access_token": "t-1", "expires_in": 60, "catalog": [` + strings.Repeat(`{"id": "a,b", "url": "https://x"},`, 2000) + `0]}`, ""},
		"a text of commas":  {`{"access_token": "t-1", "expires_in": 60, "x": "` + strings.Repeat(`,{[\"`, 30_000) + `"}`, ""},
		"very many objects": {`{"access_token": "t-1", "expires_in": 60, "x": [` + strings.Repeat(`{},`, 9000) + `0]}`, "answer_too_large"},
		"very many numbers": {`{"access_token": "t-1", "expires_in": 60, "x": [` + strings.Repeat(`0,`, 40_000) + `0]}`, "answer_too_large"},
	} {
		s := serve(t, answer(200, row.body))
		e := endpoint(t, onLoopback(), oauth(s))
		if row.code != "" {
			if err := failed(t, e, client(s.URL)); err.Code != row.code {
				t.Errorf("%s: %v", name, err)
			}
			continue
		}
		if _, err := e.Grant(t.Context(), refresh.Login{Credential: client(s.URL)}); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// The next refresh token is kept even where the rest of an answer is refused for its size.
func TestRefreshTokenBesideTooManyValues(t *testing.T) {
	s := serve(t, answer(200, `{"x": [`+strings.Repeat(`{},`, 50_000)+`{}], "access_token": "t-1", "refresh_token": "the-next-of-the-vault", "expires_in": 60}`))
	e := endpoint(t, onLoopback(), fmt.Sprintf(`{"token_endpoint": "%s/token", "grant_type": "refresh_token"}`, s.URL))
	var next refresh.Successor
	_, err := e.Grant(t.Context(), refresh.Login{Credential: spending(s.URL), Rotate: func(s refresh.Successor) { next = s }})
	if err == nil || next.Token.Reveal() != "the-next-of-the-vault" {
		t.Errorf("%q, %v", next.Token.Reveal(), err)
	}
}
