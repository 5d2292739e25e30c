package secretstore_test

import (
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"

	"example.com/tokenkeeper/internal/awstest"
	"example.com/tokenkeeper/internal/refresh"
	"example.com/tokenkeeper/internal/refresh/storetest"
	"example.com/tokenkeeper/internal/secretstore"
)

func TestContract(t *testing.T) {
	storetest.Run(t, func(t *testing.T) (refresh.Store, storetest.Hooks) {
		fake := awstest.New(t, awstest.Options{NoQuotas: true})
		client := secretsmanager.NewFromConfig(fake.Config())
		store := &secretstore.Store{Client: client, Prefix: prefix, Stack: stack}

		put := func(provider, record string, labels []string, id *string) {
			t.Helper()
			if _, err := client.PutSecretValue(t.Context(), &secretsmanager.PutSecretValueInput{
				SecretId: aws.String(prefix + provider), SecretString: aws.String(record),
				VersionStages: labels, ClientRequestToken: id,
			}); err != nil {
				t.Fatal(err)
			}
		}
		return store, storetest.Hooks{
			Put: func(c refresh.Change) {
				put(c.Provider, c.Record.Reveal(), []string{"tokenkeeper-next"}, aws.String(string(c.To)))
			},
			Write: func(provider, record string) { put(provider, record, nil, nil) },
			Read: func(provider string) string {
				s, _ := fake.Secret(prefix + provider)
				v, _ := s.Current()
				return v.Value
			},
			Pause: func(provider string, paused bool) {
				err := store.Untag(t.Context(), provider, secretstore.TagPaused)
				if paused {
					err = store.Tag(t.Context(), provider, secretstore.TagPaused, "yes")
				}
				if err != nil {
					t.Fatal(err)
				}
			},
		}
	})
}
