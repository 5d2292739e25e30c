package place_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/google/go-cmp/cmp"

	"example.com/tokenkeeper/cmd/tokenkeeper/internal/place"
	"example.com/tokenkeeper/internal/awstest"
	"example.com/tokenkeeper/internal/refresh"
	"example.com/tokenkeeper/internal/secret"
	"example.com/tokenkeeper/internal/secretstore"
)

const (
	tokenOfMeitner = "tokenkeeper/tokens/meitner"
	refreshToken   = "tokenkeeper/private/quickbooks"
)

// withSecret opens a deployment in an account with one secret, of version "v".
func withSecret(t *testing.T, name, value string, edit ...func(*awstest.Secret)) (*awstest.AWS, *place.AWS) {
	t.Helper()
	account := awstest.New(t, awstest.Options{})
	s := awstest.Secret{Name: name, Tags: map[string]string{"tokenkeeper:owner": "s"}}
	if value != "" {
		s.Versions = []awstest.Version{{ID: "terraform-20261122120000000000000001", Value: value, Labels: []string{"AWSCURRENT"}}}
	}
	for _, f := range edit {
		f(&s)
	}
	account.SetSecret(s)
	return account, onFake(t, account)
}

func tags(account *awstest.AWS, secret string) map[string]string {
	s, _ := account.Secret(secret)
	return s.Tags
}

func TestPauseAndResume(t *testing.T) {
	account, a := withSecret(t, tokenOfMeitner, "x")
	if err := a.Pause(t.Context(), "meitner"); err != nil {
		t.Fatal(err)
	}
	if at, err := time.Parse(time.RFC3339, tags(account, tokenOfMeitner)["tokenkeeper:paused"]); err != nil || time.Since(at) > time.Minute {
		t.Errorf("paused at %v, %v", at, err)
	}
	for range 2 {
		if err := a.Resume(t.Context(), "meitner"); err != nil {
			t.Fatal(err)
		}
	}
	if diff := cmp.Diff(map[string]string{"tokenkeeper:owner": "s"}, tags(account, tokenOfMeitner)); diff != "" {
		t.Errorf("resumed (-want +got):\n%s", diff)
	}
	if err := a.Pause(t.Context(), "acme"); !errors.Is(err, refresh.ErrNotFound) {
		t.Errorf("pausing what is not there: %v", err)
	}
}

func TestWhatIsNotOursIsNotTouched(t *testing.T) {
	account, a := withSecret(t, tokenOfMeitner, "x", func(s *awstest.Secret) { s.Tags["tokenkeeper:owner"] = "staging" })
	for name, err := range map[string]error{"Pause": a.Pause(t.Context(), "meitner"), "Resume": a.Resume(t.Context(), "meitner")} {
		if err == nil || !strings.Contains(err.Error(), "tokenkeeper:owner=s") {
			t.Errorf("%s: %v", name, err)
		}
	}
	if account.Count("secretsmanager:*TagResource") != 0 {
		t.Errorf("its tags are %v", tags(account, tokenOfMeitner))
	}
}

func TestAdopt(t *testing.T) {
	for _, row := range []struct {
		name string
		edit func(*awstest.Secret)
		want string // a part of the error; empty: none
	}{
		{"a secret without an owner", func(s *awstest.Secret) { delete(s.Tags, "tokenkeeper:owner") }, ""},
		{"our own", func(*awstest.Secret) {}, ""},
		{"another stack's", func(s *awstest.Secret) { s.Tags["tokenkeeper:owner"] = "staging" }, `belongs to stack "staging"`},
		{"one without a stack's name", func(s *awstest.Secret) { s.Tags["tokenkeeper:owner"] = "" }, `belongs to stack ""`},
		{"one that is about to be deleted", func(s *awstest.Secret) { s.Tags, s.Deleted = nil, time.Now() }, "restore it first"},
		{"one that is not there", func(s *awstest.Secret) { s.Name = "another" }, "not found"},
	} {
		account, a := withSecret(t, tokenOfMeitner, "x", row.edit)
		err := a.Adopt(t.Context(), "meitner")
		if row.want == "" {
			if owner := tags(account, tokenOfMeitner)["tokenkeeper:owner"]; err != nil || owner != "s" {
				t.Errorf("%s: its owner is %q, %v", row.name, owner, err)
			}
		} else if err == nil || !strings.Contains(err.Error(), row.want) || errors.Is(err, refresh.ErrNotFound) != (row.want == "not found") || account.Count("secretsmanager:TagResource") != 0 {
			t.Errorf("%s: %v", row.name, err)
		}
	}
}

