package awstest_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/aws/aws-sdk-go-v2/service/ssm"

	"example.com/tokenkeeper/internal/awstest"
)

func TestEmptyPagesCarryANextToken(t *testing.T) {
	a := awstest.New(t, awstest.Options{EmptyPages: true, PageSize: 2})
	for i := range 3 {
		a.SetParameter(awstest.Parameter{Name: fmt.Sprint("/p/", i), Value: "v"})
		a.SetSecret(awstest.Secret{Name: fmt.Sprint("s", i)})
	}
	w := newWorld(t, a.Config())
	var parameters, secrets []int
	pages := ssm.NewGetParametersByPathPaginator(w.ssm, &ssm.GetParametersByPathInput{Path: aws.String("/p")})
	for pages.HasMorePages() {
		out, err := pages.NextPage(w)
		if err != nil {
			t.Fatal(err)
		}
		parameters = append(parameters, len(out.Parameters))
	}
	list := secretsmanager.NewListSecretsPaginator(w.secrets, &secretsmanager.ListSecretsInput{})
	for list.HasMorePages() {
		out, err := list.NextPage(w)
		if err != nil {
			t.Fatal(err)
		}
		secrets = append(secrets, len(out.SecretList))
	}
	if err := same("parameters", parameters, []int{0, 2, 0, 1, 0}, "secrets", secrets, []int{0, 2, 0, 1, 0}); err != nil {
		t.Error(err)
	}
}

// Items that come and go between pages move no others.
func TestPagesOfAListThatChanges(t *testing.T) {
	a := awstest.New(t, awstest.Options{PageSize: 2})
	for _, name := range []string{"/p/a", "/p/b", "/p/c", "/p/d"} {
		a.SetParameter(awstest.Parameter{Name: name, Value: "v"})
	}
	w := newWorld(t, a.Config())
	var names []string
	pages := ssm.NewGetParametersByPathPaginator(w.ssm, &ssm.GetParametersByPathInput{Path: aws.String("/p")})
	for pages.HasMorePages() {
		out, err := pages.NextPage(w)
		if err != nil {
			t.Fatal(err)
		}
		for _, p := range out.Parameters {
			names = append(names, strings.TrimPrefix(aws.ToString(p.Name), "/p/"))
		}
		a.RemoveParameter("/p/a")
		a.SetParameter(awstest.Parameter{Name: "/p/aa", Value: "v"})
	}
	if err := same("names", names, []string{"a", "b", "c", "d"}); err != nil {
		t.Error(err)
	}
}

// ListSecrets shows what was; DescribeSecret what is.
func TestListLag(t *testing.T) {
	clock := &clock{now: time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)}
	a := awstest.New(t, awstest.Options{Now: clock.Now, ListLag: 5 * time.Minute})
	w := newWorld(t, a.Config())
	w.prefix = "s"
	listed := func() string {
		out, err := w.secrets.ListSecrets(w, &secretsmanager.ListSecretsInput{})
		if err != nil {
			t.Fatal(err)
		}
		if len(out.SecretList) == 0 {
			return "nothing"
		}
		var ids []string
		for id, labels := range out.SecretList[0].SecretVersionsToStages {
			ids = append(ids, strings.TrimLeft(strings.TrimPrefix(id, "token-"), "0")+":"+labels[0])
		}
		return strings.Join(ids, " ")
	}
	check := func(when, listing, truth string) {
		t.Helper()
		if err := same(when+", listed", listed(), listing, when+", described", w.labels("s"), truth); err != nil {
			t.Error(err)
		}
	}
	if _, err := w.create("s", "a"); err != nil {
		t.Fatal(err)
	}
	check("at once", "nothing", "1:AWSCURRENT")
	clock.Advance(5 * time.Minute)
	if err := w.move("s", "new", 1, 0); err != nil {
		t.Fatal(err)
	}
	if _, err := w.secrets.DeleteSecret(w, &secretsmanager.DeleteSecretInput{SecretId: aws.String("s")}); err != nil {
		t.Fatal(err)
	}
	check("after five minutes", "1:AWSCURRENT", "1:AWSCURRENT,new")
	clock.Advance(5 * time.Minute)
	check("five minutes after the deletion", "nothing", "1:AWSCURRENT,new")
}

// A seeded secret is listed from its Changed on, so that a lagging world can
// begin with secrets that are long there.
func TestSeededSecretsAndListLag(t *testing.T) {
	clock := &clock{now: time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)}
	a := awstest.New(t, awstest.Options{Now: clock.Now, ListLag: 5 * time.Minute})
	a.SetSecret(awstest.Secret{Name: "old", Created: clock.Now().Add(-time.Hour)})
	a.SetSecret(awstest.Secret{Name: "new"})
	w := newWorld(t, a.Config())
	w.prefix = ""
	if got, err := w.list(false); err != nil || got != "old" {
		t.Errorf("listed %q, %v; want old", got, err)
	}
}

func TestQuotas(t *testing.T) {
	clock := &clock{now: time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)}
	a, w := newSecret(t, awstest.Options{Now: clock.Now})
	calls := map[string]func() error{
		"put":  func() error { return w.put("s", 1, "a") }, // makes no version
		"move": func() error { return w.move("s", "AWSCURRENT", 1, 1) },
		"list": func() error { _, err := w.list(false); return err },
		"path": func() error {
			_, err := w.ssm.GetParametersByPath(w, &ssm.GetParametersByPathInput{Path: aws.String("/p")})
			return err
		},
	}
	spend := func(name string, n int) {
		t.Helper()
		for i := range n {
			if err := calls[name](); err != nil {
				t.Fatalf("%s %d: %v", name, i+1, err)
			}
		}
	}
	// Families: two operations share 50, and others are not touched.
	spend("put", 25)
	clock.Advance(500 * time.Millisecond)
	spend("move", 25)
	for _, name := range []string{"put", "move"} {
		if err := refused(calls[name](), "ThrottlingException"); err != nil {
			t.Errorf("%s, the 51st: %v", name, err)
		}
	}
	spend("list", 100)
	spend("path", 40)
	if err := refused(calls["path"](), "ThrottlingException"); err != nil {
		t.Errorf("path, the 41st: %v", err)
	}
	// Half a second on, the first half of them is a second old.
	clock.Advance(500 * time.Millisecond)
	spend("put", 25)
	if err := refused(calls["move"](), "ThrottlingException"); err != nil {
		t.Errorf("the 51st within a second: %v", err)
	}
	if n := a.Count("secretsmanager:*VersionStage"); n != 27 {
		t.Errorf("%d moves recorded, want all 27", n)
	}
}
