package refresh_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"example.com/tokenkeeper/internal/refresh"
	"example.com/tokenkeeper/internal/secret"
)

func TestWhatIsNeverStored(t *testing.T) {
	for _, row := range []struct {
		name  string
		grant refresh.Grant
		code  string
	}{
		{"a token that has expired", refresh.Grant{AccessToken: secret.New("t"), AskedAt: noon.Add(-time.Hour), Lifetime: time.Minute}, refresh.CodeTokenOver},
		{"a token without a life", refresh.Grant{AccessToken: secret.New("t"), AskedAt: noon}, refresh.CodeTokenOver},
		{"more than a secret holds", refresh.Grant{AccessToken: secret.New(strings.Repeat("t", 65536)), AskedAt: noon, Lifetime: time.Hour}, refresh.CodeTokenTooLarge},
		{"the credential, in an extra field", refresh.Grant{AccessToken: secret.New("t"), AskedAt: noon, Lifetime: time.Hour, Extra: map[string]any{"echo": canary}}, refresh.CodeSecretInRecord},
		{"what JSON cannot say", refresh.Grant{AccessToken: secret.New("t"), AskedAt: noon, Lifetime: time.Hour, Extra: map[string]any{"x": make(chan int)}}, refresh.CodeInternal},
	} {
		w := newWorld("a")
		w.answer("a", func(context.Context) (refresh.Grant, error) { return row.grant, nil })
		res, _, err := w.run(refresh.Job{})
		if err == nil || res["a"].Outcome != refresh.Failed || res["a"].Err.Code != row.code || w.record("a") != "" {
			t.Errorf("%s: %+v, %v", row.name, res["a"], err)
		}
		if strings.Contains(fmt.Sprint(err, res["a"].Err), "c4n@ry") {
			t.Errorf("%s: the error discloses the secret", row.name)
		}
	}
}

// A secret is recognized whatever the form of the record makes of it, and the next refresh
// token is one.
func TestSecretsInAnyForm(t *testing.T) {
	hidden := refresh.Provider{Name: "a", Encode: func(r refresh.Record) (secret.Text, error) {
		return secret.New(`{"x": "not to be recognized"}`), nil
	}}
	for name, row := range map[string]struct {
		provider refresh.Provider
		extra    any
		code     string
	}{
		"nothing secret":                       {hidden, "harmless", ""},
		"the credential, in a form that hides": {hidden, canary, refresh.CodeSecretInRecord},
		"the credential, in that form alone": {refresh.Provider{Name: "a", Encode: func(refresh.Record) (secret.Text, error) {
			return secret.New("x " + canary), nil
		}}, "harmless", refresh.CodeSecretInRecord},
		"the next refresh token": {refresh.Provider{Name: "a"}, "next-refresh-token", refresh.CodeSecretInRecord},
	} {
		held := refresh.Credential{Name: "a", Values: map[string]secret.Text{
			"client_secret": secret.New(canary), "next refresh_token": secret.New("next-refresh-token")}}
		grant := refresh.Grant{AccessToken: secret.New("t"),
			AskedAt: noon, Lifetime: time.Hour, Extra: map[string]any{"x": row.extra}}
		_, e := row.provider.Storable(held, grant, onAWS(time.Minute), refresh.Limits{}, noon)
		if code := codeOf(e); code != row.code {
			t.Errorf("%s: %q, want %q", name, code, row.code)
		}
	}
}

func codeOf(e *refresh.Error) string {
	if e == nil {
		return ""
	}
	return e.Code
}

func TestACredentialOfAnotherIsRefused(t *testing.T) {
	w := newWorld("a", "b")
	borrow := func() *refresh.Runner {
		r := w.runner()
		r.Parser = borrowing{parser{w}}
		return r
	}
	report, err := borrow().Run(context.Background(), refresh.Job{Only: []string{"b"}})
	if err == nil || report.Results[0].Err.Code != refresh.CodeNotForProvider || w.logins["b"] != 0 {
		t.Fatalf("%+v, %v", report.Results, err)
	}
	w.credentials["a"] = credential{version: "c2", providers: []string{"b"}}
	if _, err := borrow().Run(context.Background(), refresh.Job{Only: []string{"b"}}); err != nil {
		t.Errorf("its owner has listed b: %v", err)
	}
}

