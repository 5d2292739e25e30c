package paramstore_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"regexp"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/ssm"
	"github.com/google/go-cmp/cmp"

	"example.com/tokenkeeper/internal/awscall"
	"example.com/tokenkeeper/internal/awstest"
	"example.com/tokenkeeper/internal/paramstore"
	"example.com/tokenkeeper/internal/refresh"
)

const (
	providersPath   = "/tokenkeeper/providers"
	approvedPath    = "/tokenkeeper/approved"
	credentialsPath = "/tokenkeeper/credentials"

	config = `{"token_endpoint": "https://api.meitner.se/oauth/token"}`
	canary = "c4n@ry-secret"
	login  = `{"client_id": "x", "client_secret": "` + canary + `"}`
)

// A world is a fake account and what reads from it, with a client configured as the
// function's is, for a synctest bubble.
type world struct {
	*awstest.AWS
	*paramstore.Providers
	*paramstore.Credentials
}

func newWorld(t *testing.T, o awstest.Options) *world {
	o.InMemory = true
	fake := awstest.New(t, o)
	cfg := fake.Config()
	timed := *cfg.HTTPClient.(*http.Client)
	timed.Timeout = 2 * time.Second
	cfg.HTTPClient = &timed
	awscall.Configure(&cfg, awscall.WritesPerSecond)
	client := ssm.NewFromConfig(cfg)
	return &world{fake, &paramstore.Providers{Client: client, Path: providersPath, Approved: approvedPath}, &paramstore.Credentials{Client: client, Path: credentialsPath}}
}

func TestConfigsReadsEveryPage(t *testing.T) {
	for _, o := range []awstest.Options{{}, {PageSize: 1}, {EmptyPages: true}, {PageSize: 3, EmptyPages: true}} {
		t.Run(fmt.Sprintf("%+v", o), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				o.NoQuotas = true
				w := newWorld(t, o)
				want := map[string]bool{}
				for i := range 25 {
					name := fmt.Sprintf("p%02d", i)
					w.SetParameter(awstest.Parameter{Name: providersPath + "/" + name, Value: config})
					want[name] = true
				}
				w.SetParameter(awstest.Parameter{Name: providersPath + "-old/q", Value: config})
				w.SetParameter(awstest.Parameter{Name: credentialsPath + "/p00", Value: login, Type: "SecureString"})
				docs, err := refresh.Pages(t.Context(), w.Configs)
				got := map[string]bool{}
				for _, d := range docs {
					got[d.Name] = true
					if d.Err != nil || d.Where != providersPath+"/"+d.Name || d.Data.Reveal() != config || d.Version == "" {
						t.Errorf("%+v", d)
					}
				}
				if diff := cmp.Diff(want, got); diff != "" || err != nil || len(docs) != 25 {
					t.Errorf("%d configs, %v (-want +got):\n%s", len(docs), err, diff)
				}
			})
		})
	}
}

func TestConfigsOfAnEmptyStack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, awstest.Options{})
		if docs, err := refresh.Pages(t.Context(), w.Configs); len(docs) != 0 || err != nil || w.Count() != 2 {
			t.Errorf("%v, %v, %d calls", docs, err, w.Count())
		}
	})
}

// What cannot be a config is reported, and stops no other.
func TestConfigThatCannotBeOne(t *testing.T) {
	for _, row := range []struct {
		name  string
		param awstest.Parameter
		want  refresh.Problem
	}{
		{"encrypted", awstest.Parameter{Name: "/bad", Type: "SecureString"},
			refresh.Problem{Detail: "it is a SecureString; a config has no secret in it, and is read by people", Remedy: "delete it and put it as a String; a secret belongs into the credential"}},
		{"a list", awstest.Parameter{Name: "/bad", Type: "StringList"},
			refresh.Problem{Detail: "it is a StringList; a config is a String", Remedy: "delete it and put it as a String"}},
		{"too deep", awstest.Parameter{Name: "/team/bad"},
			refresh.Problem{Detail: "it lies deeper than /tokenkeeper/providers/NAME, where configs are", Remedy: "delete it and put it there with a name without a slash"}},
	} {
		t.Run(row.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t, awstest.Options{})
				row.param.Name, row.param.Value = providersPath+row.param.Name, canary
				w.SetParameter(row.param)
				w.SetParameter(awstest.Parameter{Name: providersPath + "/good", Value: config})
				docs, err := refresh.Pages(t.Context(), w.Configs)
				if err != nil || len(docs) != 2 {
					t.Fatalf("%v, %v", docs, err)
				}
				for _, d := range docs {
					if d.Name == "good" {
						if d.Err != nil {
							t.Errorf("the good one: %v", d.Err)
						}
						continue
					}
					row.want.Where = row.param.Name
					var ps refresh.Problems
					if !errors.As(d.Err, &ps) {
						t.Fatalf("%v", d.Err)
					}
					if diff := cmp.Diff(refresh.Problems{row.want}, ps); diff != "" {
						t.Errorf("(-want +got):\n%s", diff)
					}
					if strings.Contains(fmt.Sprintf("%+v", d), canary) {
						t.Errorf("it shows the value: %+v", d)
					}
				}
			})
		})
	}
}

