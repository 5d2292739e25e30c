package main

import (
	"cmp"
	"crypto/x509"
	"errors"
	"log/slog"
	"time"

	"example.com/tokenkeeper/cmd/internal/stack"
	"example.com/tokenkeeper/internal/awscall"
	"example.com/tokenkeeper/internal/refresh"
	"example.com/tokenkeeper/internal/secret"
	"example.com/tokenkeeper/internal/secretstore"
)

// settings are what the function reads from its environment, once, at its start. The
// template sets them; the variable of each is named in its comment.
//
// Of the AWS SDK's own settings those below are read, and no others: the SDK's package
// that reads them all would make the function start later.
type settings struct {
	// Namespace is what the names of all parameters and secrets of the stack begin with, so
	// that several stacks share an account. TOKENKEEPER_NAMESPACE; tokenkeeper.
	Namespace stack.Namespace
	// Stack names this deployment: the owner that its secrets are tagged with, and the
	// dimension of its metrics. TOKENKEEPER_STACK; required.
	Stack string
	// Tick is the time between two scheduled runs. It must be what the schedule says: the
	// lead of each token is computed from it. TOKENKEEPER_TICK; 1m.
	Tick time.Duration
	// CacheAge is the longest that a consumer keeps a record without looking again. More
	// makes tokens be replaced earlier. TOKENKEEPER_CACHE_AGE; 300s, which is what the
	// Secrets Manager Agent and AWS's Lambda extension do.
	CacheAge time.Duration
	// CredentialsIn says where credentials are: "ssm", in SecureStrings, or
	// "secretsmanager". TOKENKEEPER_CREDENTIAL_STORE; ssm.
	CredentialsIn string
	// KMSKey encrypts the secrets that the stack creates: an id, an alias or an ARN.
	// TOKENKEEPER_KMS_KEY; empty, the key that AWS manages, which costs nothing and cannot
	// be used across accounts.
	KMSKey string
	// CreateSecrets lets the stack create the secrets that are missing.
	// TOKENKEEPER_CREATE_SECRETS; true.
	CreateSecrets bool
	// SecretTags are given to the secrets that the stack creates, beside its own.
	// TOKENKEEPER_SECRET_TAGS, as KEY=VALUE,KEY=VALUE; none.
	SecretTags map[string]string
	// WritesPerSecond is how many of the 50 writes that an account has in a second and region
	// are taken: of PutSecretValue and UpdateSecretVersionStage, two for each token. 5 to 48.
	// More keeps more tokens, and leaves less for others who write secrets there.
	// TOKENKEEPER_WRITES_PER_SECOND; 40.
	WritesPerSecond int
	// AllowLoopback lets token endpoints be on this machine, and without TLS: for
	// simulators, never in an account that matters. TOKENKEEPER_ALLOW_LOOPBACK; false.
	AllowLoopback bool

	// Level is of what log lines have to be at least. Lambda sets AWS_LAMBDA_LOG_LEVEL from
	// the function's logging configuration; INFO.
	Level slog.Level

	// Region is where the parameters and secrets are. AWS_REGION, set by Lambda; required.
	Region string
	// AccessKey, SecretKey and SessionToken are those of the role, from
	// AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and AWS_SESSION_TOKEN, set by Lambda. An
	// execution environment does not outlive them.
	AccessKey, SecretKey, SessionToken secret.Text
	// SSMEndpoint and SecretsManagerEndpoint are asked in the place of AWS's own.
	// AWS_ENDPOINT_URL_SSM and AWS_ENDPOINT_URL_SECRETS_MANAGER; else AWS_ENDPOINT_URL, for
	// both; empty, AWS's own.
	SSMEndpoint, SecretsManagerEndpoint string
	// FIPS has calls go to AWS's FIPS endpoints. AWS_USE_FIPS_ENDPOINT; false.
	FIPS bool
	// DualStack has calls go to AWS's endpoints for IPv6 and IPv4.
	// AWS_USE_DUALSTACK_ENDPOINT; false.
	DualStack bool
	// RootCAs are the authorities that AWS's certificates are checked against, read from the
	// PEM file AWS_CA_BUNDLE; nil: those of the system. Providers' are checked against others.
	RootCAs *x509.CertPool

	Reach reach
}

