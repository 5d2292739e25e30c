package main

import (
	"cmp"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"example.com/tokenkeeper/internal/awstest"
	"example.com/tokenkeeper/internal/refresh"
	"example.com/tokenkeeper/internal/tokenendpoint"
)

// A family is a provider that gives a new refresh token each time, and takes none any more
// once one has come twice.
type family struct {
	spent   int
	revoked bool
	lives   time.Duration // of each token; zero: an hour
	down    bool
}

func (f *family) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "application/json")
	if f.down {
		w.WriteHeader(http.StatusServiceUnavailable)
		return
	}
	if f.revoked || r.PostFormValue("refresh_token") != fmt.Sprint("c4n@ry-ticket-", f.spent) {
		f.revoked = true
		w.WriteHeader(http.StatusBadRequest)
		fmt.Fprint(w, `{"error": "invalid_grant"}`)
		return
	}
	f.spent++
	fmt.Fprintf(w, `{"access_token": "token-%d", "expires_in": %.0f, "refresh_token": "c4n@ry-ticket-%d"}`,
		f.spent, cmp.Or(f.lives, time.Hour).Seconds(), f.spent)
}

// newFamily replaces the providers of a world by one with refresh tokens, and a person
// has put in the first.
func newFamily(t *testing.T) (*world, *family) {
	w, f, pipe := newWorld(t, awstest.Options{}), &family{}, awstest.NewPipe()
	server := &http.Server{Handler: f}
	go server.Serve(pipe)
	t.Cleanup(func() {
		server.Close()
		synctest.Wait()
	})
	w.handler.runner.Parser = tokenendpoint.New(tokenendpoint.Options{AllowLoopback: true, DialContext: pipe.Dial})
	w.setConfig("quickbooks", fmt.Sprintf(`{"token_endpoint": "%s/token", "grant_type": "refresh_token"}`, baseURL))
	w.setCredential("quickbooks", `{"client_id": "reports", "client_secret": "c4n@ry-secret", "allowed_hosts": ["127.0.0.1:8787"]}`)
	w.SetSecret(awstest.Secret{Name: w.settings.Namespace.Private() + "quickbooks", KMSKey: w.settings.KMSKey, Tags: map[string]string{"tokenkeeper:owner": "prod"},
		Versions: []awstest.Version{{Value: `{"refresh_token": "c4n@ry-ticket-0"}`, Labels: []string{"AWSCURRENT"}}}})
	return w, f
}

func TestADayOfRefreshTokens(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w, f := newFamily(t)
		for range 24 * 60 {
			if inv := w.tick(); inv.err != nil {
				t.Fatal(inv.err)
			}
			time.Sleep(time.Minute)
		}
		if f.revoked || f.spent < 24 || f.spent > 45 {
			t.Errorf("%d were spent, and all revoked: %t", f.spent, f.revoked)
		}
		if got, want := w.token("quickbooks"), fmt.Sprint("token-", f.spent); got != want {
			t.Errorf("consumers read %s, want %s", got, want)
		}
		record, _ := w.Secret(w.settings.Namespace.Tokens() + "quickbooks")
		said := w.out.String() + strings.Join(w.printed, "") + fmt.Sprint(record)
		if strings.Contains(said, "c4n@ry") {
			t.Error("a refresh token is where it can be read")
		}
	})
}

