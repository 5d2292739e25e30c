package main

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"example.com/tokenkeeper/internal/awstest"
	"example.com/tokenkeeper/internal/refresh"
	"example.com/tokenkeeper/internal/tokenendpoint"
)

// struckOne is the provider of a play.
const struckOne = "meitner"

// A stage is where a play is given: an account, a provider, and the process that has the runs.
type stage struct {
	*world
	*issuer
	url     string        // of the provider
	ahead   time.Duration // of the dates of AWS's answers
	restart func()        // has the runs from now on in a new process
	invoke  func() error  // has one run

	// Of the run under way:
	mu       sync.Mutex
	serving  sync.WaitGroup // logins: one may outlive the run that is killed in it
	calls    []string
	strikes  []strike
	dead     bool
	kill     context.CancelFunc
	rejected bool     // the provider rejected the login
	made     []string // the calls of the last run
	killed   bool     // it was
	unkept   bool     // the answer with a refresh token did not arrive, or no write could have kept it

	counted   []string // the calls of the first run that may be struck
	lost      bool     // a person is called
	violation string
}

// ways are those in which AWS does what befalls a call.
var ways = map[string]awstest.Fault{
	denied: awstest.Deny(), throttled: awstest.Throttle(0), failing: awstest.ServerError(0), lostRequest: awstest.LoseRequest(0),
	lostAnswer: awstest.LoseAnswer(0), slow: awstest.Latency(3 * time.Second), silent: {Hang: true},
	killedBefore: {Lose: awstest.BeforeEffect}, killedAfter: {Lose: awstest.AfterEffect},
}

// newStage is a stage for a synctest bubble, whose runs are in a handler of this process.
func newStage(t *testing.T, l *login) *stage {
	s, pipe := &stage{world: newWorld(t, awstest.Options{}), issuer: newIssuer(l), url: baseURL}, awstest.NewPipe()
	server := &http.Server{Handler: s}
	go server.Serve(pipe)
	t.Cleanup(func() {
		server.Close()
		synctest.Wait()
	})
	s.restart = func() {
		cfg, fake := s.settings.awsConfig(), s.Config()
		cfg.BaseEndpoint = fake.BaseEndpoint
		client := *fake.HTTPClient.(*http.Client)
		client.Timeout, client.Transport = 2*time.Second, dated{client.Transport, s}
		cfg.HTTPClient = &client
		parser := tokenendpoint.New(tokenendpoint.Options{AllowLoopback: true, DialContext: pipe.Dial})
		s.handler = newHandler(s.settings, newClients(cfg, s.settings), parser, &s.out, time.Now)
	}
	s.restart()
	s.invoke = func() error {
		ctx, cancel := context.WithTimeout(s.t.Context(), 57*time.Second)
		defer cancel()
		s.kill = cancel
		answer, err := s.handler.Invoke(ctx, fmt.Appendf(nil, `{"tick":%q}`, time.Now().Format(time.RFC3339)))
		s.printed = append(s.printed, string(answer), fmt.Sprint(err))
		return err
	}
	return s
}

// setUp puts in the config and the credential, and the first refresh token.
func (s *stage) setUp() {
	s.setConfig(struckOne, s.located(s.config))
	s.setCredential(struckOne, s.located(s.credential()))
	if s.rotates {
		s.SetSecret(awstest.Secret{Name: s.settings.Namespace.Private() + struckOne, KMSKey: s.settings.KMSKey, Tags: map[string]string{"tokenkeeper:owner": "prod"},
			Versions: []awstest.Version{{Value: fmt.Sprintf(`{"refresh_token": %q}`, firstTicket), Labels: []string{"AWSCURRENT"}}}})
	}
}

// located returns a config or a credential for where the provider is.
func (s *stage) located(document string) string {
	return strings.ReplaceAll(document, strings.TrimPrefix(baseURL, "http://"), strings.TrimPrefix(s.url, "http://"))
}

// dated has AWS's answers be dated by a clock that may be ahead, and refuses requests that are
// signed with another time, as AWS does.
type dated struct {
	http.RoundTripper
	*stage
}