func TestConfigsGivesAllOrAnError(t *testing.T) {
	denied := &awstest.Error{Status: 400, Code: "AccessDeniedException", Message: "no"}
	for _, row := range []struct {
		name  string
		fault awstest.Fault
		class refresh.Class
		code  string
	}{
		{"denied", awstest.Deny(), refresh.Misconfigured, awscall.CodeDenied},
		{"denied the approved copies", awstest.Fault{Skip: 4, Error: denied}, refresh.Misconfigured, awscall.CodeDenied},
		{"denied on the second page", awstest.Fault{Skip: 1, Error: denied}, refresh.Misconfigured, awscall.CodeDenied},
		{"throttled to the end", awstest.Throttle(0), refresh.Transient, awscall.CodeThrottled},
		{"failing on the third page", awstest.Fault{Skip: 2, Error: &awstest.Error{Status: 500, Code: "InternalServerError"}}, refresh.Transient, awscall.CodeServer},
		{"without an answer", awstest.Fault{Hang: true}, refresh.Transient, awscall.CodeUnreachable},
		{"with AWS credentials that are over", awstest.ExpireCredentials(), refresh.Transient, awscall.CodeCredentials},
	} {
		t.Run(row.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t, awstest.Options{PageSize: 1})
				for i := range 4 {
					w.SetParameter(awstest.Parameter{Name: fmt.Sprintf("%s/p%d", providersPath, i), Value: config})
				}
				w.Fail("ssm:GetParametersByPath", row.fault)
				docs, err := refresh.Pages(t.Context(), w.Configs)
				var e *refresh.Error
				if docs != nil || !errors.As(err, &e) || e.Class != row.class || e.Code != row.code || !strings.Contains(e.Detail, "ssm:GetParametersByPath /tokenkeeper/") {
					t.Errorf("%v, %+v", docs, err)
				}
			})
		})
	}
}

func TestConfigsAreReadThroughThrottling(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, awstest.Options{})
		w.SetParameter(awstest.Parameter{Name: providersPath + "/a", Value: config})
		w.Fail("*", awstest.Throttle(3))
		if docs, err := refresh.Pages(t.Context(), w.Configs); len(docs) != 1 || err != nil {
			t.Errorf("%v, %v", docs, err)
		}
	})
}

// tagWord is what the tag may hold that remembers a failure, without a space.
var tagWord = regexp.MustCompile(`^[0-9.]{1,40}$`)

func TestCredential(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, awstest.Options{})
		w.SetKey("credentials", awstest.KeyEnabled)
		param := awstest.Parameter{Name: credentialsPath + "/meitner", Value: login, Type: "SecureString", KMSKey: "credentials"}
		w.SetParameter(param)
		d, err := w.Credential(t.Context(), "meitner")
		if err != nil || d.Err != nil || d.Name != "meitner" || d.Where != param.Name || d.Data.Reveal() != login || !tagWord.MatchString(d.Version) {
			t.Fatalf("%+v, %v", d, err)
		}
		version := func() string {
			t.Helper()
			v, err := w.CredentialVersion(t.Context(), "meitner")
			if err != nil {
				t.Fatal(err)
			}
			return v
		}
		w.Reset()
		if v := version(); v != d.Version {
			t.Errorf("the version is %q, and %q when it was read", v, d.Version)
		}
		if calls := w.Calls(); len(calls) != 1 || len(calls[0].Needed) != 1 {
			t.Errorf("telling the version needs more than one permission: %+v", calls)
		}
		w.SetParameter(param)
		edited := version()
		if edited == d.Version {
			t.Error("an edit is not seen")
		}
		// Parameter Store counts from 1 again.
		w.RemoveParameter(param.Name)
		time.Sleep(time.Second)
		w.SetParameter(param)
		if v := version(); v == d.Version || v == edited {
			t.Error("a parameter that was deleted and put anew is taken for the old one")
		}
	})
}

