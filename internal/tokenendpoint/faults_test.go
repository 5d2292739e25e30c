package tokenendpoint_test

import (
	"context"
	"fmt"
	"math"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"example.com/tokenkeeper/internal/refresh"
	"example.com/tokenkeeper/internal/simulator"
	"example.com/tokenkeeper/internal/tokenendpoint"
)

// simulatorBase is where the simulator is found within a bubble.
const simulatorBase = "http://127.0.0.1:8787"

// bubble runs test with the simulator at the end of a pipe, in a bubble: there, time
// passes only while everybody waits.
func bubble(t *testing.T, test func(t *testing.T, sim *simulator.Simulator, p *tokenendpoint.Parser)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		sim := simulator.New(simulator.Options{})
		l := newPipe()
		srv := &http.Server{Handler: sim}
		go srv.Serve(l)
		test(t, sim, tokenendpoint.New(tokenendpoint.Options{AllowLoopback: true, DialContext: l.dial}))
		sim.Close()
		srv.Close()
		synctest.Wait()
	})
}

// provider returns the endpoint and credential of a simulated provider in a bubble.
func provider(t *testing.T, sim *simulator.Simulator, p *tokenendpoint.Parser, name string) (*tokenendpoint.Endpoint, refresh.Credential) {
	t.Helper()
	configs, err := sim.Configs(simulatorBase)
	if err != nil {
		t.Fatal(err)
	}
	credentials, err := sim.Credentials(simulatorBase)
	if err != nil {
		t.Fatal(err)
	}
	c, err := p.Credential(document(name, string(credentials[name])))
	if err != nil {
		t.Fatal(err)
	}
	return endpoint(t, p, string(configs[name])), c
}

