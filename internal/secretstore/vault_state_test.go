package secretstore_test

import (
	"errors"
	"slices"
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
		s.Fail("secretsmanager:DescribeSecret", awstest.Fault{Stale: true, Times: 1})
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

// What there is, as the tags say; what is not ours is passed over.
func TestTheCredentialsOfAll(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSafe(t)
		s.put(t, "token 0")
		s.putFor(t, "acme", "token 0", "erp")
		s.SetSecret(awstest.Secret{Name: private + "other", Tags: map[string]string{"tokenkeeper:owner": "staging", "tokenkeeper:credential": "x"},
			Versions: []awstest.Version{{Value: "x", Labels: []string{"AWSCURRENT"}}}})
		list, err := refresh.Pages(t.Context(), s.List)
		got := map[string]string{}
		for _, held := range list {
			got[held.Name] = held.Credential
		}
		if diff := cmp.Diff(map[string]string{"quickbooks": "", "acme": "erp"}, got); err != nil || diff != "" {
			t.Errorf("%v (-want +got):\n%s", err, diff)
		}
		s.Fail("secretsmanager:ListSecrets", awstest.Deny())
		if _, _, err := s.List(t.Context(), ""); err == nil {
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