// put puts in a refresh token of quickbooks.
func put(t *testing.T, a *place.AWS, token, credential string) {
	t.Helper()
	if err := a.PutRefreshToken(t.Context(), "quickbooks", secret.New(token), credential); err != nil {
		t.Fatal(err)
	}
}

// stored returns the refresh token of quickbooks that is current.
func stored(t *testing.T, account *awstest.AWS) refresh.StoredRefreshToken {
	t.Helper()
	s, _ := account.Secret(refreshToken)
	v, _ := s.Current()
	got, err := refresh.DecodeRefreshToken("quickbooks", s.Name, secret.New(v.Value))
	if err != nil {
		t.Fatal(err)
	}
	return got
}

// The tag says which credential a token is for, also where it is the one with the provider's name.
func TestTheTagOfACredential(t *testing.T) {
	account := awstest.New(t, awstest.Options{})
	a := onFake(t, account)
	for i, row := range []struct{ credential, shown string }{{"", ""}, {"erp", "erp"}, {"", "quickbooks"}, {"crm", "crm"}} {
		put(t, a, "token", row.credential)
		if got, err := a.RefreshTokenCredential(t.Context(), "quickbooks"); err != nil || got != row.shown {
			t.Errorf("put in for %q, it is shown as %q, %v", row.credential, got, err)
		}
		if got := stored(t, account); got.Credential != row.credential || got.Token.Reveal() != "token" {
			t.Errorf("put in for %q, it is stored for %q", row.credential, got.Credential)
		}
		if created := account.Count("secretsmanager:CreateSecret"); created != 1 {
			t.Errorf("row %d: %d secrets were created", i, created)
		}
	}
	account.Fail("secretsmanager:TagResource", awstest.Deny())
	if err := a.PutRefreshToken(t.Context(), "quickbooks", secret.New("token"), "mail"); err == nil || !strings.Contains(err.Error(), `is stored for the credential "mail"; its tag`) {
		t.Errorf("the tag is refused: %v", err)
	}
}

// A secret that another process makes at the same time keeps what that has put in.
func TestPutBesideAnother(t *testing.T) {
	account := awstest.New(t, awstest.Options{})
	account.Fail("secretsmanager:CreateSecret", awstest.Fault{Error: &awstest.Error{Status: 400, Code: "ResourceExistsException", Message: "it is there"}})
	err := onFake(t, account).PutRefreshToken(t.Context(), "quickbooks", secret.New("token 0"), "")
	if err == nil || !strings.Contains(err.Error(), "by another process just now") || account.Count("secretsmanager:PutSecretValue") != 0 {
		t.Errorf("%v", err)
	}
}

// What must not be touched takes no refresh token, and is not listed.
func TestARefreshTokenThatIsNotOurs(t *testing.T) {
	for _, row := range []struct {
		edit func(*awstest.Secret)
		code string
	}{
		{func(s *awstest.Secret) { s.Tags = nil }, "secret_not_ours"},
		{func(s *awstest.Secret) { s.Tags["tokenkeeper:owner"] = "staging" }, "secret_not_ours"},
		{func(s *awstest.Secret) { s.Deleted = time.Now() }, "secret_being_deleted"},
	} {
		account, a := withSecret(t, refreshToken, `{"refresh_token": "c4n@ry"}`, row.edit)
		_, shown := a.RefreshTokenCredential(t.Context(), "quickbooks")
		for name, err := range map[string]error{
			"Put":        a.PutRefreshToken(t.Context(), "quickbooks", secret.New("token"), ""),
			"Bind":       a.BindRefreshToken(t.Context(), "quickbooks", "erp"),
			"Restore":    a.RestoreRefreshToken(t.Context(), "quickbooks"),
			"Credential": shown,
		} {
			var e *refresh.Error
			if !errors.As(err, &e) || e.Code != row.code || strings.Contains(err.Error(), "c4n@ry") {
				t.Errorf("%s: %v, want %s", name, err, row.code)
			}
		}
		if all, err := a.RefreshTokenCredentials(t.Context(), nil); err != nil || len(all) != 0 {
			t.Errorf("listed: %v, %v", all, err)
		}
		if account.Count("secretsmanager:PutSecretValue") != 0 {
			t.Error("something was put into it")
		}
	}
}