// Each row is a fault, by what goes wrong, and what is made of it: who can
// mend it, under which word, and how often the provider was asked.
func TestFaults(t *testing.T) {
	const passing, doubtful, settled = "passing", "doubtful", "settled"
	deep := `{"access_token": "t", "x": ` + strings.Repeat("[", 100_000) + strings.Repeat("]", 100_000) + `}`
	for _, row := range []struct {
		name  string
		fault simulator.Fault
		class string
		code  string
		asked int
	}{
		// The wire. (1–11, 50, 51, 64, 65; those of DNS, TLS and addresses have tests of their own.)
		{"the connection is reset after the request was sent", simulator.Reset(), passing, "connection_failed", 3},
		{"the connection is reset after the login, and the answer lost", simulator.LoseAnswer(), passing, "connection_failed", 3},
		{"the connection is reset in the middle of the body", simulator.ResetMidBody(), passing, "connection_lost", 3},
		{"the connection is closed before the body's stated end", simulator.Truncate(), passing, "connection_lost", 3},
		{"no answer comes", simulator.Hang(), passing, "timeout", 3},
		{"one byte comes a second", simulator.Trickle(time.Second), passing, "timeout", 3},
		{"the body never ends", simulator.EndlessBody(), doubtful, "answer_too_large", 1},
		{"the body is a gzip bomb", simulator.GzipBomb(64 << 20), doubtful, "answer_too_large", 1},
		{"10,000 headers come", simulator.ManyHeaders(10_000, 20), doubtful, "bad_answer", 1},
		{"a header of 10 MB comes", simulator.ManyHeaders(1, 10<<20), doubtful, "bad_answer", 1},
		{"interim answers never end", simulator.EarlyHints(100_000), doubtful, "bad_answer", 1},

		// Redirects are answers, and are not followed. (13–15)
		{"301", simulator.Redirect(301, simulatorBase+"/educloud/connect/token"), doubtful, "redirected", 1},
		{"302", simulator.Redirect(302, "https://evil.example/token?secret=1"), doubtful, "redirected", 1},
		{"303", simulator.Redirect(303, "/meitner/directory/v1/school"), doubtful, "redirected", 1},
		{"307 to another host", simulator.Redirect(307, "https://evil.example/token"), doubtful, "redirected", 1},
		{"308 on the same host", simulator.Redirect(308, "/meitner/oauth/token/"), doubtful, "redirected", 1},
		{"304", simulator.Empty(304), doubtful, "redirected", 1},

		// Success without a token. (12, 16–20, 41–46, 52)
		{"truncated JSON, whole as HTTP has it", simulator.Half(), doubtful, "not_json", 1},
		{"200 with HTML", simulator.HTML(200), doubtful, "not_json", 1},
		{"200 with nothing", simulator.Empty(200), doubtful, "empty_answer", 1},
		{"204", simulator.Empty(204), doubtful, "empty_answer", 1},
		{"200 with ok: false", simulator.JSON(200, `{"ok": false, "access_token": "t0k3n", "expires_in": 60}`), doubtful, "login_failed", 1},
		{"200 with ok: false and a word", simulator.JSON(200, `{"ok": false, "error": "invalid_auth"}`), doubtful, "unknown_error", 1},
		{"200 with an error that passes", simulator.JSON(200, `{"error": "temporarily_unavailable"}`), doubtful, "temporarily_unavailable", 1},
		{"200 with an error that a login gives", simulator.JSON(200, `{"error": "invalid_client"}`), settled, "invalid_client", 1},
		{"200 with an error and a token", simulator.JSON(200, `{"error": "server_error", "access_token": "t0k3n", "expires_in": 60}`), doubtful, "server_error", 1},
		{"200 with an error object", simulator.JSON(200, `{"error": {"code": 7, "message": "no"}}`), doubtful, "login_failed", 1},
		{"200 with null", simulator.JSON(200, `null`), doubtful, "no_token", 1},
		{"200 with a list", simulator.JSON(200, `[]`), doubtful, "no_token", 1},
		{"200 with an empty object", simulator.JSON(200, `{}`), doubtful, "no_token", 1},
		{"two JSON documents", simulator.JSON(200, granted+granted), doubtful, "not_json", 1},
		{"UTF-16", simulator.JSON(200, "\xff\xfe{\x00}\x00"), doubtful, "not_json", 1},
		{"a token with a line break", simulator.Token("t0k3n\r\nX-Admin: 1"), doubtful, "bad_token", 1},
		{"a token with NUL", simulator.Token("t0k\x003n"), doubtful, "bad_token", 1},
		{"a token with DEL", simulator.Token("t0k\x7f3n"), doubtful, "bad_token", 1},
		{"a token that is not ASCII", simulator.Token("tökén"), doubtful, "bad_token", 1},
		{"a token with a space at its end", simulator.Token("t0k3n "), doubtful, "bad_token", 1},
		{"a token with a space in it", simulator.Token("t0 k3n"), doubtful, "bad_token", 1},
		{"a token that begins with its type", simulator.Token("Bearer t0k3n"), doubtful, "bad_token", 1},
		{"an empty token", simulator.Token(""), doubtful, "bad_token", 1},
		{"a token that is null", simulator.RawToken("null"), doubtful, "no_token", 1},
		{"a token that is a number", simulator.RawToken("42"), doubtful, "bad_token", 1},
		{"a token that is an object", simulator.RawToken("{}"), doubtful, "bad_token", 1},
		{"a token of 64 KiB", simulator.Token(strings.Repeat("t", 64<<10)), doubtful, "bad_token", 1},
		{"the token stands twice", simulator.Repeat("access_token", `"another"`), doubtful, "bad_json", 1},
		{"names in another case", simulator.Rename("access_token", "Access_Token"), doubtful, "no_token", 1},
		{"a depth bomb", simulator.JSON(200, deep), doubtful, "bad_json", 1},
		{"an endless depth", simulator.DeepJSON(400_000), doubtful, "bad_json", 1},
		{"a mac token", simulator.Field("token_type", `"mac"`), doubtful, "bad_token_type", 1},
		{"a DPoP token", simulator.Field("token_type", `"DPoP"`), doubtful, "bad_token_type", 1},
		{"a token that is none", simulator.Field("token_type", `"N_A"`), doubtful, "bad_token_type", 1},
		{"a token type that is not known", simulator.Field("token_type", `"Ticket"`), doubtful, "bad_token_type", 1},
		{"a token type that is no text", simulator.Field("token_type", `1`), doubtful, "bad_token_type", 1},
		{"gzip that is none", simulator.Header("Content-Encoding", "gzip"), doubtful, "bad_answer", 1},
		{"a packing that nobody asked for", simulator.Join(simulator.Header("Content-Encoding", "br"), simulator.JSON(200, "\x8b\x00\x80")), doubtful, "not_json", 1},

		// Refusals. (21–26)
		{"400 invalid_grant", simulator.OAuthError(400, "invalid_grant", ""), settled, "invalid_grant", 1},
		{"401 invalid_client", simulator.OAuthError(401, "invalid_client", "no"), settled, "invalid_client", 1},
		{"400 unauthorized_client", simulator.OAuthError(400, "unauthorized_client", ""), settled, "unauthorized_client", 1},
		{"400 unsupported_grant_type", simulator.OAuthError(400, "unsupported_grant_type", ""), settled, "unsupported_grant_type", 1},
		{"400 invalid_scope", simulator.OAuthError(400, "invalid_scope", ""), settled, "invalid_scope", 1},
		{"400 with a code that is not registered", simulator.OAuthError(400, "E_4711", "computer says no"), doubtful, "unknown_error", 1},
		{"400 with a sentence for a code", simulator.JSON(400, `{"error": "No such client."}`), doubtful, "http_400", 1},
		{"400 that is not JSON", simulator.Reply(400, "text/plain", "bad"), doubtful, "http_400", 1},
		{"401 without a code", simulator.Empty(401), settled, "http_401", 1},
		{"401 with a code that is not registered", simulator.OAuthError(401, "Unauthorized", ""), settled, "unknown_error", 1},
		{"403 from a firewall", simulator.HTML(403), doubtful, "http_403", 1},
		{"404", simulator.HTML(404), doubtful, "http_404", 1},
		{"400 with an endless body", simulator.Reply(400, "text/plain", strings.Repeat("x", 2<<20)), doubtful, "http_400", 1},

		// What passes. (27–31)
		{"408", simulator.Empty(408), passing, "http_408", 3},
		{"425", simulator.Empty(425), passing, "http_425", 3},
		{"429 without a time", simulator.Empty(429), passing, "http_429", 1},
		{"429 with a code", simulator.OAuthError(429, "too_many_requests", ""), passing, "unknown_error", 1},
		{"500", simulator.Status(500), passing, "http_500", 3},
		{"502 with HTML", simulator.HTML(502), passing, "http_502", 3},
		{"503", simulator.Status(503), passing, "http_503", 3},
		{"504", simulator.Empty(504), passing, "http_504", 3},
		{"500 with the code of a login", simulator.OAuthError(500, "invalid_client", ""), passing, "invalid_client", 3},
		{"400 temporarily_unavailable", simulator.OAuthError(400, "temporarily_unavailable", ""), passing, "temporarily_unavailable", 3},
		{"400 slow_down", simulator.OAuthError(400, "slow_down", ""), passing, "slow_down", 1},
		{"503 slow_down", simulator.OAuthError(503, "slow_down", ""), passing, "slow_down", 1},
	} {
		bubble(t, func(t *testing.T, sim *simulator.Simulator, p *tokenendpoint.Parser) {
			e, c := provider(t, sim, p, simulator.Meitner)
			sim.Break(simulator.Meitner, row.fault)
			err := failed(t, e, c)
			class := map[refresh.Class]string{refresh.Transient: passing, refresh.Misconfigured: settled}[err.Class]
			if err.Suspect {
				class = doubtful
			}
			if class != row.class || err.Code != row.code {
				t.Errorf("%s: %s, %s; want %s, %s\n%v", row.name, class, err.Code, row.class, row.code, err)
			}
			if n := sim.Logins(simulator.Meitner); n != row.asked {
				t.Errorf("%s: asked %d times, want %d", row.name, n, row.asked)
			}
			if n := sim.Logins(simulator.EduCloud); n > 0 {
				t.Errorf("%s: another endpoint was asked %d times", row.name, n)
			}
			if !strings.HasPrefix(err.Detail, simulatorBase+"/meitner/oauth/token ") {
				t.Errorf("%s: it does not begin with the endpoint: %v", row.name, err)
			}
		})
	}
}