func (d dated) RoundTrip(r *http.Request) (*http.Response, error) {
	signed, err := time.Parse("20060102T150405Z", r.Header.Get("X-Amz-Date"))
	if err != nil || time.Since(signed).Abs() > 5*time.Minute {
		d.violated("a request is signed with %v", signed)
	}
	resp, err := d.RoundTripper.RoundTrip(r)
	if err == nil && d.ahead != 0 {
		resp.Header.Set("Date", time.Now().Add(d.ahead).UTC().Format(http.TimeFormat))
	}
	return resp, err
}

func (d dated) CloseIdleConnections() {
	d.RoundTripper.(interface{ CloseIdleConnections() }).CloseIdleConnections()
}

func (s *stage) violated(format string, args ...any) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.violation == "" {
		s.violation = fmt.Sprintf(format, args...)
	}
}

// arrive counts a call of the run, and returns what befalls it; empty: nothing.
func (s *stage) arrive(call string) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.dead {
		return lostRequest
	}
	s.calls = append(s.calls, call)
	for _, k := range s.strikes {
		if n := len(s.calls); n >= k.call && (k.calls == 0 || n < k.call+k.calls) {
			s.dead = strings.HasPrefix(k.kind, "killed")
			return k.kind
		}
	}
	return ""
}

// ServeHTTP is the provider, with what befalls its requests.
func (s *stage) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.serving.Add(1)
	defer s.serving.Done()
	kind := s.arrive(r.Method + " " + r.URL.Path)
	switch kind {
	case denied:
		s.rejected = true
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(http.StatusUnauthorized)
		fmt.Fprint(w, `{"error": "invalid_client"}`)
		return
	case throttled:
		w.WriteHeader(http.StatusTooManyRequests)
		return
	case failing:
		w.WriteHeader(http.StatusServiceUnavailable)
		return
	case slow:
		time.Sleep(3 * time.Second)
	case silent:
		_, _ = io.Copy(io.Discard, r.Body) // or it is not seen that the client has gone
		<-r.Context().Done()
		return
	case lostRequest:
		panic(http.ErrAbortHandler)
	case killedBefore:
		s.kill()
		panic(http.ErrAbortHandler)
	}
	before, revoked, left := s.ticket, s.revoked, s.live(s.token(struckOne))
	s.serve(w, r)
	if s.revoked && !revoked && left > s.settings.schedule().Margin()+2*s.settings.Tick {
		s.violated("a refresh token that may have been spent is sent again, which ends a good token: %s", s.describe())
	}
	if kind == killedAfter {
		s.kill()
	}
	if kind == killedAfter || kind == lostAnswer {
		s.unkept = s.unkept || s.ticket != before
		panic(http.ErrAbortHandler)
	}
}

// run has one run, with what befalls its calls.
func (s *stage) run(strikes ...strike) error {
	s.Heal()
	s.mu.Lock()
	s.calls, s.strikes, s.dead = nil, strikes, false
	s.mu.Unlock()
	var befalls string // the call to AWS that has just arrived; the fake takes one at a time
	s.Fail("*", awstest.Fault{Match: func(c awstest.Call) bool { befalls = s.arrive(c.Action); return false }})
	for kind, way := range ways {
		way.Match = func(awstest.Call) bool { return befalls == kind }
		switch kind {
		case killedBefore:
			way.Before = func(awstest.Call) { s.kill() }
		case killedAfter:
			way.After = func(awstest.Call) { s.kill() }
		}
		s.Fail("*", way)
	}
	err := s.invoke()
	s.serving.Wait()
	s.Heal()
	s.mu.Lock() // a call may arrive late
	s.made, s.killed = slices.Clone(s.calls), s.dead
	s.mu.Unlock()
	if s.killed {
		s.restart()
	}
	return err
}

// goThrough has a process go through what a play says of it.
func (s *stage) goThrough(before string) {
	switch before {
	case aNewProcess:
		s.restart()
	case afterAnOutage:
		for range 5 {
			s.Fail("*", awstest.ServerError(0))
			s.tick()
			s.Heal()
			time.Sleep(time.Minute)
		}
	case deadConnections:
		s.Cut(true)
	case aClockOffset:
		s.ahead = time.Hour
		s.tick()
		s.ahead = 0
	}
}

