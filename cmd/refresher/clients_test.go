package main

import (
	"errors"
	"net/http"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
	"github.com/google/go-cmp/cmp"
)

// A postman notes where requests go, and to whom they are accounted, and delivers none.
type postman struct{ sent []string }

func (p *postman) Do(r *http.Request) (*http.Response, error) {
	_, account, _ := strings.Cut(r.Header.Get("Authorization"), "Credential=")
	key, _, _ := strings.Cut(account, "/")
	p.sent = append(p.sent, r.URL.String()+" "+key+" "+r.Header.Get("X-Amz-Security-Token"))
	return nil, errors.New("not delivered")
}

func TestWhereCallsGo(t *testing.T) {
	for _, row := range []struct {
		name string
		edit func(*settings)
		want []string
	}{
		{"AWS", func(*settings) {}, []string{"https://ssm.eu-north-1.amazonaws.com/", "https://secretsmanager.eu-north-1.amazonaws.com/"}},
		{"AWS's FIPS endpoints", func(s *settings) { s.Region, s.FIPS = "us-east-1", true },
			[]string{"https://ssm-fips.us-east-1.amazonaws.com/", "https://secretsmanager-fips.us-east-1.amazonaws.com/"}},
		{"an emulator", func(s *settings) {
			s.SSMEndpoint, s.SecretsManagerEndpoint = "http://localhost:4566", "http://localhost:4567"
		},
			[]string{"http://localhost:4566/", "http://localhost:4567/"}},
	} {
		t.Run(row.name, func(t *testing.T) {
			s, err := read(least())
			if err != nil {
				t.Fatal(err)
			}
			row.edit(&s)
			var p postman
			cfg := s.awsConfig()
			cfg.HTTPClient = &p
			c := newClients(cfg, s)
			_, err1 := c.parameters.GetParameter(t.Context(), &ssm.GetParameterInput{Name: aws.String("/x")}, func(o *ssm.Options) { o.RetryMaxAttempts = 1 })
			_, err2 := c.secrets.DescribeSecret(t.Context(), &secretsmanager.DescribeSecretInput{SecretId: aws.String("x")}, func(o *secretsmanager.Options) { o.RetryMaxAttempts = 1 })
			if err1 == nil || err2 == nil {
				t.Error("nobody delivers")
			}
			for i := range row.want {
				row.want[i] += " " + canary + "-id " + canary + "-token"
			}
			if diff := cmp.Diff(row.want, p.sent); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			if got := c.meter.Take().Calls; got != 2 {
				t.Errorf("counted %d calls", got)
			}
		})
	}
}
