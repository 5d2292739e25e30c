package template_test

import (
	"bytes"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	smtypes "github.com/aws/aws-sdk-go-v2/service/secretsmanager/types"

	"example.com/tokenkeeper/e2e/internal/cloudformation"
	"example.com/tokenkeeper/e2e/internal/function"
	"example.com/tokenkeeper/internal/awstest"
	"example.com/tokenkeeper/internal/simulator"
)

// An organization allows everything but secrets without its tags.
const organization = `{"Version": "2012-10-17", "Statement": [
		{"Effect": "Allow", "Action": "*", "Resource": "*"},
		{"Effect": "Deny", "Action": "secretsmanager:CreateSecret", "Resource": "*",
		 "Condition": {"Null": {"aws:RequestTag/cost-center": "true"}}}]}`

// documentedBoundary is the policy that docs/security.md says a boundary must allow.
func documentedBoundary(t *testing.T) []byte {
	t.Helper()
	data, err := os.ReadFile(root + "/docs/security.md")
	if err != nil {
		t.Fatal(err)
	}
	_, section, _ := strings.Cut(string(data), "## What a permissions boundary must allow")
	_, block, _ := strings.Cut(section, "```json\n")
	block, _, found := strings.Cut(block, "```")
	if !found {
		t.Fatal("docs/security.md has no boundary")
	}
	return []byte(block)
}

// TestInAnOrganization runs the function where the role, a permissions boundary and a policy of
// the organization must each allow what it does, as IAM decides.
func TestInAnOrganization(t *testing.T) {
	bootstrap := function.Build(t, root)
	for _, row := range []struct {
		name       string
		parameters map[string]string
		tags       string // of a secret that is made; empty: none is
	}{
		{"without the tags that it demands", nil, ""},
		{"with them", map[string]string{"SecretTags": "cost-center=4711,team=data"}, "map[cost-center:4711 team:data tokenkeeper:owner:tokenkeeper]"},
		{"with others", map[string]string{"SecretTags": "team=data"}, ""},
	} {
		t.Run(row.name, func(t *testing.T) {
			w := newWorld(t, bootstrap, row.parameters)
			scp, boundary := policy(t, []byte(organization)), policy(t, documentedBoundary(t))
			w.Authorize(func(a awstest.Access) bool { return w.role.Allows(a) && scp.Allows(a) && boundary.Allows(a) })
			w.setUp()
			first, second := w.tick(), w.tick()
			if row.tags == "" {
				log := string(bytes.Join(append(first.Lines, second.Lines...), []byte("\n")))
				said := strings.Count(log, `"event":"provider_failing"`)
				if said != len(simulator.Names()) || !strings.Contains(log, "SecretTags") || second.Failed {
					t.Errorf("said %d times of %d providers, and the second run failed: %t\n%s", said, len(simulator.Names()), second.Failed, log)
				}
				return
			}
			for _, name := range simulator.Names() {
				s, ok := w.Secret("tokenkeeper/tokens/" + name)
				if got := fmt.Sprint(s.Tags); !ok || got != row.tags || len(s.Versions) == 0 {
					t.Errorf("%s: %d versions, tags %s, want %s", name, len(s.Versions), got, row.tags)
				}
			}
		})
	}
}

// TestPeopleInAnOrganization has the owner of a credential make secrets where the organization demands tags.
func TestPeopleInAnOrganization(t *testing.T) {
	bootstrap, command := function.Build(t, root), buildCommand(t)
	for tags, allowed := range map[string]bool{"": false, "cost-center=4711,team=data": true} {
		o := newOffice(t, bootstrap, command, map[string]string{"CredentialStore": "secretsmanager", "SecretTags": tags})
		o.within = policy(t, []byte(organization))
		o.may(editor, `{"token_endpoint": "https://login.acme.example/token", "grant_type": "refresh_token"}`, "config", "put", "acme", "--file", "-")
		puts := map[string][]string{
			"tokenkeeper/credentials/acme": {`{"client_id": "acme", "client_secret": "a-secret-of-some-length", "allowed_hosts": ["login.acme.example"]}`, "credential", "put", "acme"},
			"tokenkeeper/private/acme":     {"a-refresh-token-of-some-length", "refresh-token", "put", "acme"},
		}
		for name, put := range puts {
			if !allowed {
				o.mayNot(owner, "secretsmanager:CreateSecret", put[0], put[1:]...)
				continue
			}
			o.may(owner, put[0], put[1:]...)
			if s, _ := o.Secret(name); s.Tags["cost-center"] != "4711" || s.Tags["team"] != "data" {
				t.Errorf("%s has the tags %v", name, s.Tags)
			}
		}
	}
}

