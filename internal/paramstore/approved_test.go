package paramstore_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/google/go-cmp/cmp"

	"example.com/tokenkeeper/internal/awstest"
	"example.com/tokenkeeper/internal/paramstore"
	"example.com/tokenkeeper/internal/refresh"
)

// Approved copies are listed before the configs, whatever the pages, with the credential whose
// owner approved each. What is none has its error, and is no copy of anything.
func TestApprovedCopies(t *testing.T) {
	for _, o := range []awstest.Options{{}, {PageSize: 1}, {PageSize: 2, EmptyPages: true}} {
		synctest.Test(t, func(t *testing.T) {
			o.NoQuotas = true
			w := newWorld(t, o)
			for name, kind := range map[string]string{
				providersPath + "/a":            "String",
				approvedPath + "/a/a":           "String",
				approvedPath + "/shared/a":      "String",
				approvedPath + "/shared/b":      "SecureString",
				approvedPath + "/shared/c":      "StringList",
				approvedPath + "/lone":          "String",
				approvedPath + "/shared/team/d": "String",
				approvedPath + "-old/a/a":       "String",
			} {
				w.SetParameter(awstest.Parameter{Name: name, Value: config, Type: kind})
			}
			paged, err := refresh.Pages(t.Context(), w.Configs)
			if err != nil {
				t.Fatal(err)
			}
			configs := false
			for _, d := range paged {
				if d.Approver != "" && configs {
					t.Errorf("%s is after a config", d.Where)
				}
				configs = configs || strings.HasPrefix(d.Where, providersPath+"/")
			}
			docs, err := refresh.Pages(t.Context(), w.Configs)
			if err != nil {
				t.Fatal(err)
			}
			got := map[string]string{}
			for _, d := range docs {
				state := "good"
				if d.Err != nil {
					_, state, _ = strings.Cut(d.Err.Error(), ": ")
					state, _, _ = strings.Cut(state, " ")
					state += " " + fmt.Sprint(strings.Contains(d.Err.Error(), "tokenkeeper approve"))
				}
				got[d.Where] = d.Approver + " " + d.Name + " " + state
			}
			want := map[string]string{
				providersPath + "/a":            " a good",
				approvedPath + "/a/a":           "a a good",
				approvedPath + "/shared/a":      "shared a good",
				approvedPath + "/shared/b":      "shared b it false",
				approvedPath + "/shared/c":      "shared c it false",
				approvedPath + "/lone":          " approved/lone it true",
				approvedPath + "/shared/team/d": " approved/shared/team/d it true",
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("%+v (-want +got):\n%s", o, diff)
			}
		})
	}
}

