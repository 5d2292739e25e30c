package secretstore_test

import (
	"errors"
	"fmt"
	"regexp"
	"strings"
	"testing"
	"testing/synctest"

	"example.com/tokenkeeper/internal/awscall"
	"example.com/tokenkeeper/internal/awstest"
	"example.com/tokenkeeper/internal/refresh"
	"example.com/tokenkeeper/internal/secretstore"
)

const (
	credentialPrefix = "tokenkeeper/credentials/"
	login            = `{"client_id":"x","client_secret":"` + canary + `"}`
)

// setCredential puts a credential there, with a version's id.
func (w *world) setCredential(id refresh.VersionID, edit ...func(*awstest.Secret)) *secretstore.Credentials {
	s := awstest.Secret{Name: credentialPrefix + "meitner", Versions: []awstest.Version{{ID: string(id), Value: login, Labels: []string{"AWSCURRENT"}}}}
	for _, f := range edit {
		f(&s)
	}
	w.SetSecret(s)
	return &secretstore.Credentials{Client: w.client, Prefix: credentialPrefix}
}

var taggable = regexp.MustCompile(`^[0-9a-f]{8}$`)

func TestCredential(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, awstest.Options{})
		c := w.setCredential(handMade)
		d, err := c.Credential(t.Context(), "meitner")
		if err != nil || d.Err != nil || d.Name != "meitner" || d.Where != credentialPrefix+"meitner" || d.Data.Reveal() != login || !taggable.MatchString(d.Version) {
			t.Fatalf("%+v, %v", d, err)
		}
		w.Reset()
		v, err := c.CredentialVersion(t.Context(), "meitner")
		if err != nil || v != d.Version || w.Count("secretsmanager:GetSecretValue") != 0 {
			t.Errorf("version %q, want %q, %v, after %v", v, d.Version, err, actions(w.AWS))
		}
		w.setCredential(handMade + "2")
		if v, err := c.CredentialVersion(t.Context(), "meitner"); err != nil || v == d.Version {
			t.Errorf("an edit is not seen: %q, %v", v, err)
		}
	})
}

func TestCredentialThatCannotBeUsed(t *testing.T) {
	key := func(state awstest.KeyState) func(*world) {
		return func(w *world) {
			arn := w.SetKey("credentials", state)
			w.setCredential(handMade, func(s *awstest.Secret) { s.KMSKey = arn })
		}
	}
	for _, row := range []struct {
		name    string
		breakIt func(*world)
		code    string
		text    string
	}{
		{"reading is denied", func(w *world) { w.Fail("secretsmanager:GetSecretValue", awstest.Deny()) }, awscall.CodeDenied,
			"allow the caller secretsmanager:GetSecretValue on tokenkeeper/credentials/meitner"},
		{"its key is disabled", key(awstest.KeyDisabled), awscall.CodeKey, "enable the key"},
		{"its key is not ours to use", key(awstest.KeyDenied), awscall.CodeKey, "kms:Decrypt"},
		{"it is scheduled for deletion", func(w *world) {
			w.setCredential(handMade, func(s *awstest.Secret) { s.Deleted = begin() })
		}, secretstore.CodeCredentialDeleting, "restore it"},
		{"it is binary", func(w *world) {
			w.setCredential(handMade, func(s *awstest.Secret) { s.Versions[0].Binary = true })
		}, refresh.CodeBadCredential, "SecretString"},
	} {
		t.Run(row.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t, awstest.Options{})
				c := w.setCredential(handMade)
				row.breakIt(w)
				d, err := c.Credential(t.Context(), "meitner")
				var e *refresh.Error
				if err != nil || !errors.As(d.Err, &e) || e.Class != refresh.Misconfigured || e.Code != row.code || !strings.Contains(e.Error(), row.text) {
					t.Fatalf("%v, %v", d.Err, err)
				}
				if !d.Data.IsZero() || strings.Contains(fmt.Sprintf("%+v", d), canary) {
					t.Errorf("it has the value: %+v", d)
				}
				// Or the failure would be forgotten at every run.
				if v, err := c.CredentialVersion(t.Context(), "meitner"); err != nil || v != d.Version {
					t.Errorf("version %q, want %q, %v", v, d.Version, err)
				}
			})
		})
	}
}

func TestRestoringACredentialIsAnEdit(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, awstest.Options{})
		c := w.setCredential(handMade, func(s *awstest.Secret) { s.Deleted = begin() })
		deleting, err := c.CredentialVersion(t.Context(), "meitner")
		if err != nil {
			t.Fatal(err)
		}
		w.setCredential(handMade)
		if v, err := c.CredentialVersion(t.Context(), "meitner"); err != nil || v == deleting {
			t.Errorf("%q, %v", v, err)
		}
	})
}

func TestCredentialThatIsNotThere(t *testing.T) {
	for _, row := range []struct {
		name, asked string
		secret      *awstest.Secret
	}{
		{"missing", "meitner", nil},
		{"without a value", "meitner", &awstest.Secret{Name: credentialPrefix + "meitner"}},
		{"in another place", "../tokens/meitner", &awstest.Secret{Name: "tokenkeeper/tokens/meitner"}},
	} {
		t.Run(row.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t, awstest.Options{})
				if row.secret != nil {
					w.SetSecret(*row.secret)
				}
				c := &secretstore.Credentials{Client: w.client, Prefix: credentialPrefix}
				if _, err := c.Credential(t.Context(), row.asked); !errors.Is(err, refresh.ErrNotFound) {
					t.Errorf("Credential: %v", err)
				}
				if _, err := c.CredentialVersion(t.Context(), row.asked); !errors.Is(err, refresh.ErrNotFound) {
					t.Errorf("CredentialVersion: %v", err)
				}
			})
		})
	}
}

func TestCredentialWhenAWSFails(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, awstest.Options{})
		c := w.setCredential(handMade)
		w.Fail("secretsmanager:GetSecretValue", awstest.Throttle(0))
		d, err := c.Credential(t.Context(), "meitner")
		var e *refresh.Error
		if !errors.As(err, &e) || e.Class != refresh.Transient || e.Code != awscall.CodeThrottled || d.Version != "" {
			t.Errorf("%+v, %v", d, err)
		}
	})
}

// A name that is none is not asked for: a config could name any secret of the account with it.
func TestACredentialOfAnImpossibleName(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, awstest.Options{})
		c := w.setCredential(handMade)
		for _, name := range []string{"", "Meitner", "a/b", "../tokens/meitner", "erp-backup", strings.Repeat("a", 64), "meitner "} {
			w.Reset()
			_, err := c.Credential(t.Context(), name)
			_, err2 := c.CredentialVersion(t.Context(), name)
			if !errors.Is(err, refresh.ErrNotFound) || !errors.Is(err2, refresh.ErrNotFound) || len(w.Calls()) != 0 {
				t.Errorf("%q: %v, %v, after %v", name, err, err2, actions(w.AWS))
			}
		}
	})
}
