package secretstore_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"example.com/tokenkeeper/internal/awscall"
	"example.com/tokenkeeper/internal/awstest"
	"example.com/tokenkeeper/internal/refresh"
	"example.com/tokenkeeper/internal/secretstore"
)

const (
	describeSecret = "secretsmanager:DescribeSecret"
	createSecret   = "secretsmanager:CreateSecret"
)

// sameFailure compares what operators read of one.
var sameFailure = cmp.Comparer(func(a, b *refresh.Error) bool {
	return a == b || a != nil && b != nil && a.Class == b.Class && a.Code == b.Code && a.Detail == b.Detail && a.Remedy == b.Remedy
})

func TestOpenSaysWhatIsThere(t *testing.T) {
	note := refresh.Note{Class: refresh.Misconfigured, Code: "invalid_client", Since: begin(), Last: begin(), Tries: 1, Config: 1}
	ours := refresh.State{Name: "meitner", Exists: true, Owned: true, Current: at(0)}
	with := func(edit func(*refresh.State)) refresh.State {
		st := ours
		edit(&st)
		return st
	}
	for _, row := range []struct {
		name string
		edit func(*awstest.Secret)
		want refresh.State
	}{
		{"a token", func(*awstest.Secret) {}, ours},
		{"no token yet", func(s *awstest.Secret) { s.Versions = nil }, with(func(st *refresh.State) { st.Current = "" })},
		{"a token that a dead run left behind", func(s *awstest.Secret) {
			s.Versions = append(s.Versions, awstest.Version{ID: string(at(60)), Value: "x", Labels: []string{"tokenkeeper-next"}})
		}, with(func(st *refresh.State) { st.Next = at(60) })},
		{"a version that is not ours", func(s *awstest.Secret) { s.Versions[0].ID = string(handMade) },
			with(func(st *refresh.State) { st.Current = handMade })},
		{"a note", func(s *awstest.Secret) { s.Tags["tokenkeeper:state"] = note.String() },
			with(func(st *refresh.State) { st.Note = note })},
		{"a note that somebody else wrote", func(s *awstest.Secret) { s.Tags["tokenkeeper:state"] = "hello" }, ours},
		{"a pause", func(s *awstest.Secret) { s.Tags["tokenkeeper:paused"] = "" },
			with(func(st *refresh.State) { st.Paused = true })},
		{"no owner", func(s *awstest.Secret) { delete(s.Tags, "tokenkeeper:owner") },
			with(func(st *refresh.State) { st.Owned = false })},
		{"another stack's", func(s *awstest.Secret) { s.Tags["tokenkeeper:owner"] = "staging" },
			with(func(st *refresh.State) { st.Owned = false })},
		{"scheduled for deletion", func(s *awstest.Secret) { s.Deleted = begin() },
			with(func(st *refresh.State) {
				st.Deleting, st.Blocked = true, &refresh.Error{Class: refresh.Misconfigured, Code: "secret_being_deleted",
					Detail: "secret tokenkeeper/tokens/meitner is scheduled for deletion, so nothing can be stored in it",
					Remedy: "restore it, or remove the provider's config"}
			})},
		{"a replica", func(s *awstest.Secret) { s.Primary = "eu-west-1" },
			with(func(st *refresh.State) {
				st.Blocked = &refresh.Error{Class: refresh.Misconfigured, Code: secretstore.CodeReplica,
					Detail: "secret tokenkeeper/tokens/meitner is a replica of the one in eu-west-1, and takes no write here",
					Remedy: "keep it in eu-west-1, by a stack there; or make it a secret of its own: aws secretsmanager stop-replication-to-replica --secret-id tokenkeeper/tokens/meitner --region eu-north-1"}
			})},
		{"one that has replicas", func(s *awstest.Secret) { s.Primary = "eu-north-1" }, ours},
		{"managed by another service", func(s *awstest.Secret) { s.Owner = "appflow" },
			with(func(st *refresh.State) {
				st.Blocked = &refresh.Error{Class: refresh.Misconfigured, Code: secretstore.CodeManaged,
					Detail: "secret tokenkeeper/tokens/meitner is managed by the AWS service appflow, which alone may change it",
					Remedy: "rename the provider, or delete the secret where that service is set up"}
			})},
		{"with a rotation", func(s *awstest.Secret) { s.Rotates = true },
			with(func(st *refresh.State) {
				st.Caution = "rotation is on for secret tokenkeeper/tokens/meitner, and will replace the token by whatever its function writes; turn it off: aws secretsmanager cancel-rotate-secret --secret-id tokenkeeper/tokens/meitner --region eu-north-1"
			})},
	} {
		t.Run(row.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t, awstest.Options{})
				w.seed(at(0), row.edit)
				before, _ := w.Secret(prefix + "meitner")
				st, err := w.Open(t.Context(), "meitner")
				if diff := cmp.Diff(row.want, st, sameFailure); diff != "" || err != nil {
					t.Errorf("Open() %v (-want +got):\n%s", err, diff)
				}
				listed, err := refresh.Pages(t.Context(), w.List)
				if diff := cmp.Diff([]refresh.State{row.want}, listed, sameFailure); diff != "" || err != nil {
					t.Errorf("List() %v (-want +got):\n%s", err, diff)
				}
				after, _ := w.Secret(prefix + "meitner")
				if diff := cmp.Diff(before, after); diff != "" || w.Count() != 2 {
					t.Errorf("looking changed something, in %d calls: %s", w.Count(), diff)
				}
			})
		})
	}
}

