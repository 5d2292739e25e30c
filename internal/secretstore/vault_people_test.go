package secretstore_test

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"example.com/tokenkeeper/internal/awstest"
	"example.com/tokenkeeper/internal/refresh"
	"example.com/tokenkeeper/internal/secret"
)

// What a run has stored is not made current over what a person has put in since, and nothing
// is claimed by a run that sees the state before.
func TestAStoredTokenThatAPersonWasAheadOf(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, ticket := claimed(t)
		s.Fail("secretsmanager:UpdateSecretVersionStage", awstest.Deny())
		if err := s.Rotate(t.Context(), "quickbooks", ticket, secret.New("token 1")); err != nil {
			t.Fatal(err)
		}
		s.Heal()
		time.Sleep(5 * time.Minute)
		s.Fail("secretsmanager:DescribeSecret", awstest.Fault{Stale: true, Skip: 1, Times: 1})
		s.put(t, "of a person")
		before := s.Count()
		if _, err := vaultIn(s.AWS).Claim(t.Context(), "quickbooks"); !errors.Is(err, refresh.ErrClaimed) || slices.Contains(actions(s.AWS)[before:], "PutSecretValue") {
			t.Errorf("%v, after %v", err, actions(s.AWS)[before:])
		}
		if next, err := vaultIn(s.AWS).Claim(t.Context(), "quickbooks"); err != nil || next.Token.Reveal() != "of a person" {
			t.Errorf("%q, %v", next.Token.Reveal(), err)
		}
	})
}

// The credentials of all, as the tags say; what is not ours is passed over.
func TestTheCredentialsOfAll(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSafe(t)
		s.put(t, "token 0")
		if err := s.Put(t.Context(), "acme", secret.New("token 0"), "erp"); err != nil {
			t.Fatal(err)
		}
		s.SetSecret(awstest.Secret{Name: private + "other", Tags: map[string]string{"tokenkeeper:owner": "staging", "tokenkeeper:credential": "x"},
			Versions: []awstest.Version{{Value: "x", Labels: []string{"AWSCURRENT"}}}})
		got, err := s.Credentials(t.Context())
		if diff := cmp.Diff(map[string]string{"quickbooks": "", "acme": "erp"}, got); err != nil || diff != "" {
			t.Errorf("%v (-want +got):\n%s", err, diff)
		}
		s.Fail("secretsmanager:ListSecrets", awstest.Deny())
		if _, err := s.Credentials(t.Context()); err == nil {
			t.Error("it may not be listed, and nothing is said")
		}
	})
}

// What a person has put in since stays current, and is not fought for.
func TestATokenThatAPersonPutInBeforeTheNext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, ticket := claimed(t)
		s.put(t, "of a person")
		s.Reset()
		if err := s.Rotate(t.Context(), "quickbooks", ticket, secret.New("token 1")); err != nil {
			t.Fatal(err)
		}
		if want := []string{"PutSecretValue", "UpdateSecretVersionStage InvalidParameterException", "DescribeSecret"}; !slices.Equal(actions(s.AWS), want) {
			t.Errorf("calls %v, want %v", actions(s.AWS), want)
		}
		if next, err := vaultIn(s.AWS).Claim(t.Context(), "quickbooks"); err != nil || next.Token.Reveal() != "of a person" {
			t.Errorf("%v, %v", next.ID, err)
		}
	})
}

// The tag says which credential a token is for, also where it is the one with the provider's name.
func TestTheTagOfACredential(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSafe(t)
		for _, row := range []struct{ credential, shown string }{{"", ""}, {"erp", "erp"}, {"", "quickbooks"}, {"crm", "crm"}} {
			if err := s.Put(t.Context(), "quickbooks", secret.New("token"), row.credential); err != nil {
				t.Fatal(err)
			}
			if got, err := s.Credential(t.Context(), "quickbooks"); err != nil || got != row.shown {
				t.Errorf("put in for %q, it is shown as %q, %v", row.credential, got, err)
			}
		}
	})
}

// A secret that another process makes at the same time keeps what that has put in.
func TestPutBesideAnother(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSafe(t)
		s.Fail("secretsmanager:CreateSecret", awstest.Fault{Error: &awstest.Error{Status: 400, Code: "ResourceExistsException", Message: "it is there"}})
		if err := s.Put(t.Context(), "quickbooks", secret.New("token 0"), ""); err == nil || !strings.Contains(err.Error(), "by another process just now") {
			t.Errorf("%v", err)
		}
	})
}
