package secretstore_test

import (
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"

	"example.com/tokenkeeper/internal/awscall"
	"example.com/tokenkeeper/internal/awstest"
	"example.com/tokenkeeper/internal/refresh"
	"example.com/tokenkeeper/internal/refresh/vaulttest"
	"example.com/tokenkeeper/internal/secret"
	"example.com/tokenkeeper/internal/secretstore"
)

const private = "tokenkeeper/private/"

// A safe is a fake account and a vault in it.
type safe struct {
	*awstest.AWS
	*secretstore.Vault
}

// newSafe returns one for a synctest bubble.
func newSafe(t *testing.T) *safe {
	fake := awstest.New(t, awstest.Options{InMemory: true})
	return &safe{fake, vaultIn(fake)}
}

// vaultIn returns a vault as another process has it.
func vaultIn(fake *awstest.AWS) *secretstore.Vault {
	cfg := fake.Config()
	timed := *cfg.HTTPClient.(*http.Client)
	timed.Timeout = 2 * time.Second
	cfg.HTTPClient = &timed
	awscall.Configure(&cfg, awscall.WritesPerSecond)
	return &secretstore.Vault{Secrets: secretstore.Store{Client: secretsmanager.NewFromConfig(cfg), Prefix: private, Stack: stack}}
}

// put has a person put a token in.
func (s *safe) put(t *testing.T, token string) {
	t.Helper()
	s.putFor(t, "quickbooks", token, "")
}

// putFor has a person put in a token of a provider for a credential.
func (s *safe) putFor(t *testing.T, provider, token, credential string) {
	t.Helper()
	name := aws.String(private + provider)
	value := aws.String(refresh.StoredRefreshToken{Token: secret.New(token), Credential: credential}.Encode().Reveal())
	client := s.Vault.Secrets.Client
	_, err := client.PutSecretValue(t.Context(), &secretsmanager.PutSecretValueInput{SecretId: name, SecretString: value})
	if awscall.Is(err, "ResourceNotFoundException") {
		tags := map[string]string{secretstore.TagOwner: stack}
		if credential != "" {
			tags[secretstore.TagCredential] = credential
		}
		_, err = client.CreateSecret(t.Context(), &secretsmanager.CreateSecretInput{Name: name, SecretString: value, Tags: secretstore.Tags(tags)})
	}
	if err != nil {
		t.Error(err)
	}
}

// restore has a person put in the token before the present one.
func (s *safe) restore(t *testing.T, provider string) {
	t.Helper()
	there, _ := s.Secret(private + provider)
	for _, v := range there.Versions {
		if slices.Contains(v.Labels, "AWSPREVIOUS") {
			before, err := refresh.DecodeRefreshToken(provider, there.Name, secret.New(v.Value))
			if err != nil {
				t.Fatal(err)
			}
			s.putFor(t, provider, before.Token.Reveal(), before.Credential)
		}
	}
}

// claimed returns a vault with a token that has been claimed.
func claimed(t *testing.T) (*safe, refresh.Ticket) {
	t.Helper()
	s := newSafe(t)
	s.put(t, "token 0")
	ticket, err := s.Claim(t.Context(), "quickbooks")
	if err != nil {
		t.Fatal(err)
	}
	return s, ticket
}

func TestVault(t *testing.T) {
	vaulttest.Run(t, func(t *testing.T) (refresh.Vault, vaulttest.Hooks) {
		s := newSafe(t)
		return s.Vault, vaulttest.Hooks{
			Put: func(provider, token string) { s.putFor(t, provider, token, "") },
			Bind: func(provider, credential string) {
				t.Helper()
				// By a process of its own.
				ticket, err := vaultIn(s.AWS).Claim(t.Context(), provider)
				if err != nil {
					t.Fatal(err)
				}
				s.putFor(t, provider, ticket.Token.Reveal(), credential)
			},
			Restore: func(provider string) { s.restore(t, provider) },
			Reopen:  func() refresh.Vault { return vaultIn(s.AWS) },
		}
	})
}

func TestAVaultTouchesNothingElse(t *testing.T) {
	for _, row := range []struct {
		name   string
		secret awstest.Secret
		class  refresh.Class
		code   string
	}{
		{"no owner", awstest.Secret{}, refresh.Misconfigured, "secret_not_ours"},
		{"another owner", awstest.Secret{Tags: map[string]string{"tokenkeeper:owner": "staging"}}, refresh.Misconfigured, "secret_not_ours"},
		{"about to be deleted", awstest.Secret{Tags: map[string]string{"tokenkeeper:owner": stack}, Deleted: begin()}, refresh.Misconfigured, "secret_being_deleted"},
		{"something else in it", awstest.Secret{Tags: map[string]string{"tokenkeeper:owner": stack}}, refresh.NeedsPerson, "no_refresh_token"},
	} {
		t.Run(row.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := newSafe(t)
				row.secret.Name = private + "quickbooks"
				row.secret.Versions = []awstest.Version{{ID: string(handMade), Value: `{"token": "` + canary + `"}`, Labels: []string{"AWSCURRENT"}}}
				s.SetSecret(row.secret)
				_, err := s.Claim(t.Context(), "quickbooks")
				var e *refresh.Error
				if !errors.As(err, &e) || e.Class != row.class || e.Code != row.code {
					t.Errorf("%v", err)
				}
				if strings.Contains(fmt.Sprintf("%+v", err), canary) {
					t.Error("the error tells what is in it")
				}
				if _, err := s.Describe(t.Context(), "quickbooks"); (err == nil) != (row.class == refresh.NeedsPerson) {
					t.Errorf("described, it may be touched: %v", err)
				}
			})
		})
	}
}

