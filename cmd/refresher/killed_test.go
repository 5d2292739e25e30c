package main

import (
	"bytes"
	"flag"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"example.com/tokenkeeper/internal/awstest"
	"example.com/tokenkeeper/internal/refresh"
	"example.com/tokenkeeper/internal/secret"
	"example.com/tokenkeeper/internal/tokenendpoint"
)

var kills = flag.Int("kills", 0, "how many pairs of kills of the bootstrap are drawn beside all single ones; negative: all pairs; 0: 8, beside every sixteenth single one")

// A bootstrap is the function as it is deployed, and what Lambda does for it.
type bootstrap struct {
	path   string
	stage  *stage
	event  chan []byte
	result chan string // the last answer or error
}

// build builds the bootstrap as it is deployed: with the flags of the Makefile, what is compiled
// is that of its other builds.
func build(t *testing.T) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "bootstrap")
	cmd := exec.CommandContext(t.Context(), "go", "build", "-trimpath", "-buildvcs=false", "-tags", "lambda.norpc", "-o", path, ".")
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("building the bootstrap: %v\n%s", err, out)
	}
	return path
}

// newKilled is a stage whose runs are each in a process of the bootstrap, over TCP and in real
// time. A later token is due at once.
func newKilled(t *testing.T, path string, l *login, later bool) *stage {
	s := &stage{world: &world{AWS: awstest.New(t, awstest.Options{NoQuotas: true}), t: t}, issuer: newIssuer(l)}
	server := httptest.NewServer(s)
	t.Cleanup(server.Close)
	s.url = server.URL
	var err error
	if s.settings, err = read(least()); err != nil {
		t.Fatal(err)
	}
	s.setUp()
	b := &bootstrap{path: path, stage: s, event: make(chan []byte), result: make(chan string, 1)}
	s.invoke, s.restart = b.invoke, func() {}
	if later {
		s.lateToken()
	}
	return s
}

// lateToken has a first token that is due.
func (s *stage) lateToken() {
	p, err := tokenendpoint.New(tokenendpoint.Options{AllowLoopback: true}).Provider(refresh.Document{Name: struckOne, Data: secret.New(s.located(s.config))})
	if err != nil {
		s.t.Fatal(err)
	}
	issued := time.Now().Add(-42 * time.Minute).Truncate(time.Second)
	token := "c4n@ry-token-1"
	s.tokens, s.at = append(s.tokens, token), append(s.at, issued)
	v := refresh.Version{IssuedAt: issued, Lifetime: time.Hour, Config: p.Config, Digest: refresh.Digest(struckOne, secret.New(token))}
	s.SetSecret(awstest.Secret{Name: s.settings.Namespace.Tokens() + struckOne, Tags: map[string]string{"tokenkeeper:owner": "prod"}, Created: issued,
		Versions: []awstest.Version{{ID: string(v.ID()), Value: fmt.Sprintf(`{"access_token": %q}`, token), Labels: []string{"AWSCURRENT"}}}})
}

// invoke has one run in a process of its own.
func (b *bootstrap) invoke() error {
	api := httptest.NewServer(b)
	defer api.Close()
	var out bytes.Buffer
	cmd := exec.Command(b.path)
	cmd.Env = append(b.stage.Environ(), "TOKENKEEPER_STACK=prod", "TOKENKEEPER_ALLOW_LOOPBACK=true",
		"AWS_LAMBDA_RUNTIME_API="+strings.TrimPrefix(api.URL, "http://"))
	cmd.Stdout, cmd.Stderr = &out, &out
	if err := cmd.Start(); err != nil {
		return err
	}
	exited := make(chan struct{})
	go func() {
		_ = cmd.Wait() // it is killed in the end, whatever it does
		close(exited)
	}()
	b.stage.kill = func() {
		_ = cmd.Process.Kill()
		<-exited
	}
	defer func() {
		b.stage.kill()
		b.stage.printed = append(b.stage.printed, out.String())
		api.CloseClientConnections()
	}()
	select {
	case b.event <- fmt.Appendf(nil, `{"tick":%q}`, time.Now().Format(time.RFC3339)):
	case <-exited:
		return fmt.Errorf("the bootstrap has ended: %s", out.String())
	}
	select {
	case answer := <-b.result:
		b.stage.printed = append(b.stage.printed, answer)
		if strings.HasPrefix(answer, "error ") {
			return fmt.Errorf("%s", answer)
		}
	case <-exited:
	}
	return nil
}