func TestOpenCreatesWhatIsMissing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, awstest.Options{}, func(s *secretstore.Store) { s.KMSKey = "alias/tokens" })
		w.SetKey("alias/tokens", awstest.KeyEnabled)
		st, err := w.Open(t.Context(), "meitner")
		want := refresh.State{Name: "meitner", Exists: true, Owned: true}
		if diff := cmp.Diff(want, st); diff != "" || err != nil {
			t.Fatalf("%v (-want +got):\n%s", err, diff)
		}
		s, ok := w.Secret(prefix + "meitner")
		if !ok || len(s.Versions) != 0 || s.KMSKey != "alias/tokens" {
			t.Errorf("created %+v", s)
		}
		if diff := cmp.Diff(map[string]string{"tokenkeeper:owner": stack}, s.Tags); diff != "" {
			t.Errorf("tags (-want +got):\n%s", diff)
		}
		if want := "Access token for meitner, replaced before it ends by tokenkeeper, stack prod. Do not edit the value."; s.Description != want {
			t.Errorf("the description is %q, want %q", s.Description, want)
		}
		if diff := cmp.Diff([]string{"DescribeSecret ResourceNotFoundException", "CreateSecret"}, actions(w.AWS)); diff != "" {
			t.Errorf("calls (-want +got):\n%s", diff)
		}
	})
}

func TestOpenTagsWhatItCreates(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, awstest.Options{}, func(s *secretstore.Store) { s.Tags = map[string]string{"team": "data", "cost-center": "4711"} })
		if _, err := w.Open(t.Context(), "meitner"); err != nil {
			t.Fatal(err)
		}
		s, _ := w.Secret(prefix + "meitner")
		want := map[string]string{"tokenkeeper:owner": stack, "team": "data", "cost-center": "4711"}
		if diff := cmp.Diff(want, s.Tags); diff != "" {
			t.Errorf("tags (-want +got):\n%s", diff)
		}
	})
}

func TestOpenFails(t *testing.T) {
	for _, row := range []struct {
		name   string
		none   bool // creation is switched off
		action string
		fault  awstest.Fault
		class  refresh.Class
		code   string
		remedy string
	}{
		{"the secret is missing and creation is switched off", true, "", awstest.Fault{},
			refresh.Misconfigured, secretstore.CodeMissing, "--name tokenkeeper/tokens/meitner --tags Key=tokenkeeper:owner,Value=prod 'Key=cost-center,Value=4711' --kms-key-id alias/own --region eu-north-1"},
		{"describing is denied", false, describeSecret, awstest.Deny(), refresh.Misconfigured, awscall.CodeDenied, "allow the caller secretsmanager:DescribeSecret"},
		{"creating is denied", false, createSecret, awstest.Deny(), refresh.Misconfigured, awscall.CodeDenied, "allow the caller secretsmanager:CreateSecret on tokenkeeper/tokens/meitner; the tags that an organization demands are the stack's parameter SecretTags"},
		{"an account has no room for more secrets", false, createSecret, awstest.Fault{Error: &awstest.Error{Status: 400, Code: "LimitExceededException"}},
			refresh.Transient, awscall.CodeRefused, ""},
		{"it is throttled to the end", false, describeSecret, awstest.Throttle(0), refresh.Transient, awscall.CodeThrottled, ""},
	} {
		t.Run(row.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t, awstest.Options{}, func(s *secretstore.Store) {
					if s.NoCreate = row.none; row.none {
						s.KMSKey, s.Tags = "alias/own", map[string]string{"cost-center": "4711"}
					}
				})
				if row.action != "" {
					w.Fail(row.action, row.fault)
				}
				_, err := w.Open(t.Context(), "meitner")
				var e *refresh.Error
				if !errors.As(err, &e) || e.Class != row.class || e.Code != row.code || !strings.Contains(e.Remedy, row.remedy) || (e.Remedy == "") != (row.remedy == "") {
					t.Errorf("%+v", err)
				}
				if _, ok := w.Secret(prefix + "meitner"); ok {
					t.Error("it is there")
				}
			})
		})
	}
}

func TestOpenAfterALostAnswer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, awstest.Options{})
		w.Fail(createSecret, awstest.LoseAnswer(1))
		st, err := w.Open(t.Context(), "meitner")
		if err != nil || !st.Exists || !st.Owned {
			t.Errorf("%+v, %v after %v", st, err, actions(w.AWS))
		}
	})
}

