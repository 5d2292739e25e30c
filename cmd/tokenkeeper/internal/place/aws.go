package place

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/credentials/stscreds"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
	"github.com/aws/smithy-go/logging"

	"example.com/tokenkeeper/cmd/internal/stack"
	"example.com/tokenkeeper/internal/awscall"
	"example.com/tokenkeeper/internal/paramstore"
	"example.com/tokenkeeper/internal/refresh"
	"example.com/tokenkeeper/internal/secretstore"
)

// An AWS is a deployment on AWS. Looking at it needs rights to metadata only.
type AWS struct {
	*paramstore.Providers
	credentials
	credentialPrefix string // what the name of each credential begins with

	store *secretstore.Store
	vault *secretstore.Vault

	// Config is how AWS is asked.
	Config aws.Config

	Deployment
	// Undiscovered is why the settings of the function are not known; nil: they are.
	Undiscovered error
	// Guessed reports whether what the user left open is not known either, and is the
	// template's default: good enough to look, and not to change anything.
	Guessed bool

	ssm     *ssm.Client
	secrets *secretsmanager.Client
	lambda  *lambda.Client
	logs    *cloudwatchlogs.Client
	now     func() time.Time
	flags   []string // those that lead here again
}

var _ Place = (*AWS)(nil)

// credentials are those of Parameter Store or of Secrets Manager.
type credentials interface {
	Credential(ctx context.Context, name string) (refresh.Document, error)
	CredentialVersion(ctx context.Context, name string) (string, error)
}

// ErrNoRegion says that no region is known.
var ErrNoRegion = errors.New("no AWS region is known")

// answerTime is how long an answer may take to reach a person, as with the AWS CLI. The two
// seconds of awscall are for a function beside AWS that has a token to store.
const answerTime = time.Minute

// OpenAWS finds the deployment.
func OpenAWS(ctx context.Context, o Options) (*AWS, error) {
	cfg, err := config.LoadDefaultConfig(ctx, o.load()...)
	if err != nil {
		return nil, o.noIdentity(err)
	}
	if cfg.Region == "" {
		return nil, ErrNoRegion
	}
	if err := o.identify(ctx, cfg); err != nil {
		return nil, err
	}
	quota := cfg.Copy()
	if quota.HTTPClient == nil { // else the AWS configuration has one, with authorities of its own
		quota.HTTPClient = awshttp.NewBuildableClient().WithTimeout(answerTime)
	}
	awscall.Configure(&quota, awscall.WritesPerSecond)
	a := &AWS{
		Config:  cfg,
		ssm:     ssm.NewFromConfig(quota),
		secrets: secretsmanager.NewFromConfig(quota),
		// An invocation that is repeated would be another login.
		lambda: lambda.NewFromConfig(cfg, func(o *lambda.Options) { o.Retryer = aws.NopRetryer{} }),
		logs:   cloudwatchlogs.NewFromConfig(cfg),
		now:    o.Now,
		flags:  o.flags(),
	}
	if a.now == nil {
		a.now = time.Now
	}
	found, err := discover(ctx, lambda.NewFromConfig(cfg), o.Stated)
	if err := o.refused(cfg.Region, err); err != nil {
		return nil, err
	}
	a.Undiscovered = err
	a.Guessed = err != nil && !o.Stated.complete()
	a.Deployment = o.Stated.or(found).or(undeployed())
	if a.KMSKey == AWSKey {
		a.KMSKey = ""
	}

	a.Providers = &paramstore.Providers{Client: a.ssm, Path: a.Namespace.Providers(), Approved: a.Namespace.Approved()}
	switch a.CredentialStore {
	case stack.InSSM:
		c := &paramstore.Credentials{Client: a.ssm, Path: a.Namespace.Credentials()}
		a.credentials, a.credentialPrefix = c, c.Path+"/"
	case stack.InSecretsManager:
		c := &secretstore.Credentials{Client: a.secrets, Prefix: a.Namespace.CredentialSecrets()}
		a.credentials, a.credentialPrefix = c, c.Prefix
	default:
		return nil, fmt.Errorf("credentials can be in %s or %s, not in %q", stack.InSSM, stack.InSecretsManager, a.CredentialStore)
	}
	a.store = &secretstore.Store{
		Client: a.secrets,
		Prefix: a.Namespace.Tokens(),
		Stack:  a.Stack,
		Tags:   a.SecretTags,
		KMSKey: a.KMSKey,
		Now:    o.Now,

		WritesPerSecond: a.WritesPerSecond,
	}
	a.vault = &secretstore.Vault{LongestRun: secretstore.LongestRun(a.Tick),
		Secrets: secretstore.Store{Client: a.secrets, Prefix: a.Namespace.Private(), Stack: a.Stack, Now: o.Now}}
	return a, nil
}