func TestCredentialThatCannotBeUsed(t *testing.T) {
	secure := awstest.Parameter{Name: credentialsPath + "/meitner", Value: login, Type: "SecureString", KMSKey: "credentials"}
	plain := awstest.Parameter{Name: secure.Name, Value: login}
	list := awstest.Parameter{Name: secure.Name, Value: login, Type: "StringList"}
	for _, row := range []struct {
		name  string
		param awstest.Parameter
		key   awstest.KeyState
		code  string
		text  string
	}{
		{"it is not encrypted", plain, awstest.KeyEnabled, refresh.CodeBadCredential, "have the provider change the secret"},
		{"it is a list", list, awstest.KeyEnabled, refresh.CodeBadCredential, "as a SecureString"},
		{"its key is disabled", secure, awstest.KeyDisabled, awscall.CodeKey, "enable the key"},
		{"its key is about to be deleted", secure, awstest.KeyPendingDeletion, awscall.CodeKey, "cancel its deletion"},
		{"its key is gone", secure, awstest.KeyMissing, awscall.CodeKey, "kms:Decrypt"},
		{"its key is not ours to use", secure, awstest.KeyDenied, awscall.CodeKey, "allow the caller kms:Decrypt"},
	} {
		t.Run(row.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t, awstest.Options{})
				w.SetKey("credentials", row.key)
				w.SetParameter(row.param)
				d, err := w.Credential(t.Context(), "meitner")
				var e *refresh.Error
				if err != nil || !errors.As(d.Err, &e) || e.Class != refresh.Misconfigured || e.Code != row.code || !strings.Contains(e.Error(), row.text) {
					t.Fatalf("%v, %v", d.Err, err)
				}
				if !d.Data.IsZero() || strings.Contains(fmt.Sprintf("%+v", d), canary) {
					t.Errorf("it has the value: %+v", d)
				}
				// Or the failure would be forgotten at every run.
				if v, err := w.CredentialVersion(t.Context(), "meitner"); err != nil || v != d.Version {
					t.Errorf("version %q, want %q, %v", v, d.Version, err)
				}
			})
		})
	}
}

func TestCredentialThatCannotBeRead(t *testing.T) {
	for _, row := range []struct {
		name  string
		fault awstest.Fault
		class refresh.Class
		code  string
	}{
		{"denied", awstest.Deny(), refresh.Misconfigured, awscall.CodeDenied},
		{"throttled", awstest.Throttle(0), refresh.Transient, awscall.CodeThrottled},
		{"failing", awstest.ServerError(0), refresh.Transient, awscall.CodeServer},
	} {
		t.Run(row.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t, awstest.Options{})
				w.SetParameter(awstest.Parameter{Name: credentialsPath + "/meitner", Value: login, Type: "SecureString"})
				w.Fail("ssm:GetParameter", row.fault)
				_, err := w.Credential(t.Context(), "meitner")
				var e *refresh.Error
				if !errors.As(err, &e) || e.Class != row.class || e.Code != row.code || errors.Is(err, refresh.ErrNotFound) {
					t.Errorf("Credential: %+v", err)
				}
				if _, err := w.CredentialVersion(t.Context(), "meitner"); !errors.As(err, &e) || e.Code != row.code {
					t.Errorf("CredentialVersion: %+v", err)
				}
			})
		})
	}
}

func TestCredentialThatIsNotThere(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, awstest.Options{})
		w.SetParameter(awstest.Parameter{Name: "/tokenkeeper/x", Value: login, Type: "SecureString"})
		w.SetParameter(awstest.Parameter{Name: credentialsPath + "/meitner", Value: login, Type: "SecureString"})
		for _, name := range []string{"unknown", "../x", "meitner:1", "", "a/b"} {
			if _, err := w.Credential(t.Context(), name); !errors.Is(err, refresh.ErrNotFound) {
				t.Errorf("Credential(%q): %v", name, err)
			}
			if _, err := w.CredentialVersion(t.Context(), name); !errors.Is(err, refresh.ErrNotFound) {
				t.Errorf("CredentialVersion(%q): %v", name, err)
			}
		}
	})
}

// A panic while one login's credential is read is that login's failure, and no other's.
func TestAPanicWhileReading(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, awstest.Options{})
		for _, name := range []string{"meitner", "educloud"} {
			w.SetParameter(awstest.Parameter{Name: providersPath + "/" + name, Value: config})
			w.SetParameter(awstest.Parameter{Name: credentialsPath + "/" + name, Value: login, Type: "SecureString"})
		}
		readings := paramstore.Source{Providers: w.Providers, CredentialReader: panics{w.Credentials}}.Latest(t.Context(),
			[]refresh.Wanted{{Provider: "meitner", Credential: "meitner"}, {Provider: "educloud", Credential: "educloud"}})
		if err := readings[0].Err; err == nil || !strings.Contains(err.Error(), "a panic of type string") || strings.Contains(err.Error(), canary) {
			t.Errorf("meitner: %v", err)
		}
		if r := readings[1]; r.Err != nil || r.Credential.Data.Reveal() != login {
			t.Errorf("educloud: %+v", r)
		}
	})
}

// A panics is a reader of credentials that panics over one.
type panics struct{ *paramstore.Credentials }

func (p panics) Credential(ctx context.Context, name string) (refresh.Document, error) {
	if name == "meitner" {
		panic(canary)
	}
	return p.Credentials.Credential(ctx, name)
}