// borrowing has every config name the credential a.
type borrowing struct{ parser }

func (b borrowing) Provider(d refresh.Document) (refresh.Provider, error) {
	p, err := b.parser.Provider(d)
	p.Credential = "a"
	return p, err
}

// A record may be as long as the store says, to the byte.
func TestTheLongestRecord(t *testing.T) {
	p := refresh.Provider{Name: "a"}
	grant := refresh.Grant{AccessToken: secret.New("t"), AskedAt: noon, Lifetime: time.Hour}
	record, e := p.Storable(refresh.Credential{}, grant, onAWS(time.Minute), refresh.Limits{}, noon)
	if e != nil {
		t.Fatal(e)
	}
	for most, code := range map[int]string{0: "", record.Len(): "", record.Len() - 1: refresh.CodeTokenTooLarge} {
		if _, e := p.Storable(refresh.Credential{}, grant, onAWS(time.Minute), refresh.Limits{Record: most}, noon); codeOf(e) != code {
			t.Errorf("a record of %d bytes where %d are taken: %v", record.Len(), most, e)
		}
	}
}

// A record that cannot be searched for secrets is not stored.
func TestARecordThatCannotBeSearched(t *testing.T) {
	c := refresh.Credential{Name: "a", Values: map[string]secret.Text{}}
	for i := range 600 {
		c.Values[fmt.Sprint("k", i)] = secret.New(fmt.Sprintf("aaaaaaaaaaaaaaaaaaaaaaaa%06d", i))
	}
	grant := refresh.Grant{AccessToken: secret.New("t"), AskedAt: noon, Lifetime: time.Hour, Scope: strings.Repeat("aaaaaaaaaaaaaaaaaaaaaaaa", 2500)}
	if _, e := (refresh.Provider{Name: "a"}).Storable(c, grant, onAWS(time.Minute), refresh.Limits{}, noon); codeOf(e) != refresh.CodeTokenTooLarge || e.Class != refresh.Misconfigured {
		t.Errorf("%v", e)
	}
}

// What is not kept as promised is stored, with a warning that names what lives too short.
func TestTokensThatLiveTooShort(t *testing.T) {
	for _, row := range []struct {
		lifetime, renewable time.Duration // zero: not known
		want                string
	}{
		{time.Hour, 0, ""},
		{10 * time.Minute, 0, "the token lives 10m0s"},
		{10 * time.Minute, time.Hour, "the token lives 10m0s"},
		{time.Hour, 11 * time.Minute, "the refresh token lives 11m0s"},
		{time.Hour, 2 * time.Hour, ""},
	} {
		w, v := newWorld("a"), &vault{}
		v.put("first")
		w.answer("a", func(context.Context) (refresh.Grant, error) {
			g := w.grant()
			g.Lifetime = row.lifetime
			if row.renewable > 0 {
				g.RefreshTokenEnds = noon.Add(row.renewable)
			}
			return g, nil
		})
		res, err := w.runWith(v, rotates)
		if got := strings.Join(res.Warnings, "\n"); err != nil || !strings.HasPrefix(got, row.want) || row.want == "" && got != "" || row.want != "" && !strings.HasSuffix(got, "at a tick of 1m0s") {
			t.Errorf("%v and %v: %q, %v", row.lifetime, row.renewable, got, err)
		}
	}
}

// What an answer has wrong is reported also where its token is not stored, beside what cannot be noted.
func TestWarningsBesideAFailure(t *testing.T) {
	w := newWorld("a")
	w.run(refresh.Job{})
	w.now = w.now.Add(50 * time.Minute)
	w.answer("a", func(context.Context) (refresh.Grant, error) {
		g := w.grant()
		g.Warnings = []string{"no expires_in"}
		return g, nil
	})
	w.saveErr["a"], w.noteErr = errors.New("full"), errors.New("throttled")
	res, _, _ := w.run(refresh.Job{})
	if got := res["a"].Warnings; len(got) != 2 || got[0] != "no expires_in" || !strings.HasSuffix(got[1], "throttled") {
		t.Errorf("%q", got)
	}
}