// readSettings reads the environment. The error has everything that is wrong with it.
func readSettings(getenv func(string) string) (settings, error) {
	e := environment{getenv: getenv}
	endpoint := e.url("AWS_ENDPOINT_URL")
	s := settings{
		Namespace:              e.namespace(stack.VarNamespace),
		Stack:                  e.matching(stack.VarStack, stack.ValidName, "1 to 128 letters, digits, -, _ and ."),
		Tick:                   e.duration(stack.VarTick, stack.DefaultTick),
		CacheAge:               e.duration(stack.VarCacheAge, stack.DefaultCacheAge),
		CredentialsIn:          e.choice(stack.VarCredentialStore, stack.InSSM, stack.InSecretsManager),
		KMSKey:                 getenv(stack.VarKMSKey),
		CreateSecrets:          e.boolean(stack.VarCreateSecrets, true),
		SecretTags:             e.tags(stack.VarSecretTags),
		WritesPerSecond:        e.integer(stack.VarWritesPerSecond, awscall.WritesPerSecond, 5, awscall.MostWrites),
		AllowLoopback:          e.boolean(stack.VarAllowLoopback, false),
		Level:                  e.level("AWS_LAMBDA_LOG_LEVEL"),
		Region:                 e.required("AWS_REGION"),
		AccessKey:              secret.New(e.required("AWS_ACCESS_KEY_ID")),
		SecretKey:              secret.New(e.required("AWS_SECRET_ACCESS_KEY")),
		SessionToken:           secret.New(getenv("AWS_SESSION_TOKEN")),
		SSMEndpoint:            cmp.Or(e.url("AWS_ENDPOINT_URL_SSM"), endpoint),
		SecretsManagerEndpoint: cmp.Or(e.url("AWS_ENDPOINT_URL_SECRETS_MANAGER"), endpoint),
		FIPS:                   e.boolean("AWS_USE_FIPS_ENDPOINT", false),
		DualStack:              e.boolean("AWS_USE_DUALSTACK_ENDPOINT", false),
		RootCAs:                e.authorities("AWS_CA_BUNDLE"),
		Reach:                  e.reach(),
	}
	if err := s.schedule().Check(); err != nil {
		e.problems = append(e.problems, err)
	}
	// The SDK makes no call then, and reports that as a connection that failed.
	if (s.FIPS || s.DualStack) && s.SSMEndpoint+s.SecretsManagerEndpoint != "" {
		e.problems = append(e.problems, errors.New("AWS_USE_FIPS_ENDPOINT and AWS_USE_DUALSTACK_ENDPOINT choose among AWS's endpoints, "+
			"and AWS_ENDPOINT_URL names another: unset either"))
	}
	return s, errors.Join(e.problems...)
}

func (s settings) schedule() refresh.Schedule {
	return refresh.Schedule{Tick: s.Tick, CacheAge: s.CacheAge, Distance: secretstore.Distance, Claims: secretstore.Claims(s.Tick)}
}

// level refuses what would make Lambda drop the line that the metrics are taken from, which
// is of level INFO.
func (e *environment) level(name string) slog.Level {
	switch cmp.Or(e.getenv(name), "INFO") {
	case "TRACE", "DEBUG":
		return slog.LevelDebug
	case "INFO":
	default:
		e.wrong(name, "INFO or lower, or there would be no metrics, and no alarms: set the function's ApplicationLogLevel")
	}
	return slog.LevelInfo
}

func (e *environment) namespace(name string) stack.Namespace {
	n := stack.Namespace(cmp.Or(e.getenv(name), stack.DefaultName))
	for _, want := range n.Wrong() {
		e.wrong(name, want)
	}
	return n
}
