package secretstore_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
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
	putValue  = "secretsmanager:PutSecretValue"
	moveLabel = "secretsmanager:UpdateSecretVersionStage"
)

func TestSaveTakesTwoCalls(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, awstest.Options{})
		w.seed(at(0))
		st, err := w.Save(t.Context(), change(at(0), at(60)))
		want := refresh.State{Name: "meitner", Exists: true, Owned: true, Current: at(60), Next: at(60)}
		if diff := cmp.Diff(want, st); diff != "" || err != nil {
			t.Errorf("%v (-want +got):\n%s", err, diff)
		}
		if w.Count(putValue) != 1 || w.Count(moveLabel) != 1 || w.Count() != 2 {
			t.Errorf("calls: %v", actions(w.AWS))
		}
		s, _ := w.Secret(prefix + "meitner")
		now, _ := s.Current()
		before, _ := s.Labelled("AWSPREVIOUS")
		if now.Value != record(at(60)).Reveal() || before.ID != string(at(0)) {
			t.Errorf("the secret is %+v", s.Versions)
		}
	})
}

func TestTheFirstVersionIsCurrentByItself(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, awstest.Options{})
		w.seed("")
		if st, err := w.Save(t.Context(), change("", at(0))); err != nil || st.Current != at(0) || w.current() != at(0) {
			t.Errorf("%+v, %v", st, err)
		}
		if w.Count() != 1 {
			t.Errorf("calls: %v", actions(w.AWS))
		}
	})
}

// Whatever becomes of a call on its way, the same request is sent again, and the token is
// the new one in the end.
func TestSaveSurvives(t *testing.T) {
	for _, row := range []struct {
		name   string
		action string
		fault  awstest.Fault
	}{
		{"a put that is throttled", putValue, awstest.Throttle(3)},
		{"a put that fails", putValue, awstest.ServerError(3)},
		{"a put that is lost on its way", putValue, awstest.LoseRequest(2)},
		{"a put that hangs", putValue, awstest.Fault{Hang: true, Times: 1}},
		{"a put whose answer is lost", putValue, awstest.LoseAnswer(2)},
		{"a swap that is throttled", moveLabel, awstest.Throttle(3)},
		{"a swap that fails", moveLabel, awstest.ServerError(3)},
		{"a swap that is lost on its way", moveLabel, awstest.LoseRequest(2)},
		{"a swap that hangs", moveLabel, awstest.Fault{Hang: true, Times: 1}},
		{"a swap whose answer is lost", moveLabel, awstest.LoseAnswer(1)},
		{"a swap all of whose answers are lost", moveLabel, awstest.LoseAnswer(2)},
	} {
		t.Run(row.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t, awstest.Options{})
				w.seed(at(0))
				w.Fail(row.action, row.fault)
				// What a run keeps for storing, less what it keeps for the note.
				ctx, cancel := context.WithTimeout(t.Context(), 3500*time.Millisecond)
				defer cancel()
				st, err := w.Save(ctx, change(at(0), at(60)))
				if err != nil || st.Current != at(60) || w.current() != at(60) {
					t.Fatalf("%+v, %v", st, err)
				}
				s, _ := w.Secret(prefix + "meitner")
				if len(s.Versions) != 2 {
					t.Errorf("there are %d versions, want 2", len(s.Versions))
				}
				var first string
				for _, c := range w.Calls() {
					if c.Action != row.action {
						continue
					}
					if first == "" {
						first = string(c.Body)
					}
					if string(c.Body) != first {
						t.Errorf("a repeated call is another one: %s", strings.ReplaceAll(string(c.Body), canary, ""))
					}
				}
			})
		})
	}
}

