package secretstore_test

import (
	"errors"
	"fmt"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"example.com/tokenkeeper/internal/awstest"
	"example.com/tokenkeeper/internal/refresh"
	"example.com/tokenkeeper/internal/secret"
	"example.com/tokenkeeper/internal/secretstore"
)

// What runs beside each other in processes of their own share is the account alone.
func TestManyProcesses(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSafe(t)
		s.put(t, canary)
		got := make(chan error, 64)
		for range cap(got) {
			v := vaultIn(s.AWS)
			go func() {
				_, err := v.Claim(t.Context(), "quickbooks")
				got <- err
			}()
		}
		claims := 0
		for range cap(got) {
			switch err := <-got; {
			case err == nil:
				claims++
			case !errors.Is(err, refresh.ErrClaimed):
				t.Error(err)
			}
		}
		if claims != 1 {
			t.Errorf("%d processes have the token, want one", claims)
		}
	})
}

// A spender logs in as a run does: it claims, asks the provider, and replaces.
type spender struct {
	asked []string // with these tokens
}

func (l *spender) run(t *testing.T, v *secretstore.Vault) error {
	ticket, err := v.Claim(t.Context(), "quickbooks")
	if err != nil {
		return err
	}
	l.asked = append(l.asked, ticket.Token.Reveal())
	return v.Rotate(t.Context(), "quickbooks", ticket, secret.New(fmt.Sprint("token ", len(l.asked))))
}

// The one instant at which a run may die and cost the token is that between the provider's
// answer and the arrival of the new token: no other process knows it.
func TestAProcessThatDiesAtAnyCall(t *testing.T) {
	var whole []string
	synctest.Test(t, func(t *testing.T) {
		s, l := newSafe(t), &spender{}
		s.put(t, "token 0")
		s.Reset()
		if err := l.run(t, s.Vault); err != nil {
			t.Fatal(err)
		}
		whole = actions(s.AWS)
	})
	want := []string{"DescribeSecret", "ListSecretVersionIds", "PutSecretValue", "GetSecretValue", "PutSecretValue", "UpdateSecretVersionStage"}
	if !slices.Equal(whole, want) {
		t.Fatalf("a login takes %v, want %v", whole, want)
	}
	for k := 1; k <= len(whole); k++ {
		for _, moment := range []struct {
			name  string
			crash func(int) awstest.Fault
		}{{"before", awstest.CrashBefore}, {"after", awstest.CrashAfter}} {
			t.Run(fmt.Sprintf("%s call %d %s", moment.name, k, whole[k-1]), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					s, l := newSafe(t), &spender{}
					s.put(t, "token 0")
					s.Fail("*", moment.crash(k))
					if err := l.run(t, s.Vault); err == nil && k < len(whole) {
						t.Fatal("the run has not noticed that it died")
					}
					s.Heal()
					time.Sleep(5 * time.Minute)
					if err := l.run(t, vaultIn(s.AWS)); err != nil {
						t.Fatalf("the next run failed: %v", err)
					}
					lost := moment.name == "before" && k == 5
					if again := len(slices.Compact(slices.Clone(l.asked))) != len(l.asked); again != lost {
						t.Errorf("the provider was asked with %q", l.asked)
					}
				})
			})
		}
	}
}

// A lost answer is not a lost claim: the SDK sends the same request again.
func TestCallsOfAVaultAreRepeated(t *testing.T) {
	for _, fault := range []awstest.Fault{awstest.LoseRequest(1), awstest.LoseAnswer(1), awstest.Throttle(1), awstest.ServerError(2)} {
		for _, action := range []string{"DescribeSecret", "ListSecretVersionIds", "PutSecretValue", "GetSecretValue", "UpdateSecretVersionStage"} {
			synctest.Test(t, func(t *testing.T) {
				s, l := newSafe(t), &spender{}
				s.put(t, "token 0")
				s.Fail("secretsmanager:"+action, fault)
				if err := l.run(t, s.Vault); err != nil {
					t.Errorf("%s, struck by %+v: %v", action, fault, err)
				}
				time.Sleep(5 * time.Minute)
				if err := l.run(t, s.Vault); err != nil || !slices.Equal(l.asked, []string{"token 0", "token 1"}) {
					t.Errorf("%s, struck by %+v: then %v, and asked with %q", action, fault, err, l.asked)
				}
			})
		}
	}
}
