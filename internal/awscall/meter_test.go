package awscall_test

import (
	"testing"
	"testing/synctest"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ssm"

	"example.com/tokenkeeper/internal/awscall"
	"example.com/tokenkeeper/internal/awstest"
)

func TestMeterCountsAttempts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSubject(t)
		s.Fail("secretsmanager:*", awstest.Throttle(2))
		s.Fail("ssm:*", awstest.LoseAnswer(1))
		if err := s.put(t.Context()); err != nil {
			t.Fatal(err)
		}
		if _, err := s.params.GetParameter(t.Context(), &ssm.GetParameterInput{Name: aws.String("/x")}); !awscall.Is(err, "ParameterNotFound") {
			t.Fatal(err)
		}
		if got, want := s.meter.Take(), (awscall.Usage{Calls: 5, Throttles: 2}); got != want {
			t.Errorf("counted %+v, want %+v", got, want)
		}
		if got := s.meter.Take(); got != (awscall.Usage{}) {
			t.Errorf("counted twice: %+v", got)
		}
	})
}
