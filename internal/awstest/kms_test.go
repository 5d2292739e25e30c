package awstest_test

import (
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
	"github.com/aws/aws-sdk-go-v2/service/ssm/types"

	"example.com/tokenkeeper/internal/awstest"
)

func TestKeyStates(t *testing.T) {
	for _, tt := range []struct {
		name                 string
		state                awstest.KeyState
		put, get, parameters string // codes; empty: served
	}{
		{"enabled", awstest.KeyEnabled, "", "", ""},
		{"disabled", awstest.KeyDisabled, "EncryptionFailure", "DecryptionFailure", "InvalidKeyId"},
		{"pending deletion", awstest.KeyPendingDeletion, "EncryptionFailure", "DecryptionFailure", "InvalidKeyId"},
		{"missing", awstest.KeyMissing, "EncryptionFailure", "DecryptionFailure", "InvalidKeyId"},
		{"denied", awstest.KeyDenied, "AccessDeniedException", "AccessDeniedException", "AccessDeniedException"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			a := awstest.New(t, awstest.Options{})
			arn := a.SetKey("alias/tokens", tt.state)
			a.SetSecret(awstest.Secret{Name: "s", KMSKey: arn, Versions: []awstest.Version{{ID: token(1), Value: "a", Labels: []string{"AWSCURRENT"}}}})
			a.SetParameter(awstest.Parameter{Name: "/p/a", Type: "SecureString", Value: "a", KMSKey: "alias/tokens"})
			w := newWorld(t, a.Config())

			_, get := w.secrets.GetSecretValue(w, &secretsmanager.GetSecretValueInput{SecretId: aws.String("s")})
			_, parameter := w.ssm.GetParameter(w, &ssm.GetParameterInput{Name: aws.String("/p/a"), WithDecryption: aws.Bool(true)})
			_, path := w.ssm.GetParametersByPath(w, &ssm.GetParametersByPathInput{Path: aws.String("/p"), WithDecryption: aws.Bool(true)})
			_, store := w.ssm.PutParameter(w, &ssm.PutParameterInput{Name: aws.String("/p/b"), Type: types.ParameterTypeSecureString, Value: aws.String("b"), KeyId: aws.String("alias/tokens")})
			for what, got := range map[string]struct {
				err  error
				code string
			}{
				"putting a value":                 {w.put("s", 2, "b"), tt.put},
				"putting the same value again":    {w.put("s", 1, "a"), tt.get},
				"getting a value":                 {get, tt.get},
				"getting a parameter":             {parameter, tt.parameters},
				"getting parameters by path":      {path, tt.parameters},
				"putting a parameter":             {store, tt.parameters},
				"moving a label, without any key": {w.move("s", "new", 1, 0), ""},
			} {
				err := got.err
				if got.code != "" {
					err = refused(got.err, got.code)
				}
				if err != nil {
					t.Errorf("%s: %v", what, err)
				}
			}

			// What is not decrypted needs no key.
			if _, err := w.ssm.GetParameter(w, &ssm.GetParameterInput{Name: aws.String("/p/a")}); err != nil {
				t.Errorf("getting it encrypted: %v", err)
			}
		})
	}
}

// Versions stay under the key that they were made with until it is changed for
// the secret, which takes those along that rotation labels.
func TestKeyOfAVersion(t *testing.T) {
	a := awstest.New(t, awstest.Options{})
	a.SetKey("old", awstest.KeyEnabled)
	a.SetKey("new", awstest.KeyEnabled)
	a.SetSecret(awstest.Secret{Name: "s", KMSKey: "old", Versions: []awstest.Version{
		{ID: token(1), Value: "a"}, {ID: token(2), Value: "b", Labels: []string{"AWSCURRENT"}},
	}})
	w := newWorld(t, a.Config())
	if _, err := w.secrets.UpdateSecret(w, &secretsmanager.UpdateSecretInput{SecretId: aws.String("s"), KmsKeyId: aws.String("new")}); err != nil {
		t.Fatal(err)
	}
	a.SetKey("old", awstest.KeyDisabled)
	get := func(n int) error {
		_, err := w.secrets.GetSecretValue(w, &secretsmanager.GetSecretValueInput{SecretId: aws.String("s"), VersionId: aws.String(token(n))})
		return err
	}
	if err := get(2); err != nil {
		t.Errorf("the current version: %v", err)
	}
	if err := refused(get(1), "DecryptionFailure"); err != nil {
		t.Errorf("an unlabelled version: %v", err)
	}
}
