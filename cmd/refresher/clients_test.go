package main

import (
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
	"github.com/google/go-cmp/cmp"
)

// A postman notes where requests go, and to which provider they are accounted, and delivers none.
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
		{"AWS's endpoints for both versions of IP", func(s *settings) { s.DualStack = true },
			// Secrets Manager's own endpoint is for both.
			[]string{"https://ssm.eu-north-1.api.aws/", "https://secretsmanager.eu-north-1.amazonaws.com/"}},
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
			if got := c.meter.take().calls; got != 2 {
				t.Errorf("counted %d calls", got)
			}
		})
	}
}

// A clockTower answers with the date of a clock that is an hour ahead, and notes by which
// time requests are signed.
type clockTower struct{ signed []time.Time }

func (c *clockTower) Do(r *http.Request) (*http.Response, error) {
	at, err := time.Parse("20060102T150405Z", r.Header.Get("X-Amz-Date"))
	if err != nil {
		return nil, err
	}
	c.signed = append(c.signed, at)
	return &http.Response{StatusCode: http.StatusOK, Header: http.Header{"Date": {time.Now().Add(time.Hour).UTC().Format(http.TimeFormat)}},
		Body: io.NopCloser(strings.NewReader("{}")), Request: r}, nil
}

// A date in an answer, which a proxy may have written, does not decide by which time the calls
// of later runs are signed.
func TestTheClockIsLambdas(t *testing.T) {
	s, err := read(least())
	if err != nil {
		t.Fatal(err)
	}
	var tower clockTower
	cfg := s.awsConfig()
	cfg.HTTPClient = &tower
	c := newClients(cfg, s)
	for range 2 {
		if _, err := c.secrets.DescribeSecret(t.Context(), &secretsmanager.DescribeSecretInput{SecretId: aws.String("x")}); err != nil {
			t.Fatal(err)
		}
	}
	for _, at := range tower.signed {
		if off := time.Since(at).Abs(); off > time.Minute {
			t.Errorf("a call is signed by a clock that is %v off", off)
		}
	}
}