// Another run created it between the description and the creation; or another stack did.
func TestOpenLosesTheRaceToCreate(t *testing.T) {
	for owner, ours := range map[string]bool{stack: true, "staging": false} {
		synctest.Test(t, func(t *testing.T) {
			w := newWorld(t, awstest.Options{})
			w.Fail(describeSecret, awstest.Fault{Stale: true, Times: 1})
			w.seed(at(0), func(s *awstest.Secret) { s.Tags["tokenkeeper:owner"] = owner })
			st, err := w.Open(t.Context(), "meitner")
			if err != nil || st.Owned != ours || st.Current != at(0) {
				t.Errorf("%+v, %v", st, err)
			}
		})
	}
}

func TestOpenRefusesNamesThatAreNone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, awstest.Options{})
		for _, name := range []string{"", "../private/meitner", "erp-backup", "Meitner", "a/b"} {
			if _, err := w.Open(t.Context(), name); err == nil {
				t.Errorf("%q was opened", name)
			}
		}
		if w.Count() != 0 {
			t.Errorf("calls: %v", actions(w.AWS))
		}
	})
}

func TestWritesCountsTheVersionsOfADay(t *testing.T) {
	for _, o := range []awstest.Options{{}, {PageSize: 3}, {PageSize: 3, EmptyPages: true}} {
		synctest.Test(t, func(t *testing.T) {
			w := newWorld(t, o)
			w.seed("", func(s *awstest.Secret) {
				for i := range 12 {
					s.Versions = append(s.Versions, awstest.Version{ID: string(at(i)), Value: "x", Created: begin().Add(-time.Duration(i) * 3 * time.Hour)})
				}
				s.Versions[0].Labels = []string{"AWSCURRENT"}
			})
			writes, err := w.Writes(t.Context(), "meitner")
			if err != nil || len(writes) != 8 {
				t.Errorf("counted %v of the last 24 hours, want 8: %v", writes, err)
			}
		})
	}
}

func TestListReadsEveryPage(t *testing.T) {
	for _, o := range []awstest.Options{{}, {PageSize: 7}, {EmptyPages: true}, {PageSize: 1, EmptyPages: true}} {
		t.Run(fmt.Sprintf("%+v", o), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				o.NoQuotas = true
				w := newWorld(t, o)
				for i := range 120 {
					w.SetSecret(awstest.Secret{Name: fmt.Sprintf("%sp%03d", prefix, i)})
				}
				states, err := refresh.Pages(t.Context(), w.List)
				names := map[string]bool{}
				for _, st := range states {
					names[st.Name] = true
				}
				if err != nil || len(states) != 120 || len(names) != 120 {
					t.Errorf("%d states of %d names, %v", len(states), len(names), err)
				}
			})
		})
	}
}

// The filter of ListSecrets is a prefix: what it gives is compared again.
func TestListLeavesOutWhatLiesElsewhere(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, awstest.Options{})
		for _, name := range []string{prefix + "a", prefix + "a/b", prefix, "tokenkeeper/tokens-old/c", "tokenkeeper/private/d", "Tokenkeeper/tokens/e"} {
			w.SetSecret(awstest.Secret{Name: name})
		}
		states, err := refresh.Pages(t.Context(), w.List)
		if diff := cmp.Diff([]refresh.State{{Name: "a", Exists: true}}, states); diff != "" || err != nil {
			t.Errorf("%v (-want +got):\n%s", err, diff)
		}
	})
}

func TestListGivesAllOrAnError(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, awstest.Options{PageSize: 1})
		w.SetSecret(awstest.Secret{Name: prefix + "a"})
		w.SetSecret(awstest.Secret{Name: prefix + "b"})
		w.Fail("secretsmanager:ListSecrets", awstest.Fault{Skip: 1, Error: &awstest.Error{Status: 400, Code: "AccessDeniedException", Message: "no"}})
		states, err := refresh.Pages(t.Context(), w.List)
		var e *refresh.Error
		if states != nil || !errors.As(err, &e) || e.Code != awscall.CodeDenied || e.Remedy != "allow the caller secretsmanager:ListSecrets on *" {
			t.Errorf("%v, %+v", states, err)
		}
	})
}

// What is new may be missing from the list for minutes; opening shows it.
func TestListIsAHint(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, awstest.Options{ListLag: 5 * time.Minute})
		if _, err := w.Open(t.Context(), "meitner"); err != nil {
			t.Fatal(err)
		}
		if states, err := refresh.Pages(t.Context(), w.List); len(states) != 0 || err != nil {
			t.Errorf("%v, %v", states, err)
		}
		if st, err := w.Open(t.Context(), "meitner"); !st.Exists || err != nil || w.Count(createSecret) != 1 {
			t.Errorf("%+v, %v", st, err)
		}
	})
}

// Without a key of its own a stack leaves the choice to AWS: an empty one would be refused.
func TestASecretWithoutAKey(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, awstest.Options{})
		if _, err := w.Open(t.Context(), "meitner"); err != nil {
			t.Fatal(err)
		}
		for _, c := range w.Calls() {
			if strings.Contains(string(c.Body), "KmsKeyId") {
				t.Errorf("%s sends a key: %s", c.Action, c.Body)
			}
		}
	})
}