// What is odd and must work nevertheless.
func TestOddAnswersThatWork(t *testing.T) {
	for name, fault := range map[string]simulator.Fault{
		"a byte order mark":                simulator.BOM(),
		"gzip":                             simulator.Gzip(),
		"JSON as text":                     simulator.Header("Content-Type", "text/plain"),
		"JSON of no type":                  simulator.Header("Content-Type", ""),
		"JSON as HTML":                     simulator.Header("Content-Type", "text/html; charset=utf-8"),
		"201":                              simulator.Alter(func(a *simulator.Answer) { a.Status = 201 }),
		"a token type in small letters":    simulator.Field("token_type", `"bearer"`),
		"a token type in capitals":         simulator.Field("token_type", `"BEARER"`),
		"no token type":                    simulator.Drop("token_type"),
		"a token type that is null":        simulator.Field("token_type", `null`),
		"a token type that is empty":       simulator.Field("token_type", `""`),
		"an error that is null":            simulator.Field("error", `null`),
		"an error that is empty":           simulator.Field("error", `""`),
		"a refresh token nobody asked for": simulator.Field("refresh_token", `"r3fr3sh"`),
		"unknown members":                  simulator.Field("x", `{"y": [1, null]}`),
		"no Date":                          simulator.Header("Date", ""),
		"a Date that is none":              simulator.Header("Date", "today"),
		"interim answers":                  simulator.EarlyHints(3),
		"a token of 40 KiB":                simulator.Token(strings.Repeat("t", 40<<10)),
	} {
		bubble(t, func(t *testing.T, sim *simulator.Simulator, p *tokenendpoint.Parser) {
			e, c := provider(t, sim, p, simulator.Meitner)
			sim.Break(simulator.Meitner, fault)
			g, err := e.Grant(t.Context(), refresh.Login{Credential: c})
			if err != nil {
				t.Errorf("%s: %v", name, err)
			} else if g.Lifetime != time.Hour || g.TokenType != "Bearer" || g.AccessToken.IsZero() {
				t.Errorf("%s: %+v", name, g)
			}
			if n := sim.Logins(simulator.Meitner); n != 1 {
				t.Errorf("%s: asked %d times", name, n)
			}
		})
	}
}