// ServeHTTP is Lambda's runtime API.
func (b *bootstrap) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	switch what := r.URL.Path[strings.LastIndex(r.URL.Path, "/")+1:]; what {
	case "next":
		select {
		case event := <-b.event:
			w.Header().Set("Lambda-Runtime-Aws-Request-Id", "8f5e")
			w.Header().Set("Lambda-Runtime-Deadline-Ms", fmt.Sprint(time.Now().Add(57*time.Second).UnixMilli()))
			_, _ = w.Write(event)
		case <-r.Context().Done():
		}
	default:
		body, err := io.ReadAll(r.Body)
		if err != nil {
			return // it was killed
		}
		w.WriteHeader(http.StatusAccepted)
		b.result <- what + " " + string(body)
	}
}

// age lets two minutes pass, in which a claim gets old: everything is two minutes older.
func (s *stage) age() {
	const passed = 2 * time.Minute
	for ticket, e := range s.spent {
		e.at = e.at.Add(-passed)
		s.spent[ticket] = e
	}
	private, ok := s.Secret(s.settings.Namespace.Private() + struckOne)
	if !ok {
		return
	}
	for i := range private.Versions {
		private.Versions[i].Created = private.Versions[i].Created.Add(-passed)
	}
	s.SetSecret(private)
}

// TestTheBootstrapIsKilled kills the real bootstrap, with SIGKILL, before and after each call that
// it makes, which are counted, and in pairs over two runs. The run after that recovers: no refresh
// token is lost that arrived and could be stored, and consumers have a good token all the time.
func TestTheBootstrapIsKilled(t *testing.T) {
	path := build(t)
	random := rand.New(rand.NewPCG(20261126, 9))
	play := func(t *testing.T, l *login, later bool, strikes ...strike) *stage {
		s := newKilled(t, path, l, later)
		for run := range 3 {
			var of []strike
			for _, k := range strikes {
				if k.run == run {
					of = append(of, k)
				}
			}
			ticket := s.ticket
			err := s.run(of...)
			if run == 0 {
				s.counted = s.made
			}
			s.unkept = s.unkept || s.killed && s.ticket != ticket && !s.keeps()
			fresh := s.judge(later)
			// A refresh token that was claimed, and may have been sent, rests while the token is good.
			rests := later && s.note().Code == refresh.CodeRefreshTokenUnsure && s.keeps()
			if run == 2 && !s.unkept && !rests && (err != nil || !fresh || s.rotates && !s.keeps() || s.note() != refresh.Note{}) {
				s.violated("the run after the kills has not recovered: %v, %s", err, s.describe())
			}
			s.age()
		}
		if s.revoked && (later || !s.unkept) || len(s.tokens) > 4 {
			s.violated("a refresh token was sent twice, or there were too many logins: %s", s.describe())
		}
		if strings.Contains(strings.Join(s.printed, ""), "c4n@ry") {
			s.violated("a secret is where it can be read")
		}
		return s
	}
	cases, lost, violations := 0, 0, 0
	for _, l := range logins(t) {
		if !slices.Contains([]string{"client credentials", "a login in steps", "a probe", "a refresh token with a grace"}, l.name) {
			continue
		}
		for _, later := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s, a later token %t", l.name, later), func(t *testing.T) {
				s := play(t, l, later)
				if s.violation != "" {
					t.Fatal(s.violation)
				}
				var singles [2][]strike
				for run := range 2 {
					for call := range s.counted {
						singles[run] = append(singles[run], strike{run, call + 1, killedBefore, 1}, strike{run, call + 1, killedAfter, 1})
					}
				}
				var all [][]strike
				for _, first := range singles[0] {
					if all = append(all, []strike{first}); *kills < 0 {
						for _, second := range singles[1] {
							all = append(all, []strike{first, second})
						}
					}
				}
				drawn := *kills / 8
				if *kills == 0 { // beside all other tests
					random.Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
					all, drawn = all[:len(all)/16], 1
				}
				for range drawn {
					all = append(all, []strike{singles[0][random.IntN(len(singles[0]))], singles[1][random.IntN(len(singles[1]))]})
				}
				for _, strikes := range all {
					s := play(t, l, later, strikes...)
					cases++
					if s.unkept {
						lost++
					}
					if s.violation != "" {
						violations++
						t.Errorf("%v: %s\ncalls of the first run: %q", strikes, s.violation, s.counted)
					}
				}
			})
		}
	}
	t.Logf("%d kills or pairs of them, %d violations; in %d a refresh token had arrived nowhere, or could not be stored before the kill", cases, violations, lost)
}
