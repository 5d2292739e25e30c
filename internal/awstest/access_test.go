package awstest_test

import (
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	smtypes "github.com/aws/aws-sdk-go-v2/service/secretsmanager/types"
	"github.com/aws/aws-sdk-go-v2/service/ssm"

	"example.com/tokenkeeper/internal/awstest"
)

// A role like that of a refresher: it writes and labels, and does not read.
const refresher = `{"Version": "2012-10-17", "Statement": [
	{"Effect": "Allow", "Action": "ssm:GetParametersByPath", "Resource": [
		"arn:aws:ssm:*:*:parameter/tokenkeeper/providers", "arn:aws:ssm:*:*:parameter/tokenkeeper/providers/*"]},
	{"Effect": "Allow", "Action": "ssm:GetParameter", "Resource": "arn:aws:ssm:*:*:parameter/tokenkeeper/credentials/*"},
	{"Effect": "Allow", "Action": "secretsmanager:ListSecrets", "Resource": "*"},
	{"Effect": "Allow", "Action": ["secretsmanager:DescribeSecret", "secretsmanager:PutSecretValue"],
	 "Resource": "arn:aws:secretsmanager:*:*:secret:tokenkeeper/tokens/*"},
	{"Effect": "Allow", "Action": "secretsmanager:UpdateSecretVersionStage",
	 "Resource": "arn:aws:secretsmanager:*:*:secret:tokenkeeper/tokens/*",
	 "Condition": {"StringEquals": {"secretsmanager:VersionStage": "AWSCURRENT", "aws:ResourceTag/tokenkeeper:owner": "prod"}}},
	{"Effect": "Allow", "Action": ["secretsmanager:CreateSecret", "secretsmanager:TagResource"],
	 "Resource": "arn:aws:secretsmanager:*:*:secret:tokenkeeper/tokens/*",
	 "Condition": {"ForAllValues:StringEquals": {"aws:TagKeys": ["tokenkeeper:owner", "tokenkeeper:state"]},
	               "StringEqualsIfExists": {"aws:RequestTag/tokenkeeper:owner": "prod"}}},
	{"Effect": "Allow", "Action": ["kms:GenerateDataKey", "kms:Decrypt"], "Resource": "arn:aws:kms:*:*:key/tokens",
	 "Condition": {"StringLike": {"kms:ViaService": "secretsmanager.*.amazonaws.com"}}}
]}`