// A secret without a value holds no refresh token, and takes one.
func TestASecretWithoutARefreshToken(t *testing.T) {
	account, a := withSecret(t, refreshToken, "")
	_, shown := a.RefreshTokenCredential(t.Context(), "quickbooks")
	for name, err := range map[string]error{
		"Bind":       a.BindRefreshToken(t.Context(), "quickbooks", "erp"),
		"Restore":    a.RestoreRefreshToken(t.Context(), "quickbooks"),
		"Credential": shown,
	} {
		if !errors.Is(err, refresh.ErrNotFound) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if all, err := a.RefreshTokenCredentials(t.Context(), nil); err != nil || len(all) != 0 {
		t.Errorf("listed: %v, %v", all, err)
	}
	put(t, a, "token", "")
	if got := stored(t, account); got.Token.Reveal() != "token" {
		t.Errorf("%q is stored", got.Token.Reveal())
	}
}

// What is bound keeps its token, and what is restored what it was for; restoring can be undone.
func TestBindAndRestore(t *testing.T) {
	account := awstest.New(t, awstest.Options{})
	a := onFake(t, account)
	put(t, a, "first", "erp")
	if err := a.RestoreRefreshToken(t.Context(), "quickbooks"); !errors.Is(err, refresh.ErrNotFound) {
		t.Errorf("there is none before: %v", err)
	}
	if err := a.BindRefreshToken(t.Context(), "quickbooks", "crm"); err != nil {
		t.Fatal(err)
	}
	put(t, a, "second", "")
	if all, err := a.RefreshTokenCredentials(t.Context(), nil); err != nil || !cmp.Equal(all, map[string]string{"quickbooks": "quickbooks"}) {
		t.Errorf("listed: %v, %v", all, err)
	}
	for _, want := range []struct{ token, credential, shown string }{{"first", "crm", "crm"}, {"second", "", "quickbooks"}} {
		if err := a.RestoreRefreshToken(t.Context(), "quickbooks"); err != nil {
			t.Fatal(err)
		}
		got := stored(t, account)
		if shown := tags(account, refreshToken)["tokenkeeper:credential"]; got.Token.Reveal() != want.token || got.Credential != want.credential || shown != want.shown {
			t.Errorf("restored: %q for %q, shown as %q; want %v", got.Token.Reveal(), got.Credential, shown, want)
		}
	}
}

// An operator binds no token that a run has: it may be spent by then.
func TestBindingATokenThatARunHas(t *testing.T) {
	account := awstest.New(t, awstest.Options{})
	a := onFake(t, account)
	put(t, a, "token", "")
	run := secretstore.Vault{Secrets: secretstore.Store{Client: secretsmanager.NewFromConfig(account.Config()), Prefix: "tokenkeeper/private/", Stack: "s"}}
	if _, err := run.Claim(t.Context(), "quickbooks"); err != nil {
		t.Fatal(err)
	}
	if err := a.BindRefreshToken(t.Context(), "quickbooks", "erp"); !errors.Is(err, refresh.ErrClaimed) || stored(t, account).Credential != "" {
		t.Errorf("%v, and it is stored for %q", err, stored(t, account).Credential)
	}
}

// Nor one that a run is replacing: the role that binds may not move labels, and the next run does.
func TestBindingATokenThatIsBeingReplaced(t *testing.T) {
	account := awstest.New(t, awstest.Options{})
	a := onFake(t, account)
	put(t, a, "spent", "")
	run := secretstore.Vault{Secrets: secretstore.Store{
		Client: secretsmanager.NewFromConfig(account.Config()), Prefix: "tokenkeeper/private/", Stack: "s",
		Now: func() time.Time { return time.Now().Add(time.Hour) }}}
	ticket, err := run.Claim(t.Context(), "quickbooks")
	if err != nil {
		t.Fatal(err)
	}
	account.Fail("secretsmanager:UpdateSecretVersionStage", awstest.Deny())
	if err := run.Rotate(t.Context(), "quickbooks", ticket, secret.New("next")); err != nil {
		t.Fatal(err)
	}
	if err := a.BindRefreshToken(t.Context(), "quickbooks", "erp"); !errors.Is(err, refresh.ErrClaimed) || stored(t, account).Token.Reveal() != "spent" {
		t.Errorf("%v, and %q is stored", err, stored(t, account).Token.Reveal())
	}
	account.Heal()
	if ticket, err := run.Claim(t.Context(), "quickbooks"); err != nil || ticket.Token.Reveal() != "next" {
		t.Errorf("the next run claims %q, %v", ticket.Token.Reveal(), err)
	}
}

// A refresh token is under the key of its own that the stack is given, or else under AWS's.
func TestTheKeyOfARefreshToken(t *testing.T) {
	for _, own := range []bool{false, true} {
		account := awstest.New(t, awstest.Options{})
		a := onFake(t, account)
		if own {
			a.KMSKey = account.SetKey("private", awstest.KeyEnabled)
		}
		for range 2 { // created, and put into
			put(t, a, "token 0", "")
		}
		if there, _ := account.Secret(refreshToken); there.KMSKey != a.KMSKey {
			t.Errorf("with the key %q it is under %q", a.KMSKey, there.KMSKey)
		}
	}
}