// A token that was asked for is dated from before the request, however long the answer
// takes, and by our clock, whatever the provider's says. (60)
func TestTheClockRunsFromBeforeTheRequest(t *testing.T) {
	bubble(t, func(t *testing.T, sim *simulator.Simulator, p *tokenendpoint.Parser) {
		e, c := provider(t, sim, p, simulator.Meitner)
		until := make(chan struct{})
		time.AfterFunc(7*time.Second, func() { close(until) })
		sim.SetClock(simulator.Meitner, -5*time.Hour)
		sim.Break(simulator.Meitner, simulator.Hold(until))
		began := time.Now()
		g, err := e.Grant(t.Context(), refresh.Login{Credential: c})
		if err != nil {
			t.Fatal(err)
		}
		if !g.AskedAt.Equal(began) || time.Since(began) != 7*time.Second || g.Lifetime != time.Hour {
			t.Errorf("asked at %v, %v ago, for %v", g.AskedAt, time.Since(g.AskedAt), g.Lifetime)
		}
	})
}

// Retried faults that end let the login succeed within the same run.
func TestFaultsThatEnd(t *testing.T) {
	for name, fault := range map[string]simulator.Fault{
		"503": simulator.Status(503), "a reset": simulator.Reset(), "429 with two seconds": simulator.RetryAfter(429, "2"),
	} {
		bubble(t, func(t *testing.T, sim *simulator.Simulator, p *tokenendpoint.Parser) {
			e, c := provider(t, sim, p, simulator.Meitner)
			sim.BreakNext(simulator.Meitner, 2, fault)
			ctx, cancel := context.WithTimeout(t.Context(), 15*time.Second)
			defer cancel()
			began := time.Now()
			g, err := e.Grant(ctx, refresh.Login{Credential: c})
			if err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			if g.AskedAt.Equal(began) {
				t.Errorf("%s: the lifetime counts from the first attempt", name)
			}
			if n := sim.Logins(simulator.Meitner); n != 3 {
				t.Errorf("%s: asked %d times", name, n)
			}
		})
	}
}