func TestWorldUnderPolicy(t *testing.T) {
	policy, err := awstest.ParsePolicy([]byte(refresher))
	if err != nil {
		t.Fatal(err)
	}
	world := awstest.New(t, awstest.Options{NoQuotas: true})
	for name, owner := range map[string]string{"tokenkeeper/tokens/ours": "prod", "tokenkeeper/tokens/theirs": "dev", "tokenkeeper/private/ours": "prod"} {
		world.SetSecret(awstest.Secret{Name: name, KMSKey: world.SetKey("tokens", awstest.KeyEnabled), Tags: map[string]string{"tokenkeeper:owner": owner},
			Versions: []awstest.Version{{ID: token(1), Value: "a", Labels: []string{"AWSCURRENT"}}, {ID: token(2), Value: "b", Labels: []string{"next"}}}})
	}
	world.SetParameter(awstest.Parameter{Name: "/tokenkeeper/credentials/ours", Type: "SecureString", Value: "x", KMSKey: "tokens"})
	world.SetParameter(awstest.Parameter{Name: "/tokenkeeper/credentials/default-key", Type: "SecureString", Value: "x"})
	world.Authorize(policy.Allows)
	w := newWorld(t, world.Config())

	tag := func(name, key string) error {
		_, err := w.secrets.TagResource(w, &secretsmanager.TagResourceInput{SecretId: aws.String(name), Tags: []smtypes.Tag{{Key: aws.String(key), Value: aws.String("prod")}}})
		return err
	}
	create := func(name, owner string) error {
		_, err := w.secrets.CreateSecret(w, &secretsmanager.CreateSecretInput{Name: aws.String(name), Tags: []smtypes.Tag{{Key: aws.String("tokenkeeper:owner"), Value: aws.String(owner)}}})
		return err
	}
	parameter := func(name string) error {
		_, err := w.ssm.GetParameter(w, &ssm.GetParameterInput{Name: aws.String(name), WithDecryption: aws.Bool(true)})
		return err
	}
	byPath := func(path string) error {
		_, err := w.ssm.GetParametersByPath(w, &ssm.GetParametersByPathInput{Path: aws.String(path)})
		return err
	}
	get := func(name string) error {
		_, err := w.secrets.GetSecretValue(w, &secretsmanager.GetSecretValueInput{SecretId: aws.String(name)})
		return err
	}
	list := func() error {
		_, err := w.secrets.ListSecrets(w, &secretsmanager.ListSecretsInput{})
		return err
	}
	for _, tt := range []struct {
		what    string
		err     error
		allowed bool
	}{
		{"listing", list(), true},
		{"reading the configs", byPath("/tokenkeeper/providers/"), true},
		{"reading what is beside the configs", byPath("/tokenkeeper"), false},
		{"reading a credential", parameter("/tokenkeeper/credentials/default-key"), true},
		{"decrypting by a key that is granted to another service", parameter("/tokenkeeper/credentials/ours"), false},
		{"putting a value", w.put("tokenkeeper/tokens/ours", 3, "c", "next"), true},
		{"putting it elsewhere", w.put("tokenkeeper/private/ours", 3, "c", "next"), false},
		{"moving AWSCURRENT", w.move("tokenkeeper/tokens/ours", "AWSCURRENT", 2, 1), true},
		{"moving another label", w.move("tokenkeeper/tokens/ours", "next", 1, 3), false},
		{"moving AWSCURRENT of another owner's", w.move("tokenkeeper/tokens/theirs", "AWSCURRENT", 2, 1), false},
		{"reading a value", get("tokenkeeper/tokens/ours"), false},
		{"creating", create("tokenkeeper/tokens/new", "prod"), true},
		{"creating for another owner", create("tokenkeeper/tokens/newer", "dev"), false},
		{"noting a state", tag("tokenkeeper/tokens/ours", "tokenkeeper:state"), true},
		{"setting a tag for people", tag("tokenkeeper/tokens/ours", "tokenkeeper:paused"), false},
	} {
		if tt.allowed && tt.err != nil {
			t.Errorf("%s: %v, want it allowed", tt.what, tt.err)
		}
		if !tt.allowed {
			if err := refused(tt.err, "AccessDeniedException"); err != nil {
				t.Errorf("%s: %v", tt.what, err)
			}
		}
	}
	if s, _ := world.Secret("tokenkeeper/private/ours"); len(s.Versions) != 2 {
		t.Errorf("a refused put left %d versions, want 2", len(s.Versions))
	}
}

// Each call is recorded with all permissions that it needed.
func TestNeededPermissions(t *testing.T) {
	world := awstest.New(t, awstest.Options{})
	key := world.SetKey("tokens", awstest.KeyEnabled)
	w := newWorld(t, world.Config())
	made, err := w.secrets.CreateSecret(w, &secretsmanager.CreateSecretInput{Name: aws.String("s"), SecretString: aws.String("a"), KmsKeyId: aws.String("tokens"),
		Tags: []smtypes.Tag{{Key: aws.String("k"), Value: aws.String("v")}}})
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, needed := range world.Calls()[0].Needed {
		got = append(got, needed.Action+" "+needed.Resource)
	}
	bare := aws.ToString(made.ARN)
	bare = bare[:len(bare)-7] // there is no ARN yet when permission is asked for
	if err := same("needed", got, []string{"secretsmanager:CreateSecret " + bare, "secretsmanager:TagResource " + bare,
		"kms:GenerateDataKey " + key, "kms:Decrypt " + key, // to validate the key
		"kms:GenerateDataKey " + key}); err != nil {
		t.Error(err)
	}
}