// A provider whose token is its own refresh token is kept like any other: one that gives a new
// text each time and none for an old one, and one whose text stays and lives longer.
func TestADayOfATokenThatRenewsItself(t *testing.T) {
	for _, stays := range []bool{false, true} {
		t.Run(fmt.Sprint("stays the same: ", stays), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w, pipe := newWorld(t, awstest.Options{}), awstest.NewPipe()
				renewed, good, expires := 0, "c4n@ry-token-0", time.Now().Add(time.Hour)
				server := &http.Server{Handler: http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
					if r.Header.Get("X-Vault-Token") != good || time.Now().After(expires) {
						t.Errorf("renewal %d was asked for with a token that is not good", renewed)
						rw.WriteHeader(http.StatusForbidden)
						return
					}
					renewed++
					expires = time.Now().Add(time.Hour)
					if !stays {
						good = fmt.Sprint("c4n@ry-token-", renewed)
					}
					fmt.Fprintf(rw, `{"auth": {"client_token": %q, "lease_duration": 3600}}`, good)
				})}
				go server.Serve(pipe)
				t.Cleanup(func() {
					server.Close()
					synctest.Wait()
				})
				w.handler.runner.Parser = tokenendpoint.New(tokenendpoint.Options{AllowLoopback: true, DialContext: pipe.Dial})
				w.setConfig("vault", fmt.Sprintf(`{"request": {"url": "%s/v1/auth/token/renew-self", "headers": {"X-Vault-Token": "${refresh_token}"}},
					"response": {"access_token": "auth.client_token", "expires_in": "auth.lease_duration"}, "renews_itself": true}`, baseURL))
				w.setCredential("vault", `{"allowed_hosts": ["127.0.0.1:8787"]}`)
				w.SetSecret(awstest.Secret{Name: w.settings.Namespace.Private() + "vault", KMSKey: w.settings.KMSKey, Tags: map[string]string{"tokenkeeper:owner": "prod"},
					Versions: []awstest.Version{{Value: fmt.Sprintf(`{"refresh_token": %q}`, good), Labels: []string{"AWSCURRENT"}}}})
				for range 24 * 60 {
					if inv := w.tick(); inv.err != nil {
						t.Fatal(inv.err)
					}
					_, version := w.secret("vault")
					v, _ := refresh.VersionID(version.ID).Parse()
					if left := time.Until(v.ExpiresAt()); w.token("vault") != good || left < w.settings.CacheAge {
						t.Fatalf("after %d renewals consumers read %q, which expires in %v, want %q", renewed, w.token("vault"), left, good)
					}
					time.Sleep(time.Minute)
				}
				if renewed < 24 || renewed > 50 {
					t.Errorf("it was renewed %d times in a day", renewed)
				}
				if said := w.out.String() + strings.Join(w.printed, ""); strings.Contains(said, "c4n@ry") {
					t.Error("a token is where it can be read")
				}
			})
		})
	}
}

// A provider with refresh tokens is down as long as is said to be survived, from the moment
// on at which its token would have been replaced. Claims on the refresh token are rare, and
// still consumers get the next one in time.
func TestTheOutageThatIsSurvivedWithRefreshTokens(t *testing.T) {
	for _, lives := range []time.Duration{time.Hour, 90 * time.Minute, 3 * time.Hour} {
		for _, phase := range []time.Duration{0, 47 * time.Second} {
			t.Run(fmt.Sprint(lives, " ", phase), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					w, f := newFamily(t)
					f.lives = lives
					time.Sleep(phase)
					w.tick()
					_, before := w.secret("quickbooks")
					v, _ := refresh.VersionID(before.ID).Parse()
					s := w.settings.schedule().For(refresh.Provider{Rotates: true})
					survived := s.Survives("quickbooks", lives)
					if survived < 5*time.Minute {
						t.Fatalf("an outage of %v is said to be survived", survived)
					}
					begin := s.DueAt("quickbooks", v)
					for tick := time.Now(); ; {
						tick = tick.Add(time.Minute)
						time.Sleep(time.Until(tick))
						f.down = !time.Now().Before(begin) && time.Now().Before(begin.Add(survived))
						w.tick()
						if _, now := w.secret("quickbooks"); now.ID != before.ID {
							break
						}
						if time.Now().After(v.ExpiresAt()) {
							t.Fatal("the token is over")
						}
					}
					if left := time.Until(v.ExpiresAt()); left < w.settings.CacheAge {
						t.Errorf("after an outage of %v the next token came %v before the end", survived, left)
					}
				})
			})
		}
	}
}