// One call reads what decides on a login, whatever of it is there. Where AWS refuses one
// parameter of it, each is read alone, and the credential is reported as ever.
func TestLatest(t *testing.T) {
	place := func(path string) string { return "/tokenkeeper/" + path }
	for _, row := range []struct {
		name       string
		credential string
		remove     []string
		key        awstest.KeyState
		fault      awstest.Fault
		want       []string
		err        string // of the credential
		calls      int
	}{
		{"its own credential", "p", nil, awstest.KeyEnabled, awstest.Fault{}, []string{"providers/p", "approved/p/p"}, "", 1},
		{"another credential", "c", nil, awstest.KeyEnabled, awstest.Fault{}, []string{"providers/p", "approved/p/p", "approved/c/p"}, "", 1},
		{"nothing is approved", "c", []string{"approved/p/p", "approved/c/p"}, awstest.KeyEnabled, awstest.Fault{}, []string{"providers/p"}, "", 1},
		{"no proposal", "c", []string{"providers/p"}, awstest.KeyEnabled, awstest.Fault{}, []string{"approved/p/p", "approved/c/p"}, "", 1},
		{"no config", "p", []string{"providers/p", "approved/p/p"}, awstest.KeyEnabled, awstest.Fault{}, nil, "", 1},
		{"no credential", "c", []string{"credentials/c"}, awstest.KeyEnabled, awstest.Fault{}, []string{"providers/p", "approved/p/p", "approved/c/p"}, "not found", 1},
		{"a name that is none", "c:1", nil, awstest.KeyEnabled, awstest.Fault{}, []string{"providers/p", "approved/p/p"}, "not found", 1},
		{"a key that is disabled", "c", nil, awstest.KeyDisabled, awstest.Fault{}, []string{"providers/p", "approved/p/p", "approved/c/p"}, "enable the key", 6},
		{"a batch that is denied", "c", []string{"approved/p/p"}, awstest.KeyEnabled, awstest.Deny(), []string{"providers/p", "approved/c/p"}, "", 5},
	} {
		t.Run(row.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t, awstest.Options{})
				w.SetKey("credentials", row.key)
				for path, kind := range map[string]string{"providers/p": "String", "approved/p/p": "String", "approved/c/p": "String",
					"providers/other": "String", "approved/other/p": "String", "approved/c/other": "String",
					"credentials/p": "SecureString", "credentials/c": "SecureString"} {
					param := awstest.Parameter{Name: place(path), Value: config, Type: kind}
					if kind == "SecureString" {
						param.Value, param.KMSKey = login, "credentials"
					}
					if !slices.Contains(row.remove, path) {
						w.SetParameter(param)
					}
				}
				if row.fault.Error != nil {
					w.Fail("ssm:GetParameters", row.fault)
				}
				listed, err := refresh.Pages(t.Context(), w.Configs)
				if err != nil {
					t.Fatal(err)
				}
				w.Reset()
				source := paramstore.Source{Providers: w.Providers, CredentialReader: w.Credentials}
				read := source.Latest(t.Context(), []refresh.Wanted{{Provider: "p", Credential: row.credential}})[0]
				docs, credential, err := read.Configs, read.Credential, read.Err
				if w.Count() != row.calls {
					t.Errorf("%d calls, want %d", w.Count(), row.calls)
				}
				var got []string
				for _, d := range docs {
					got = append(got, strings.TrimPrefix(d.Where, "/tokenkeeper/"))
					if !slices.ContainsFunc(listed, func(l refresh.Document) bool {
						return l.Where == d.Where && l.Version == d.Version && l.Approver == d.Approver && l.Name == d.Name && l.Data.Reveal() == d.Data.Reveal()
					}) {
						t.Errorf("%+v is not as it was listed", d)
					}
				}
				if diff := cmp.Diff(row.want, got); diff != "" {
					t.Errorf("(-want +got):\n%s", diff)
				}
				err = errors.Join(err, credential.Err)
				if row.err == "" && (err != nil || credential.Data.Reveal() != login || credential.Name != row.credential) ||
					row.err != "" && (err == nil || !strings.Contains(err.Error(), row.err)) {
					t.Errorf("the credential: %v, want %q", err, row.err)
				}
			})
		})
	}
}

// What cannot be read is an error, and never taken for absent.
func TestLatestThatCannotBeRead(t *testing.T) {
	for name, faults := range map[string]map[string]awstest.Fault{
		"throttled":    {"ssm:GetParameters": awstest.Throttle(0)},
		"failing":      {"ssm:GetParameters": awstest.ServerError(0)},
		"denied":       {"ssm:GetParameter*": awstest.Deny()},
		"then failing": {"ssm:GetParameters": awstest.Deny(), "ssm:GetParameter": {Skip: 1, Error: &awstest.Error{Status: 500, Code: "InternalServerError"}}},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t, awstest.Options{})
				w.SetParameter(awstest.Parameter{Name: providersPath + "/p", Value: config})
				for action, f := range faults {
					w.Fail(action, f)
				}
				source := paramstore.Source{Providers: w.Providers, CredentialReader: w.Credentials}
				if read := source.Latest(t.Context(), []refresh.Wanted{{Provider: "p", Credential: "c"}})[0]; read.Err == nil || errors.Is(read.Err, refresh.ErrNotFound) || read.Configs != nil {
					t.Errorf("%v, %v", read.Configs, read.Err)
				}
			})
		})
	}
}

// Of three logins that are read in one call, one whose key is disabled costs the others nothing but
// calls.
func TestLatestOfThree(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, awstest.Options{})
		w.SetKey("good", awstest.KeyEnabled)
		w.SetKey("bad", awstest.KeyDisabled)
		var wanted []refresh.Wanted
		for name, key := range map[string]string{"a": "good", "b": "bad", "c": "good"} {
			w.SetParameter(awstest.Parameter{Name: providersPath + "/" + name, Value: config})
			w.SetParameter(awstest.Parameter{Name: credentialsPath + "/" + name, Value: login, Type: "SecureString", KMSKey: key})
			wanted = append(wanted, refresh.Wanted{Provider: name, Credential: name})
		}
		source := paramstore.Source{Providers: w.Providers, CredentialReader: w.Credentials}
		for i, read := range source.Latest(t.Context(), wanted) {
			bad := wanted[i].Provider == "b"
			if len(read.Configs) != 1 || read.Err != nil || (read.Credential.Err != nil) != bad || (read.Credential.Data.Reveal() == login) == bad {
				t.Errorf("%s: %+v", wanted[i].Provider, read)
			}
		}
	})
}