// Where a token cannot be stored, the one that consumers have stays.
func TestSaveFails(t *testing.T) {
	refuse := func(code string) awstest.Fault {
		return awstest.Fault{Error: &awstest.Error{Status: 400, Code: code, Message: "no"}}
	}
	key := func(state awstest.KeyState) func(*world) {
		return func(w *world) {
			arn := w.SetKey("tokens", state)
			w.seed(at(0), func(s *awstest.Secret) { s.KMSKey = arn })
		}
	}
	fault := func(action string, f awstest.Fault) func(*world) {
		return func(w *world) { w.Fail(action, f) }
	}
	for _, row := range []struct {
		name     string
		breakIt  func(*world)
		class    refresh.Class
		code     string
		remedy   string
		attempts int // of the call that fails; from 4 on, at least so many
	}{
		{"a put is denied", fault(putValue, awstest.Deny()), refresh.Misconfigured, awscall.CodeDenied, "allow the caller secretsmanager:PutSecretValue", 1},
		{"a swap is denied", fault(moveLabel, awstest.Deny()), refresh.Misconfigured, awscall.CodeDenied, "allow the caller secretsmanager:UpdateSecretVersionStage", 2},
		{"the role's credentials are over in mid-run", fault(putValue, awstest.ExpireCredentials()), refresh.Transient, awscall.CodeCredentials, "", 1},
		{"the key is disabled", key(awstest.KeyDisabled), refresh.Misconfigured, awscall.CodeKey, "enable the key", 1},
		{"the key is about to be deleted", key(awstest.KeyPendingDeletion), refresh.Misconfigured, awscall.CodeKey, "cancel its deletion", 1},
		{"the key is gone", key(awstest.KeyMissing), refresh.Misconfigured, awscall.CodeKey, "kms:GenerateDataKey", 1},
		{"the key is not ours to use", key(awstest.KeyDenied), refresh.Misconfigured, awscall.CodeKey, "kms:GenerateDataKey and kms:Decrypt", 1},
		{"there are too many versions of the last 24 hours", fault(putValue, refuse("LimitExceededException")), refresh.Transient, refresh.CodeWriteBudget, "what writes this secret", 1},
		{"the secret is scheduled for deletion", func(w *world) {
			w.seed(at(0), func(s *awstest.Secret) { s.Deleted = begin() })
		}, refresh.Misconfigured, "secret_being_deleted", "restore it", 2},
		{"it is refused for a reason that its secret does not show", fault(putValue, refuse("InvalidRequestException")), refresh.Transient, awscall.CodeRefused, "", 2},
		{"the secret has become a replica", func(w *world) {
			w.seed(at(0), func(s *awstest.Secret) { s.Primary = "eu-west-1" })
		}, refresh.Misconfigured, secretstore.CodeReplica, "stop-replication-to-replica", 2},
		{"every put is throttled", fault(putValue, awstest.Throttle(0)), refresh.Transient, awscall.CodeThrottled, "", 4},
		{"every put fails", fault(putValue, awstest.ServerError(0)), refresh.Transient, awscall.CodeServer, "", 5},
		{"every put hangs", fault(putValue, awstest.Fault{Hang: true}), refresh.Transient, awscall.CodeUnreachable, "", 2},
		{"every swap is lost on its way", fault(moveLabel, awstest.LoseRequest(0)), refresh.Transient, awscall.CodeUnreachable, "", 5},
	} {
		t.Run(row.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t, awstest.Options{})
				w.seed(at(0))
				row.breakIt(w)
				before, _ := w.Secret(prefix + "meitner")
				ctx, cancel := context.WithTimeout(t.Context(), 3500*time.Millisecond)
				defer cancel()
				_, err := w.Save(ctx, change(at(0), at(60)))
				var e *refresh.Error
				if !errors.As(err, &e) || e.Class != row.class || e.Code != row.code || !strings.Contains(e.Remedy, row.remedy) {
					t.Fatalf("%+v", err)
				}
				if strings.Contains(fmt.Sprintf("%+v", err), canary) {
					t.Error("the error tells the token")
				}
				after, _ := w.Secret(prefix + "meitner")
				was, _ := before.Current()
				if is, _ := after.Current(); is.ID != was.ID || is.Value != was.Value {
					t.Error("the current token is another one")
				}
				if n := w.Count(); n < row.attempts || n > row.attempts && row.attempts < 4 {
					t.Errorf("%d calls, want %d: %v", n, row.attempts, actions(w.AWS))
				}
			})
		})
	}
}

// The label was moved between the decision and the swap.
func TestTheLabelWasMoved(t *testing.T) {
	for _, row := range []struct {
		name    string
		by      refresh.VersionID
		current refresh.VersionID
	}{
		{"to a token issued later: it is adopted", at(61), at(61)},
		{"to a token of the same second: it is adopted", refresh.Version{IssuedAt: begin().Add(60 * time.Second), Lifetime: time.Minute}.ID(), ""},
		{"to a token issued earlier: ours takes its place", at(59), at(60)},
		{"by hand, to a version that is not ours: it is left there and reported", handMade, handMade},
	} {
		t.Run(row.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t, awstest.Options{})
				w.seed(at(0))
				if row.current == "" {
					row.current = row.by
				}
				w.move(row.by)
				st, err := w.Save(t.Context(), change(at(0), at(60)))
				if err != nil || st.Current != row.current || w.current() != row.current {
					t.Errorf("told %q, is %q, %v", st.Current, w.current(), err)
				}
			})
		})
	}
}

