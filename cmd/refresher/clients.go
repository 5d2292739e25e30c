package main

import (
	"context"
	"crypto/x509"
	"fmt"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/aws/aws-sdk-go-v2/service/ssm"

	"example.com/tokenkeeper/internal/awscall"
)

// clients are those of both services.
type clients struct {
	parameters *ssm.Client
	secrets    *secretsmanager.Client
	meter      *meter // counts the calls of both
}

// awsConfig returns what the AWS SDK's own package would, of the settings that are read.
func (s settings) awsConfig() aws.Config {
	return aws.Config{
		Region:      s.Region,
		Credentials: aws.CredentialsProviderFunc(s.awsCredentials),
		// Lambda keeps the clock. The SDK would keep an offset from the last answer, and sign
		// the calls of the next run by it, wherever that answer's date came from.
		DisableClockSkewCorrection: true,
		HTTPClient:                 awscall.NewHTTPClient(s.RootCAs, s.Reach.Proxy),
	}
}

func (s settings) awsCredentials(context.Context) (aws.Credentials, error) {
	return aws.Credentials{
		AccessKeyID:     s.AccessKey.Reveal(),
		SecretAccessKey: s.SecretKey.Reveal(),
		SessionToken:    s.SessionToken.Reveal(),
		Source:          "environment",
	}, nil
}

func newClients(cfg aws.Config, s settings) clients {
	c := clients{meter: &meter{}}
	cfg.APIOptions = append(cfg.APIOptions, awscall.AfterAttempts("tokenkeeper.meter", c.meter.count))
	awscall.Configure(&cfg, s.WritesPerSecond)
	c.parameters = ssm.NewFromConfig(cfg, func(o *ssm.Options) {
		if s.SSMEndpoint != "" {
			o.BaseEndpoint = aws.String(s.SSMEndpoint)
		}
		if s.FIPS {
			o.EndpointOptions.UseFIPSEndpoint = aws.FIPSEndpointStateEnabled
		}
		if s.DualStack {
			o.EndpointOptions.UseDualStackEndpoint = aws.DualStackEndpointStateEnabled
		}
	})
	c.secrets = secretsmanager.NewFromConfig(cfg, func(o *secretsmanager.Options) {
		if s.SecretsManagerEndpoint != "" {
			o.BaseEndpoint = aws.String(s.SecretsManagerEndpoint)
		}
		if s.FIPS {
			o.EndpointOptions.UseFIPSEndpoint = aws.FIPSEndpointStateEnabled
		}
		if s.DualStack {
			o.EndpointOptions.UseDualStackEndpoint = aws.DualStackEndpointStateEnabled
		}
	})
	return c
}

// authorities returns those of the system and of the parameter; nil: those of the system alone,
// as there is no parameter.
func authorities(ctx context.Context, c clients, parameter string) (*x509.CertPool, error) {
	if parameter == "" {
		return nil, nil
	}
	ctx, cancel := context.WithTimeout(ctx, authoritiesTime)
	defer cancel()
	out, err := c.parameters.GetParameter(ctx, &ssm.GetParameterInput{Name: aws.String(parameter)})
	if err != nil {
		return nil, awscall.Call{Action: "ssm:GetParameter", Resource: parameter}.Failure(err)
	}
	pool, err := x509.SystemCertPool()
	if err != nil {
		return nil, fmt.Errorf("reading the authorities of the system: %w", err)
	}
	if !pool.AppendCertsFromPEM([]byte(aws.ToString(out.Parameter.Value))) {
		return nil, fmt.Errorf("parameter %s holds no certificate in PEM", parameter)
	}
	return pool, nil
}

// authoritiesTime is how long reading them may take: Lambda gives a process ten seconds to begin.
const authoritiesTime = 8 * time.Second