// A secret that is scheduled for deletion takes no token, and gives its version to no one.
func TestTheVersionOfASecretThatIsBeingDeleted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSafe(t)
		s.put(t, "token 0")
		there, _ := s.Secret(private + "quickbooks")
		there.Deleted = time.Now()
		s.SetSecret(there)
		for name, call := range map[string]func() error{
			"Version":  func() error { _, err := s.Version(t.Context(), "quickbooks"); return err },
			"Describe": func() error { _, err := s.Describe(t.Context(), "quickbooks"); return err },
		} {
			var e *refresh.Error
			if err := call(); !errors.As(err, &e) || e.Code != string(refresh.Deleting) || !strings.Contains(e.Detail, private+"quickbooks is scheduled for deletion") {
				t.Errorf("%s: %v", name, err)
			}
		}
	})
}

// What a run has stored and not made current is the version that there is.
func TestTheVersionThatIsStoredAndNotCurrent(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, ticket := claimed(t)
		s.Fail("secretsmanager:UpdateSecretVersionStage", awstest.Deny())
		if err := s.Rotate(t.Context(), "quickbooks", ticket, secret.New("token 1")); err != nil {
			t.Errorf("it is stored, and still: %v", err)
		}
		stored, err := s.Version(t.Context(), "quickbooks")
		if err != nil || stored == ticket.ID {
			t.Errorf("%v, %v", stored, err)
		}
		s.Heal()
		time.Sleep(5 * time.Minute)
		if next, err := s.Claim(t.Context(), "quickbooks"); err != nil || next.ID != stored || next.Token.Reveal() != "token 1" {
			t.Errorf("%v, %v", next.ID, err)
		}
	})
}

// A secret without a value holds no refresh token, however it was made.
func TestASecretWithoutARefreshToken(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSafe(t)
		s.SetSecret(awstest.Secret{Name: private + "quickbooks", Tags: map[string]string{"tokenkeeper:owner": stack}})
		for name, call := range map[string]func() error{
			"Version": func() error { _, err := s.Version(t.Context(), "quickbooks"); return err },
			"Claim":   func() error { _, err := s.Claim(t.Context(), "quickbooks"); return err },
		} {
			if err := call(); !errors.Is(err, refresh.ErrNotFound) {
				t.Errorf("%s: %v", name, err)
			}
		}
		if there, err := s.Describe(t.Context(), "quickbooks"); err != nil || there.Current != "" {
			t.Errorf("described: %+v, %v", there, err)
		}
		if slices.Contains(actions(s.AWS), "PutSecretValue") {
			t.Error("something was put into it")
		}
		s.put(t, "token 0")
		if _, err := s.Claim(t.Context(), "quickbooks"); err != nil {
			t.Errorf("after a person has put one in: %v", err)
		}
	})
}

// Claims are counted over three hours, and a run that comes too early learns when to come.
func TestClaimsAreCountedOverThreeHours(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSafe(t)
		s.put(t, "token 0")
		time.Sleep(time.Second)
		claim := func() error { _, err := vaultIn(s.AWS).Claim(t.Context(), "quickbooks"); return err }
		for range 9 {
			if err := claim(); err != nil {
				t.Fatal(err)
			}
			time.Sleep(time.Hour)
		}
		for n := range 6 {
			if err := claim(); err != nil {
				t.Errorf("of three hours it would be number %d: %v", n+3, err)
			}
			time.Sleep(5 * time.Minute)
		}
		var full *refresh.Error
		if err := claim(); !errors.As(err, &full) || full.RetryAfter != 15*time.Minute ||
			!strings.Contains(full.Detail, "in 3h0m0s and is the same still, so it is tried every 20m0s only") {
			t.Errorf("%v", err)
		}
	})
}

// A label that was not where it seemed is moved again, up to ten times: what is seen may be old.
func TestTheLabelIsMovedOnceMore(t *testing.T) {
	for fails, current := range map[int]string{1: "token 1", 9: "token 1", 10: "token 0"} {
		synctest.Test(t, func(t *testing.T) {
			s, ticket := claimed(t)
			s.Fail("secretsmanager:UpdateSecretVersionStage", awstest.Fault{Times: fails, Error: &awstest.Error{Status: 400, Code: "InvalidParameterException", Message: "not there"}})
			if err := s.Rotate(t.Context(), "quickbooks", ticket, secret.New("token 1")); err != nil {
				t.Fatal(err)
			}
			there, _ := s.Secret(private + "quickbooks")
			if v, _ := there.Current(); !strings.Contains(v.Value, current) {
				t.Errorf("after %d failures %s is current", fails, v.Value)
			}
		})
	}
}