// The provider's word on when to come back is kept: waited for where the run has the
// time, handed on where it has not, and never believed beyond reason. (27–30)
func TestRetryAfter(t *testing.T) {
	inTwoHours := func(from time.Time) string { return from.Add(2 * time.Hour).UTC().Format(http.TimeFormat) }
	for _, row := range []struct {
		name   string
		status int
		header func() string
		after  time.Duration // in the error
		asked  int
		least  time.Duration // that Grant takes
	}{
		{"two seconds", 429, func() string { return "2" }, 2 * time.Second, 2, 2 * time.Second},
		{"an hour", 429, func() string { return "3600" }, time.Hour, 1, 0},
		{"an hour, after 503", 503, func() string { return "3600" }, time.Hour, 1, 0},
		{"a date", 429, func() string { return inTwoHours(time.Now()) }, 2 * time.Hour, 1, 0},
		{"a date in the past", 429, func() string { return inTwoHours(time.Now().Add(-4 * time.Hour)) }, 0, 1, 0},
		{"a negative number", 429, func() string { return "-5" }, 0, 1, 0},
		{"a number beyond measure", 429, func() string { return "99999999999999999999" }, math.MaxInt64, 1, 0},
		{"words", 429, func() string { return "later" }, 0, 1, 0},
		{"words, after 503", 503, func() string { return "later" }, 0, 3, 0},
		{"a hexadecimal", 429, func() string { return "0x10" }, 0, 1, 0},
		{"on a refusal of another kind", 400, func() string { return "3600" }, time.Hour, 1, 0},
		{"on one that would be a firewall's", 403, func() string { return "60" }, time.Minute, 1, 0},
		{"on an answer without a token", 200, func() string { return "120" }, 2 * time.Minute, 1, 0},
	} {
		bubble(t, func(t *testing.T, sim *simulator.Simulator, p *tokenendpoint.Parser) {
			e, c := provider(t, sim, p, simulator.Meitner)
			sim.Break(simulator.Meitner, simulator.RetryAfter(row.status, row.header()))
			ctx, cancel := context.WithTimeout(t.Context(), 15*time.Second)
			defer cancel()
			began := time.Now()
			_, err := e.Grant(ctx, refresh.Login{Credential: c})
			took := time.Since(began)
			failure, _ := err.(*refresh.Error)
			if failure == nil || failure.RetryAfter != row.after || failure.Limited != (row.status == 429 || row.status == 403) {
				t.Errorf("%s: %+v", row.name, err)
			}
			if n := sim.Logins(simulator.Meitner); n != row.asked && !(row.least > 0 && n == row.asked+1) {
				t.Errorf("%s: asked %d times, want %d", row.name, n, row.asked)
			}
			if took < row.least || took > 5*time.Second {
				t.Errorf("%s: it took %v", row.name, took)
			}
		})
	}
}