// TestSecretTags: the role can give the tags that are stated and no others, and only as it makes
// a secret.
func TestSecretTags(t *testing.T) {
	account := awstest.New(t, awstest.Options{NoQuotas: true})
	client := secretsmanager.NewFromConfig(account.Config())
	create := func(name string, keys ...string) error {
		tags := []smtypes.Tag{{Key: aws.String("tokenkeeper:owner"), Value: aws.String(stack)}}
		for _, key := range keys {
			tags = append(tags, smtypes.Tag{Key: aws.String(key), Value: aws.String("x")})
		}
		_, err := client.CreateSecret(t.Context(), &secretsmanager.CreateSecretInput{Name: aws.String("tokenkeeper/tokens/" + name), Tags: tags})
		return err
	}
	five := "a=1,b=2,c=3,d=4,e=5"
	for i, row := range []struct {
		parameters map[string]string
		keys       []string
		allowed    bool
	}{
		{nil, nil, true},
		{nil, []string{"a"}, false},
		{map[string]string{"SecretTags": "a=1"}, []string{"a"}, true},
		{map[string]string{"SecretTags": "a=1"}, []string{"a", "b"}, false},
		{map[string]string{"SecretTags": five}, []string{"a", "b", "c", "d", "e"}, true},
		{map[string]string{"SecretTags": five}, []string{"a", "tokenkeeper:paused"}, false},
		{map[string]string{"CreateSecrets": "false"}, nil, false},
	} {
		account.Authorize(policy(t, documents(t, resolve(t, row.parameters)["RefresherRole"])...).Allows)
		if err := create(fmt.Sprint("p", i), row.keys...); (err == nil) != row.allowed {
			t.Errorf("%v, with the tags %q: %v", row.parameters, row.keys, err)
		}
	}
	account.Authorize(policy(t, documents(t, resolve(t, map[string]string{"SecretTags": five})["RefresherRole"])...).Allows)
	_, err := client.TagResource(t.Context(), &secretsmanager.TagResourceInput{SecretId: aws.String("tokenkeeper/tokens/p0"),
		Tags: []smtypes.Tag{{Key: aws.String("a"), Value: aws.String("2")}}})
	if err == nil {
		t.Error("the role changes a tag of a secret that is there")
	}
}

// TestEveryRoleIsBounded: no role of the template is made without the boundary and the path.
func TestEveryRoleIsBounded(t *testing.T) {
	const boundary = "arn:aws:iam::123456789012:policy/boundary"
	resources := resolve(t, map[string]string{"KmsKeyArn": keyARN, "ReportsKeyArn": keyARN, "Authorities": "/acme/authorities",
		"SubnetIds": "subnet-0123456789abcdef0", "SecurityGroupIds": "sg-0123456789abcdef0", "PermissionsBoundary": boundary, "RolePath": "/service/", "AlarmEmail": "ops@acme.example", "ConsumerPolicyForAll": "true"})
	roles := cloudformation.Names(resources, "AWS::IAM::Role")
	if len(roles) < 2 {
		t.Fatalf("roles: %q", roles)
	}
	documented := string(documentedBoundary(t))
	for _, id := range roles {
		for _, g := range grantsOf(t, documents(t, resources[id])) {
			if !g.denies && !strings.Contains(documented, `"`+g.action+`"`) {
				t.Errorf("docs/security.md does not say that a boundary must allow %s, which %s has", g.action, id)
			}
		}
		equal(t, "the boundary of "+id, resources[id].Properties["PermissionsBoundary"], boundary)
		equal(t, "the path of "+id, resources[id].Properties["Path"], "/service/")
	}
}
