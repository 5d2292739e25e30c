package refresh_test

import (
	"context"
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
		"the next refresh token":               {refresh.Provider{Name: "a"}, "next-refresh-token", refresh.CodeSecretInRecord},
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
