package awstest_test

import (
	"fmt"
	"regexp"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
)

func secretRows() []row {
	describe := func(w *world, id string) (*secretsmanager.DescribeSecretOutput, error) {
		return w.secrets.DescribeSecret(w, &secretsmanager.DescribeSecretInput{SecretId: aws.String(id)})
	}
	get := func(w *world, id string) (*secretsmanager.GetSecretValueOutput, error) {
		return w.secrets.GetSecretValue(w, &secretsmanager.GetSecretValueInput{SecretId: aws.String(id)})
	}
	return []row{
		{rule: "CreateSecret without a value makes no version", check: func(w *world) error {
			made, err := w.create(w.prefix, "")
			if err != nil {
				return err
			}
			return same("VersionId", aws.ToString(made.VersionId), "", "versions", w.labels(w.prefix), "")
		}},
		{rule: "a secret without a version is described, and its value is ResourceNotFoundException", check: func(w *world) error {
			if _, err := w.create(w.prefix, ""); err != nil {
				return err
			}
			if _, err := describe(w, w.prefix); err != nil {
				return err
			}
			_, err := get(w, w.prefix)
			return refused(err, "ResourceNotFoundException")
		}},
		{rule: "CreateSecret with a value labels it AWSCURRENT, under the token as its version id", check: func(w *world) error {
			made, err := w.create(w.prefix, "a")
			if err != nil {
				return err
			}
			return same("VersionId", aws.ToString(made.VersionId), token(1), "versions", w.labels(w.prefix), "1:AWSCURRENT")
		}},
		{rule: "CreateSecret repeated with the same token and value is ignored", check: func(w *world) error {
			first, err := w.create(w.prefix, "a")
			if err != nil {
				return err
			}
			second, err := w.create(w.prefix, "a")
			if err != nil {
				return err
			}
			return same("ARN", aws.ToString(second.ARN), aws.ToString(first.ARN), "versions", w.labels(w.prefix), "1:AWSCURRENT")
		}},
		{rule: "CreateSecret repeated with another value is ResourceExistsException", check: func(w *world) error {
			if _, err := w.create(w.prefix, "a"); err != nil {
				return err
			}
			_, err := w.create(w.prefix, "b")
			return refused(err, "ResourceExistsException")
		}},
		{rule: "CreateSecret of an existing name without a value is ResourceExistsException", check: func(w *world) error {
			if _, err := w.create(w.prefix, "a"); err != nil {
				return err
			}
			_, err := w.create(w.prefix, "")
			return refused(err, "ResourceExistsException")
		}},
		{rule: "a secret name has letters, digits and /_+=.@- only", check: func(w *world) error {
			if _, err := w.create(w.prefix+"/_+=.@-x", "a"); err != nil {
				return err
			}
			_, err := w.create(w.prefix+" x", "a")
			return refused(err, outOfRange...)
		}},
		{rule: "a secret name has at most 512 characters", check: func(w *world) error {
			name := w.prefix + strings.Repeat("n", 512-len(w.prefix))
			if _, err := w.create(name, "a"); err != nil {
				return err
			}
			_, err := w.create(name+"n", "a")
			return refused(err, outOfRange...)
		}},
		{rule: "a secret name may end in a hyphen and six characters", check: func(w *world) error {
			_, err := w.create(w.prefix+"-abcdef", "a")
			return err
		}},
		{rule: "an ARN is the name, a hyphen and six characters", check: func(w *world) error {
			made, err := w.create(w.prefix, "a")
			if err != nil {
				return err
			}
			if arn := aws.ToString(made.ARN); !regexp.MustCompile(`:secret:` + w.prefix + `-[A-Za-z0-9]{6}$`).MatchString(arn) {
				return fmt.Errorf("ARN %s", arn)
			}
			return nil
		}},
		{rule: "a secret is found by its ARN with and without the six characters", check: func(w *world) error {
			made, err := w.create(w.prefix, "a")
			if err != nil {
				return err
			}
			arn := aws.ToString(made.ARN)
			if _, err := get(w, arn); err != nil {
				return err
			}
			_, err = get(w, arn[:len(arn)-7])
			return err
		}},
		{rule: "a secret whose name ends in a hyphen and six characters is not found by its partial ARN", check: func(w *world) error {
			made, err := w.create(w.prefix+"-abcdef", "a")
			if err != nil {
				return err
			}
			arn := aws.ToString(made.ARN)
			_, err = get(w, arn[:len(arn)-7])
			return refused(err, "ResourceNotFoundException")
		}},
		{rule: "what a missing secret is asked for is ResourceNotFoundException", check: func(w *world) error {
			_, err := describe(w, w.prefix)
			if err := refused(err, "ResourceNotFoundException"); err != nil {
				return fmt.Errorf("describing: %w", err)
			}
			_, err = get(w, w.prefix)
			if err := refused(err, "ResourceNotFoundException"); err != nil {
				return fmt.Errorf("getting: %w", err)
			}
			return refused(w.put(w.prefix, 1, "a"), "ResourceNotFoundException")
		}},
		{rule: "UpdateSecret with a description makes no version", check: func(w *world) error {
			if _, err := w.create(w.prefix, "a"); err != nil {
				return err
			}
			_, err := w.secrets.UpdateSecret(w, &secretsmanager.UpdateSecretInput{SecretId: aws.String(w.prefix), Description: aws.String("d")})
			if err != nil {
				return err
			}
			now, err := describe(w, w.prefix)
			if err != nil {
				return err
			}
			return same("description", aws.ToString(now.Description), "d", "versions", w.labels(w.prefix), "1:AWSCURRENT")
		}},
		{rule: "UpdateSecret with a value makes a version AWSCURRENT", check: func(w *world) error {
			if _, err := w.create(w.prefix, "a"); err != nil {
				return err
			}
			out, err := w.secrets.UpdateSecret(w, &secretsmanager.UpdateSecretInput{
				SecretId: aws.String(w.prefix), SecretString: aws.String("b"), ClientRequestToken: aws.String(token(2)),
			})
			if err != nil {
				return err
			}
			return same("VersionId", aws.ToString(out.VersionId), token(2), "versions", w.labels(w.prefix), "1:AWSPREVIOUS 2:AWSCURRENT")
		}},
		{rule: "UpdateSecret with the id of a version as its token is ResourceExistsException", check: func(w *world) error {
			if _, err := w.create(w.prefix, "a"); err != nil {
				return err
			}
			if err := w.put(w.prefix, 2, "b"); err != nil {
				return err
			}
			_, err := w.secrets.UpdateSecret(w, &secretsmanager.UpdateSecretInput{
				SecretId: aws.String(w.prefix), SecretString: aws.String("b"), ClientRequestToken: aws.String(token(2)),
			})
			return refused(err, "ResourceExistsException")
		}},
		{rule: "LastAccessedDate is absent until the value is read", check: func(w *world) error {
			if _, err := w.create(w.prefix, "a"); err != nil {
				return err
			}
			before, err := describe(w, w.prefix)
			if err != nil {
				return err
			}
			if _, err := get(w, w.prefix); err != nil {
				return err
			}
			after, err := describe(w, w.prefix)
			if err != nil {
				return err
			}
			return same("read before", before.LastAccessedDate != nil, false, "read after", after.LastAccessedDate != nil, true)
		}},
		{rule: "a value under a key that does not exist is refused", check: func(w *world) error {
			_, err := w.secrets.CreateSecret(w, &secretsmanager.CreateSecretInput{
				Name: aws.String(w.prefix), SecretString: aws.String("a"),
				KmsKeyId: aws.String("00000000-0000-4000-8000-000000000000"),
			})
			return refused(err, "EncryptionFailure")
		}},
	}
}
