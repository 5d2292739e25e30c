package main

import (
	"testing"
	"testing/synctest"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/aws/aws-sdk-go-v2/service/ssm"

	"example.com/tokenkeeper/internal/awscall"
	"example.com/tokenkeeper/internal/awstest"
)

func TestMeterCountsAttempts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := awstest.New(t, awstest.Options{InMemory: true})
		a.SetSecret(awstest.Secret{Name: "tokens/a"})
		a.Fail("secretsmanager:*", awstest.Throttle(2))
		a.Fail("ssm:*", awstest.LoseAnswer(1))
		c := newClients(a.Config(), settings{WritesPerSecond: awscall.WritesPerSecond})
		_, err := c.secrets.PutSecretValue(t.Context(), &secretsmanager.PutSecretValueInput{SecretId: aws.String("tokens/a"), SecretString: aws.String("{}")})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := c.parameters.GetParameter(t.Context(), &ssm.GetParameterInput{Name: aws.String("/x")}); !awscall.Is(err, "ParameterNotFound") {
			t.Fatal(err)
		}
		if got, want := c.meter.take(), (usage{calls: 5, throttles: 2}); got != want {
			t.Errorf("counted %+v, want %+v", got, want)
		}
		if got := c.meter.take(); got != (usage{}) {
			t.Errorf("counted twice: %+v", got)
		}
	})
}