// perform has a first token issued where a later one is struck, then the runs that are struck, and
// the hours after them; and judges what consumers read meanwhile.
func perform(t *testing.T, p play) *stage {
	s := newStage(t, p.login)
	if !p.later {
		s.tick()
		s.goThrough(p.before)
		s.setUp()
	} else {
		s.setUp()
		s.tick()
		s.goThrough(p.before)
		time.Sleep(time.Until(s.due()))
	}
	issued := len(s.tokens)
	for run := range 2 {
		var of []strike
		lasting := false
		for _, k := range p.strikes {
			if k.run == run {
				of, lasting = append(of, k), lasting || k.lasting()
			}
		}
		ticket := s.ticket
		err := s.run(of...)
		if run == 0 {
			s.counted = s.made
		}
		s.unkept = s.unkept || lasting && s.ticket != ticket && !s.keeps()
		switch fresh := s.judge(p.later); {
		case fresh || s.killed || run > 0:
		case err == nil:
			s.violated("the run has not replaced the token, and reports no failure")
		case s.passes(of):
			s.violated("the run has failed, by what a second attempt at a call would have passed: %s", s.describe())
		}
		time.Sleep(time.Minute)
	}
	for tick := 0; !s.settled() && s.violation == ""; tick++ {
		if tick > 240 {
			s.violated("after four hours without a fault: %s", s.describe())
		}
		_ = s.run()
		s.judge(p.later)
		if s.note().Class == refresh.NeedsPerson {
			s.lost = true
			break
		}
		time.Sleep(time.Minute)
	}
	switch {
	case s.lost && !s.unkept, s.revoked && !s.unkept:
		s.violated("a person is called, and a write could have kept the refresh token: %s", s.describe())
	case len(s.tokens)-issued > 4:
		s.violated("it took %d logins", len(s.tokens)-issued)
	case strings.Contains(s.out.String()+strings.Join(s.printed, ""), "c4n@ry"):
		s.violated("a secret is where it can be read")
	}
	return s
}

// passes reports whether all that befell the run passes with one attempt at a call to AWS.
func (s *stage) passes(strikes []strike) bool {
	return !slices.ContainsFunc(strikes, func(k strike) bool {
		return k.calls != 1 || k.kind == denied || k.call > len(s.counted) || !strings.Contains(s.counted[k.call-1], ":")
	})
}

// judge judges what consumers read after a run, and reports whether that was issued just now.
func (s *stage) judge(later bool) (isFresh bool) {
	token := s.token(struckOne)
	_, v := s.secret(struckOne)
	version, _ := refresh.VersionID(v.ID).Parse()
	switch {
	case token == "" && !later:
		return false
	case token == "":
		s.violated("consumers read %q", v.Value)
	case s.asksNobody:
	case s.live(token) == 0 && !s.revoked && !s.rejected:
		s.violated("consumers read %s, which is dead: %s", token, s.describe())
	}
	return time.Since(version.IssuedAt) < time.Minute
}

// settled reports whether consumers have a token for long, and nothing is noted.
func (s *stage) settled() bool {
	_, v := s.secret(struckOne)
	version, ok := refresh.VersionID(v.ID).Parse()
	return ok && time.Until(version.ExpiresAt()) > 40*time.Minute && s.note() == (refresh.Note{}) && (!s.rotates || s.keeps())
}

func (s *stage) note() refresh.Note {
	secret, _ := s.secret(struckOne)
	note, _ := refresh.ParseNote(secret.Tags["tokenkeeper:state"])
	return note
}

// keeps reports whether the refresh token that is good is stored.
func (s *stage) keeps() bool {
	secret, _ := s.Secret(s.settings.Namespace.Private() + struckOne)
	for _, v := range secret.Versions {
		if strings.Contains(v.Value, s.ticket) && (len(v.Labels) > 0) {
			return true
		}
	}
	return false
}

// due returns when the token of now is to be replaced.
func (s *stage) due() time.Time {
	_, v := s.secret(struckOne)
	version, _ := refresh.VersionID(v.ID).Parse()
	return s.settings.schedule().For(refresh.Provider{Rotates: s.rotates}).DueAt(struckOne, version)
}

func (s *stage) describe() string {
	_, v := s.secret(struckOne)
	version, _ := refresh.VersionID(v.ID).Parse()
	return fmt.Sprintf("consumers read %q, which expires in %v; note %q; %d tokens were issued, all revoked: %t; %.300s", s.token(struckOne), time.Until(version.ExpiresAt()), s.note(), len(s.tokens), s.revoked, strings.Join(s.printed[max(0, len(s.printed)-2):], " "))
}