// No attempt begins that may not end in time, and none lasts longer than it may.
func TestDeadlines(t *testing.T) {
	for _, row := range []struct {
		name  string
		left  time.Duration // that the run leaves; 0: no limit
		fault simulator.Fault
		asked int
		least time.Duration
		most  time.Duration
	}{
		{"a timeout, no limit", 0, simulator.Hang(), 3, 30 * time.Second, 34 * time.Second},
		{"a timeout, and too little left for another", 15 * time.Second, simulator.Hang(), 1, 10 * time.Second, 10 * time.Second},
		{"less left than a timeout", 5 * time.Second, simulator.Hang(), 1, 5 * time.Second, 5 * time.Second},
		{"a quick failure, and less left than a timeout", 5 * time.Second, simulator.Status(503), 1, 0, 0},
		{"quick failures", 15 * time.Second, simulator.Status(503), 3, 0, 3 * time.Second},
		{"a trickle", 15 * time.Second, simulator.Trickle(time.Second), 1, 10 * time.Second, 10 * time.Second},
	} {
		bubble(t, func(t *testing.T, sim *simulator.Simulator, p *tokenendpoint.Parser) {
			e, c := provider(t, sim, p, simulator.Meitner)
			sim.Break(simulator.Meitner, row.fault)
			ctx := t.Context()
			if row.left > 0 {
				var cancel context.CancelFunc
				ctx, cancel = context.WithTimeout(ctx, row.left)
				defer cancel()
			}
			began := time.Now()
			if _, err := e.Grant(ctx, refresh.Login{Credential: c}); err == nil {
				t.Errorf("%s: no error", row.name)
			}
			if n := sim.Logins(simulator.Meitner); n != row.asked {
				t.Errorf("%s: asked %d times, want %d", row.name, n, row.asked)
			}
			if took := time.Since(began); took < row.least || took > row.most {
				t.Errorf("%s: it took %v, want %v to %v", row.name, took, row.least, row.most)
			}
		})
	}
}

// Full jitter: the pause before an attempt is anything from nothing to its interval, so
// that many who failed together do not come back together.
func TestJitter(t *testing.T) {
	var pauses []time.Duration
	for range 20 {
		bubble(t, func(t *testing.T, sim *simulator.Simulator, p *tokenendpoint.Parser) {
			e, c := provider(t, sim, p, simulator.Meitner)
			sim.Break(simulator.Meitner, simulator.Empty(503))
			e.Grant(t.Context(), refresh.Login{Credential: c})
			sent := sim.Requests(simulator.Meitner)
			if first := sent[1].At.Sub(sent[0].At); first > time.Second {
				t.Errorf("the first pause is %v", first)
			}
			if second := sent[2].At.Sub(sent[1].At); second > 2*time.Second {
				t.Errorf("the second pause is %v", second)
			}
			pauses = append(pauses, sent[1].At.Sub(sent[0].At))
		})
	}
	different := map[string]bool{}
	for _, d := range pauses {
		different[fmt.Sprint(d)] = true
	}
	if len(different) < 15 {
		t.Errorf("of 20 pauses %d differ: %v", len(different), pauses)
	}
}

// A run that ends while it waits, ends.
func TestCancellation(t *testing.T) {
	bubble(t, func(t *testing.T, sim *simulator.Simulator, p *tokenendpoint.Parser) {
		e, c := provider(t, sim, p, simulator.Meitner)
		sim.Break(simulator.Meitner, simulator.Hang())
		ctx, cancel := context.WithCancel(t.Context())
		time.AfterFunc(3*time.Second, cancel)
		began := time.Now()
		_, err := e.Grant(ctx, refresh.Login{Credential: c})
		failure, _ := err.(*refresh.Error)
		if failure == nil || failure.Code != "canceled" || failure.Class != refresh.Transient || time.Since(began) != 3*time.Second {
			t.Errorf("after %v: %v", time.Since(began), err)
		}
		if n := sim.Logins(simulator.Meitner); n != 1 {
			t.Errorf("asked %d times", n)
		}
	})
}
