package awstest_test

import (
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager/types"

	"example.com/tokenkeeper/internal/awstest"
)

// primaryRegion is where the secret is whose replica is looked at.
const primaryRegion = "us-west-2"

// seedReplica puts a replica into the fake, which has one region.
func seedReplica(fake *awstest.AWS) func(*world, string) error {
	return func(_ *world, name string) error {
		fake.SetSecret(awstest.Secret{Name: name, Primary: primaryRegion,
			Versions: []awstest.Version{{ID: token(1), Value: "a", Labels: []string{"AWSCURRENT"}}}})
		return nil
	}
}

// replicateFrom makes a secret in the other region and has the emulator replicate it.
func replicateFrom(endpoint, region string) func(*world, string) error {
	primary := secretsmanager.NewFromConfig(awstest.ConfigFor(endpoint, primaryRegion))
	return func(w *world, name string) error {
		if _, err := primary.CreateSecret(w, &secretsmanager.CreateSecretInput{Name: aws.String(name), ClientRequestToken: aws.String(token(1)),
			SecretString: aws.String("a")}); err != nil {
			return err
		}
		_, err := primary.ReplicateSecretToRegions(w, &secretsmanager.ReplicateSecretToRegionsInput{SecretId: aws.String(name),
			AddReplicaRegions: []types.ReplicaRegionType{{Region: aws.String(region)}}})
		return err
	}
}

// replicaRows: "You can't update a replica secret in any way other than its encryption key"
// (Secrets Manager user guide, "Replicate AWS Secrets Manager secrets across Regions").
func replicaRows() []row {
	refuses := func(what string, do func(*world) error) row {
		return row{rule: "a replica is InvalidRequestException to " + what, check: func(w *world) error {
			if err := w.replicate(w, w.prefix); err != nil {
				return fmt.Errorf("replicating: %w", err)
			}
			return refused(do(w), "InvalidRequestException")
		}}
	}
	return []row{
		refuses("PutSecretValue", func(w *world) error { return w.put(w.prefix, 2, "b") }),
		refuses("UpdateSecretVersionStage", func(w *world) error { return w.move(w.prefix, "custom", 1, 0) }),
		refuses("TagResource", func(w *world) error {
			_, err := w.secrets.TagResource(w, &secretsmanager.TagResourceInput{SecretId: aws.String(w.prefix),
				Tags: []types.Tag{{Key: aws.String("k"), Value: aws.String("v")}}})
			return err
		}),
		{rule: "a replica is described with its primary region, and read", check: func(w *world) error {
			if err := w.replicate(w, w.prefix); err != nil {
				return fmt.Errorf("replicating: %w", err)
			}
			described, err := w.secrets.DescribeSecret(w, &secretsmanager.DescribeSecretInput{SecretId: aws.String(w.prefix)})
			if err != nil {
				return err
			}
			value, err := w.secrets.GetSecretValue(w, &secretsmanager.GetSecretValueInput{SecretId: aws.String(w.prefix)})
			if err != nil {
				return err
			}
			return same("PrimaryRegion", aws.ToString(described.PrimaryRegion), primaryRegion, "value", aws.ToString(value.SecretString), "a")
		}},
		{rule: "a replica is listed with its primary region", check: func(w *world) error {
			if err := w.replicate(w, w.prefix); err != nil {
				return fmt.Errorf("replicating: %w", err)
			}
			out, err := w.secrets.ListSecrets(w, &secretsmanager.ListSecretsInput{Filters: []types.Filter{by(types.FilterNameStringTypeName, w.prefix)}})
			if err != nil {
				return err
			}
			if len(out.SecretList) != 1 {
				return fmt.Errorf("%d secrets are listed, want 1", len(out.SecretList))
			}
			return same("PrimaryRegion", aws.ToString(out.SecretList[0].PrimaryRegion), primaryRegion)
		}},
	}
}