// A token that is probed is stored first, and its secret described: what is current by then
// may have made the probe needless.
func TestAProbe(t *testing.T) {
	refused := errors.New("the API refuses it")
	for _, row := range []struct {
		name    string
		current refresh.VersionID
		probe   error
		want    refresh.VersionID
		calls   []string
	}{
		{"succeeds", at(0), nil, at(60), []string{"PutSecretValue", "DescribeSecret", "probe", "UpdateSecretVersionStage"}},
		{"succeeds, for the place of a version that is not ours", handMade, nil, at(60), []string{"PutSecretValue", "DescribeSecret", "probe", "UpdateSecretVersionStage"}},
		{"fails", at(0), refused, at(0), []string{"PutSecretValue", "DescribeSecret", "probe"}},
		{"is not needed, as another run was faster", at(61), refused, at(61), []string{"PutSecretValue", "DescribeSecret"}},
	} {
		t.Run(row.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t, awstest.Options{})
				w.seed(row.current)
				c := change(row.current, at(60))
				if row.current == at(61) {
					c.From = at(0)
				}
				var probed []string // what had been called by then
				c.Probe = func(context.Context) error {
					probed = append(actions(w.AWS), "probe")
					return row.probe
				}
				_, err := w.Save(t.Context(), c)
				if got := append(probed, actions(w.AWS)[max(0, len(probed)-1):]...); !slices.Equal(got, row.calls) || w.current() != row.want {
					t.Errorf("%v, and %q is current", got, w.current())
				}
				if wants := slices.Contains(row.calls, "probe") && row.probe != nil; errors.Is(err, refused) != wants {
					t.Errorf("%v", err)
				}
			})
		})
	}
}

func TestNobodyCanOvertakeForEver(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, awstest.Options{})
		w.seed(at(0))
		w.Fail(moveLabel, awstest.Fault{Error: &awstest.Error{Status: 400, Code: "InvalidParameterException", Message: "no"}})
		_, err := w.Save(t.Context(), change(at(0), at(60)))
		var e *refresh.Error
		if !errors.As(err, &e) || e.Code != secretstore.CodeOvertaken || w.Count(moveLabel) != 10 || w.current() != at(0) {
			t.Errorf("%v after %v", err, actions(w.AWS))
		}
	})
}

// A description that lags behind shows the label where it was: the swap is tried again,
// fails again, and the next description shows it.
func TestTheDescriptionLagsBehind(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, awstest.Options{})
		w.seed(at(0))
		w.Fail("secretsmanager:DescribeSecret", awstest.Fault{Stale: true, Times: 2})
		w.move(at(61))
		if st, err := w.Save(t.Context(), change(at(0), at(60))); err != nil || st.Current != at(61) || w.current() != at(61) {
			t.Errorf("%+v, %v", st, err)
		}
	})
}

func TestTheOwnerHasChanged(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, awstest.Options{})
		w.seed(at(30), func(s *awstest.Secret) { s.Tags["tokenkeeper:owner"] = "staging" })
		st, err := w.Save(t.Context(), change(at(0), at(60)))
		if err != nil || st.Owned || st.Current != at(30) || w.current() != at(30) || w.Count(moveLabel) != 1 {
			t.Errorf("%+v, %v after %v", st, err, actions(w.AWS))
		}
	})
}

func TestTheIdIsTaken(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, awstest.Options{})
		w.seed(at(0), func(s *awstest.Secret) {
			s.Versions = append(s.Versions, awstest.Version{ID: string(at(60)), Value: "the same token, with another scope", Labels: []string{"tokenkeeper-next"}})
		})
		if st, err := w.Save(t.Context(), change(at(0), at(60))); err != nil || st.Current != at(60) || w.current() != at(60) {
			t.Errorf("%+v, %v", st, err)
		}
	})
}

func TestTheSecretVanished(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, awstest.Options{})
		if _, err := w.Save(t.Context(), change(at(0), at(60))); !errors.Is(err, refresh.ErrNotFound) {
			t.Error(err)
		}
	})
}

// actions lists what was called, in order.
func actions(a *awstest.AWS) []string {
	var all []string
	for _, c := range a.Calls() {
		_, action, _ := strings.Cut(c.Action, ":")
		all = append(all, strings.TrimSpace(action+" "+c.Code))
	}
	return all
}

// Where it cannot be seen whether a token still has its place, nothing is stored.
func TestSaveInsteadOfALaterToken(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, awstest.Options{})
		w.seed(at(61))
		w.Fail(describeSecret, awstest.Deny())
		if st, err := w.Save(t.Context(), change(at(61), at(60))); err == nil || w.Count(putValue) != 0 {
			t.Errorf("%+v, %v, after %v", st, err, actions(w.AWS))
		}
		w.Heal()
		if st, err := w.Save(t.Context(), change(at(61), at(60))); err != nil || st.Current != at(61) || w.Count(putValue) != 0 {
			t.Errorf("%+v, %v, after %v", st, err, actions(w.AWS))
		}
	})
}
