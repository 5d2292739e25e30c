package awstest_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awsconfig "github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/aws/aws-sdk-go-v2/service/ssm"

	"example.com/tokenkeeper/internal/awstest"
)

// What the fake has no rules for is not served by accident.
func TestRequestsThatAreNotModelled(t *testing.T) {
	a := awstest.New(t, awstest.Options{})
	w := newWorld(t, a.Config())
	_, operation := w.secrets.GetRandomPassword(w, &secretsmanager.GetRandomPasswordInput{})
	_, member := w.ssm.PutParameter(w, &ssm.PutParameterInput{Name: aws.String("/a"), Value: aws.String("v"), Type: "String", AllowedPattern: aws.String(".*")})
	for what, err := range map[string]error{"operation": operation, "member": member} {
		if err := refused(err, awstest.NotModelled); err != nil {
			t.Errorf("%s: %v", what, err)
		}
	}
	if err := same("recorded", a.Count("secretsmanager:GetRandomPassword"), 1); err != nil {
		t.Error(err)
	}
}

func TestRequestsAreSignedForTheService(t *testing.T) {
	a := awstest.New(t, awstest.Options{})
	for _, authorization := range []string{"", "Bearer x", "AWS4-HMAC-SHA256 Credential=k/20261122/eu-north-1/ssm/aws4_request"} {
		r, err := http.NewRequest(http.MethodPost, a.URL(), strings.NewReader(`{}`))
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("X-Amz-Target", "secretsmanager.ListSecrets")
		r.Header.Set("Authorization", authorization)
		answer, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		body, _ := io.ReadAll(answer.Body)
		answer.Body.Close()
		if answer.StatusCode != http.StatusBadRequest || !bytes.Contains(body, []byte("MissingAuthenticationTokenException")) {
			t.Errorf("with authorization %q: %s %s", authorization, answer.Status, body)
		}
	}
}

// A process of its own finds the fake by its environment.
func TestEnviron(t *testing.T) {
	a := awstest.New(t, awstest.Options{})
	for _, variable := range a.Environ() {
		name, value, _ := strings.Cut(variable, "=")
		t.Setenv(name, value)
	}
	c, err := awsconfig.LoadDefaultConfig(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := secretsmanager.NewFromConfig(c).ListSecrets(t.Context(), &secretsmanager.ListSecretsInput{}); err != nil {
		t.Fatal(err)
	}
	if err := same("calls", a.Count(), 1); err != nil {
		t.Error(err)
	}
}

// In a bubble the fake is reached without sockets and dated by the bubble.
func TestInMemory(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, w := newSecret(t, awstest.Options{InMemory: true})
		time.Sleep(time.Hour)
		if err := w.put("s", 2, "b"); err != nil {
			t.Fatal(err)
		}
		s, _ := a.Secret("s")
		if err := same("age of the first version", s.Versions[1].Created.Sub(s.Versions[0].Created), time.Hour); err != nil {
			t.Error(err)
		}
	})
}

// Of many swaps from the same version, one wins.
func TestConcurrentSwaps(t *testing.T) {
	a, w := newSecret(t, awstest.Options{NoQuotas: true})
	const racers = 20
	won := make(chan bool, racers)
	for n := range racers {
		go func() {
			won <- w.put("s", n+2, "v", fmt.Sprint("l", n%3)) == nil && w.move("s", "AWSCURRENT", n+2, 1) == nil
		}()
	}
	winners := 0
	for range racers {
		if <-won {
			winners++
		}
	}
	if err := same("winners", winners, 1, "versions", versions(a), racers+1, "calls", a.Count(), 2*racers); err != nil {
		t.Error(err)
	}
}

func TestCalls(t *testing.T) {
	a, w := newSecret(t, awstest.Options{})
	s, _ := a.Secret("s")
	w.put("s", 2, "hidden")
	w.put("missing", 2, "b")
	w.list(false)
	calls := a.Calls()
	if err := same(
		"actions", []string{calls[0].Action, calls[1].Action, calls[2].Action}, []string{put, put, "secretsmanager:ListSecrets"},
		"resources", []string{calls[0].Resource, calls[1].Resource, calls[2].Resource},
		[]string{s.ARN, s.ARN[:strings.LastIndex(s.ARN, ":")] + ":missing", "*"},
		"codes", []string{calls[0].Code, calls[1].Code, calls[2].Code}, []string{"", "ResourceNotFoundException", ""},
		"puts", a.Count(put), 2,
		"all", a.Count(), 3,
		"sent", len(a.Sent("hidden")), 1,
	); err != nil {
		t.Error(err)
	}
	a.Reset()
	if err := same("after Reset", a.Count(), 0, "versions", versions(a), 2); err != nil {
		t.Error(err)
	}
}

// State that is read can be seeded again.
func TestStateRoundTrip(t *testing.T) {
	clock := &clock{now: time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)}
	a := awstest.New(t, awstest.Options{Now: clock.Now})
	a.SetSecret(awstest.Secret{
		Name: "s", Description: "d", Tags: map[string]string{"k": "v"},
		Versions: []awstest.Version{
			{ID: token(1), Value: "a", Labels: []string{"AWSPREVIOUS"}, Created: clock.Now().Add(-time.Hour)},
			{ID: token(2), Value: "b", Labels: []string{"AWSCURRENT", "new"}, Binary: true},
		},
	})
	first, _ := a.Secret("s")
	clock.Advance(time.Hour)
	a.SetSecret(first)
	second, _ := a.Secret("s")
	current, _ := second.Current()
	if err := same("second", second, first, "value", current.Value, "b", "all", a.Secrets(), []awstest.Secret{first}); err != nil {
		t.Error(err)
	}
	a.RemoveSecret("s")
	if _, there := a.Secret("s"); there {
		t.Error("the secret is there after RemoveSecret")
	}

	a.SetParameter(awstest.Parameter{Name: "/p", Value: "1"})
	if v := a.SetParameter(awstest.Parameter{Name: "/p", Value: "2", Tags: map[string]string{"k": "v"}}); v != 2 {
		t.Errorf("version %d, want 2", v)
	}
	p, _ := a.Parameter("/p")
	if err := same("parameter", p, awstest.Parameter{Name: "/p", Value: "2", Type: "String", Tier: "Standard", Tags: map[string]string{"k": "v"}, Version: 2, Changed: clock.Now()}); err != nil {
		t.Error(err)
	}
}

func TestSetSecretPanicsOnAnImpossibleState(t *testing.T) {
	a := awstest.New(t, awstest.Options{})
	for name, versions := range map[string][]awstest.Version{
		"a label twice":      {{ID: token(1), Labels: []string{"x"}}, {ID: token(2), Labels: []string{"x"}}},
		"an id twice":        {{ID: token(1)}, {ID: token(1)}},
		"an id of 5 letters": {{ID: "short"}},
	} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("%s: accepted", name)
				}
			}()
			a.SetSecret(awstest.Secret{Name: "s", Versions: versions})
		}()
	}
}