func (o Options) load() []func(*config.LoadOptions) error {
	// The SDK would write into the screen what it retries and discards.
	load := []func(*config.LoadOptions) error{config.WithLogger(logging.Nop{})}
	if o.Profile != "" {
		load = append(load, config.WithSharedConfigProfile(o.Profile))
	}
	if o.Region != "" {
		load = append(load, config.WithRegion(o.Region))
	}
	if o.EndpointURL != "" {
		load = append(load, config.WithBaseEndpoint(o.EndpointURL))
	}
	if o.MFA != nil {
		load = append(load, config.WithAssumeRoleCredentialOptions(func(r *stscreds.AssumeRoleOptions) { r.TokenProvider = o.MFA }))
	}
	return load
}

// Close has nothing to give back.
func (a *AWS) Close() error { return nil }

// Schedule is that of the deployment.
func (a *AWS) Schedule() refresh.Schedule {
	return refresh.Schedule{Tick: a.Tick, CacheAge: a.CacheAge, Distance: secretstore.Distance, Claims: secretstore.Claims(a.Tick)}
}

// Room is that of the account, as far as the stack takes it.
func (a *AWS) Room() Room {
	return Room{Limits: a.store.Limits(), RunTime: a.Timeout, Documents: paramstore.StandardParameters, CredentialsApart: a.CredentialStore != stack.InSSM}
}

// AllowsLoopback says what the function does, as on an emulator.
func (a *AWS) AllowsLoopback() bool { return a.AllowLoopback }

// ReadsCredentials is false: they are for the function alone.
func (a *AWS) ReadsCredentials() bool { return false }

// States lists secrets, which may lag five minutes.
func (a *AWS) States(ctx context.Context) ([]refresh.State, error) {
	return refresh.Pages(ctx, a.store.List)
}

// describing is how many secrets are described at a time.
const describing = 8

// Describe describes secrets, which does not lag.
func (a *AWS) Describe(ctx context.Context, providers []string) ([]refresh.State, error) {
	var mu sync.Mutex
	var states []refresh.State
	var errs []error
	var wg sync.WaitGroup
	for chunk := range slices.Chunk(providers, max(1, (len(providers)+describing-1)/describing)) {
		wg.Go(func() {
			for _, name := range chunk {
				st, err := a.describe(ctx, name)
				mu.Lock()
				if err != nil {
					errs = append(errs, err)
				} else if st.Exists {
					states = append(states, st)
				}
				mu.Unlock()
			}
		})
	}
	wg.Wait()
	return states, errors.Join(errs...)
}

// describe returns the state of one secret, which may be missing.
func (a *AWS) describe(ctx context.Context, provider string) (refresh.State, error) {
	if refresh.CheckName(provider) != nil {
		return refresh.State{}, nil // no secret has such a name
	}
	st, err := a.store.Describe(ctx, provider)
	if errors.Is(err, refresh.ErrNotFound) {
		return refresh.State{}, nil
	}
	return st, err
}

// Writes counts the versions of a secret of the last 24 hours.
func (a *AWS) Writes(ctx context.Context, provider string) (int, error) {
	writes, err := a.store.Writes(ctx, provider)
	return len(writes), err
}

// History returns the versions of a secret, the newest first.
func (a *AWS) History(ctx context.Context, provider string) ([]secretstore.StoredVersion, error) {
	return a.store.History(ctx, provider)
}
