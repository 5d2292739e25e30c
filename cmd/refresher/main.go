// Command refresher is the Lambda function: one invocation is one run of package refresh,
// with configs from Parameter Store, credentials from there or from Secrets Manager, and
// records in Secrets Manager.
//
// It reads its settings from the environment, documented at the type settings, and answers
// the events documented at the type event. On its standard output it writes one JSON object
// a line: what happened to each provider, and a summary from which CloudWatch makes metrics.
package main

import (
	"context"
	"crypto/x509"
	"io"
	"log"
	"log/slog"
	"os"
	"runtime/debug"
	"time"

	"github.com/aws/aws-lambda-go/lambda"

	"example.com/tokenkeeper/cmd/internal/stack"
	"example.com/tokenkeeper/internal/paramstore"
	"example.com/tokenkeeper/internal/refresh"
	"example.com/tokenkeeper/internal/secretstore"
	"example.com/tokenkeeper/internal/tokenendpoint"
)

func main() {
	// The runtime logs the errors of invocations as JSON, by package log: without a time
	// in front of it the line is an object like the others.
	log.SetFlags(0)
	// The heap is small, and so is the memory: 256 answers at once, however hostile, are to stay
	// within 64 MiB.
	debug.SetGCPercent(50)

	s, err := readSettings(os.Getenv)
	if err != nil {
		newLogger(os.Stdout, slog.LevelInfo).Error("the settings are wrong", "event", "bad_settings", "error", err.Error())
		os.Exit(1)
	}
	c := newClients(s.awsConfig(), s)
	roots, err := authorities(context.Background(), c, s.Reach.Authorities)
	if err != nil {
		newLogger(os.Stdout, slog.LevelInfo).Error("the authorities cannot be read", "event", "bad_settings", "error", err.Error())
		os.Exit(1)
	}
	lambda.Start(newHandler(s, c, newParser(s, roots), os.Stdout, time.Now))
}

// newParser returns the parser of configs, whose providers are reached as the operator says.
func newParser(s settings, roots *x509.CertPool) *tokenendpoint.Parser {
	return tokenendpoint.New(tokenendpoint.Options{AllowLoopback: s.AllowLoopback, RootCAs: roots,
		Networks: s.Reach.Networks, Proxy: s.Reach.Proxy, ProxyResolves: s.Reach.ProxyResolves})
}

// newHandler puts the function together.
func newHandler(s settings, c clients, parser refresh.Parser, out io.Writer, now func() time.Time) *handler {
	from := paramstore.Source{
		Providers:        &paramstore.Providers{Client: c.parameters, Path: s.Namespace.Providers(), Approved: s.Namespace.Approved()},
		CredentialReader: &paramstore.Credentials{Client: c.parameters, Path: s.Namespace.Credentials()},
	}
	if s.CredentialsIn == stack.InSecretsManager {
		from.CredentialReader = &secretstore.Credentials{Client: c.secrets, Prefix: s.Namespace.CredentialSecrets()}
	}
	return &handler{
		runner: &refresh.Runner{
			Source: from,
			Parser: parser,
			Store: &secretstore.Store{
				Client:          c.secrets,
				Prefix:          s.Namespace.Tokens(),
				Stack:           s.Stack,
				KMSKey:          s.KMSKey,
				Tags:            s.SecretTags,
				NoCreate:        !s.CreateSecrets,
				WritesPerSecond: s.WritesPerSecond,
				Now:             now,
			},
			Vault: &secretstore.Vault{
				Secrets: secretstore.Store{Client: c.secrets, Prefix: s.Namespace.Private(), Stack: s.Stack, Now: now},
				// No function is given its own timeout before it is invoked.
				LongestRun: secretstore.LongestRun(s.Tick),
			},
			Schedule: s.schedule(),
			Now:      now,
			Flags:    "--stack " + s.Stack + " --region " + s.Region,

			FreeDocuments: paramstore.StandardParameters,
		},
		meter: c.meter,
		stack: s.Stack,
		out:   out,
		log:   newLogger(out, s.Level),
		now:   now,
	}
}