// A lifetime that no version can state is cut down in the record as well.
func TestTheLongestLifetime(t *testing.T) {
	for lifetime, want := range map[time.Duration]time.Duration{
		refresh.MaxLifetime - time.Second: refresh.MaxLifetime - time.Second, refresh.MaxLifetime: refresh.MaxLifetime,
		refresh.MaxLifetime + time.Second: refresh.MaxLifetime, 2 * refresh.MaxLifetime: refresh.MaxLifetime,
	} {
		w := newWorld("a")
		w.answer("a", func(context.Context) (refresh.Grant, error) {
			g := w.grant()
			g.Lifetime = lifetime
			return g, nil
		})
		res, _, err := w.run(refresh.Job{})
		if end := noon.Add(want); err != nil || !res["a"].State.ExpiresAt().Equal(end) || !strings.Contains(w.record("a"), end.Format(`"expires_at":"2006-01-02T15:04:05Z"`)) {
			t.Errorf("%v: until %v, want %v: %s, %v", lifetime, res["a"].State.ExpiresAt(), end, w.record("a"), err)
		}
	}
}

// When a token that ended the one before is said to be issued, by when it was asked for: at its answer, unless the clocks
// differ by a minute.
func TestWhenATokenIsIssuedByAnotherClock(t *testing.T) {
	const s = time.Second
	for _, row := range []struct{ asked, lifetime, issued, expires time.Duration }{
		{0, time.Hour, 0, time.Hour}, {-s, time.Hour, 0, time.Hour - s}, {-59 * s, time.Hour, 0, time.Hour - 59*s},
		{-60 * s, time.Hour, -60 * s, time.Hour - 60*s}, {-90 * s, time.Hour, -90 * s, time.Hour - 90*s}, {2 * s, time.Hour, 2 * s, time.Hour + 2*s},
		{-4300 * time.Millisecond, time.Hour + 700*time.Millisecond, 0, time.Hour - 5*s},
	} {
		w := newWorld("a")
		w.answer("a", func(context.Context) (refresh.Grant, error) {
			g := w.grant()
			g.AskedAt, g.Lifetime = noon.Add(row.asked), row.lifetime
			return g, nil
		})
		res, err := w.runWith(nil, func(p *refresh.Provider) { p.Supersedes = true })
		v, _ := res.State.Current.Parse()
		if issued, expires := v.IssuedAt.Sub(noon), v.ExpiresAt().Sub(noon); err != nil || issued != row.issued || expires != row.expires {
			t.Errorf("%+v: issued %v, expires %v, %v", row, issued, expires, err)
		}
	}
}

// What consumers read is in whole seconds, whatever the clock of the provider's answer.
func TestRecordsAreInWholeSeconds(t *testing.T) {
	w := newWorld("a")
	w.answer("a", func(context.Context) (refresh.Grant, error) {
		g := w.grant()
		g.AskedAt, g.Lifetime = noon.Add(700*time.Millisecond), time.Hour+800*time.Millisecond
		return g, nil
	})
	w.run(refresh.Job{})
	for _, want := range []string{`"issued_at":"2026-11-22T12:00:00Z"`, `"expires_at":"2026-11-22T13:00:00Z"`, `"refresh_after":"` + next("a", noon) + `"`} {
		if !strings.Contains(w.record("a"), want) {
			t.Errorf("%s has no %s", w.record("a"), want)
		}
	}
}

// How many logins a run has the time for, for those who plan.
func TestSavesOfARun(t *testing.T) {
	if one, three := (refresh.Provider{}).Saves(), (refresh.Provider{Rotates: true}).Saves(); one != 1 || three != 3 {
		t.Errorf("a login takes %d, and one with a refresh token %d", one, three)
	}
	l := refresh.Limits{Saves: 2}
	for run, want := range map[time.Duration]float64{10 * time.Second: 11, 5 * time.Second: 1, 4500 * time.Millisecond: 0, time.Second: 0} {
		if got := l.In(run); got != want {
			t.Errorf("in %v: %v, want %v", run, got, want)
		}
	}
}
