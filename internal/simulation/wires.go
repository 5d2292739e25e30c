package simulation

import (
	"context"
	"net/http"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"

	"example.com/tokenkeeper/internal/awscall"
	"example.com/tokenkeeper/internal/awstest"
	"example.com/tokenkeeper/internal/refresh"
	"example.com/tokenkeeper/internal/secret"
	"example.com/tokenkeeper/internal/secretstore"
)

// What the names of secrets begin with.
const (
	tokens  = "tokenkeeper/tokens/"
	private = "tokenkeeper/private/"
	stack   = "tokenkeeper"
)

// lines are an account and the connections to it.
type lines struct {
	account *awstest.AWS
	people  *secretsmanager.Client
}

func newLines(listsLag bool) *lines {
	o := awstest.Options{InMemory: true}
	if listsLag {
		o.ListLag = lagOfListing
	}
	l := &lines{account: awstest.Start(o)}
	cfg := l.account.Config()
	awscall.Configure(&cfg, awscall.WritesPerSecond)
	l.people = secretsmanager.NewFromConfig(cfg)
	return l
}

// connect gives a process the real store and vault.
func (l *lines) connect(p *process) {
	cfg := l.account.Config()
	timed := *cfg.HTTPClient.(*http.Client)
	timed.Timeout = awscall.NewHTTPClient(nil, nil).Timeout
	cfg.HTTPClient = &client{p, &timed}
	awscall.Configure(&cfg, awscall.WritesPerSecond)
	sm := secretsmanager.NewFromConfig(cfg)
	p.runner.Store = &secretstore.Store{Client: sm, Prefix: tokens, Stack: stack, Now: p.now}
	p.runner.Vault = &secretstore.Vault{Secrets: secretstore.Store{Client: sm, Prefix: private, Stack: stack, Now: p.now}, LongestRun: secretstore.LongestRun(p.tick)}
}

// A client carries the calls of a process, unless AWS is down or its run was killed.
type client struct {
	*process
	to *http.Client
}

var _ aws.HTTPClient = (*client)(nil)

// CloseIdleConnections has the next call use a new connection.
func (c *client) CloseIdleConnections() { c.to.CloseIdleConnections() }

// Do implements aws.HTTPClient.
func (c *client) Do(req *http.Request) (*http.Response, error) {
	if err := sleep(req.Context(), 20*time.Millisecond+c.apart("")); err != nil {
		return nil, err
	}
	if err := c.begin(); err != nil {
		return nil, err
	}
	resp, err := c.to.Do(req)
	if dead := c.arrived(); dead != nil && err == nil {
		_ = resp.Body.Close()
		return nil, dead
	}
	return resp, err
}

// throttle has AWS refuse some calls and hold back the others, or not any more.
func (l *lines) throttle(on bool) {
	if !on {
		l.account.Heal()
		return
	}
	l.account.Fail("secretsmanager:*", awstest.Throttle(20))
	l.account.Fail("secretsmanager:*", awstest.Latency(2*time.Second))
}

// put has a person put in a refresh token.
func (l *lines) put(provider, ticket string) {
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Minute)
	defer cancel()
	name, value := aws.String(private+provider), aws.String(refresh.StoredRefreshToken{Token: secret.New(ticket)}.Encode().Reveal())
	_, err := l.people.PutSecretValue(ctx, &secretsmanager.PutSecretValueInput{SecretId: name, SecretString: value})
	if awscall.Is(err, "ResourceNotFoundException") {
		_, err = l.people.CreateSecret(ctx, &secretsmanager.CreateSecretInput{Name: name, SecretString: value,
			Tags: secretstore.Tags(map[string]string{secretstore.TagOwner: stack})})
	}
	if err != nil {
		panic(err) // a fault of the simulation
	}
}

// seen returns what there is of p.
func (l *lines) seen(p *provider) (s sight) {
	tokens, _ := l.account.Secret(tokens + p.name)
	s.note, _ = refresh.ParseNote(tokens.Tags["tokenkeeper:state"])
	s.records = written(tokens)
	if v, ok := tokens.Current(); ok {
		s.record, s.stored = v.Value, v.Created
	}
	private, _ := l.account.Secret(private + p.name)
	s.tickets = written(private)
	held, _ := private.Current()
	if next, ok := private.Labelled("tokenkeeper-next"); ok && next.Created.After(held.Created) {
		held = next
	}
	s.ticket = held.Value
	return s
}

func written(s awstest.Secret) (at []time.Time) {
	for _, v := range s.Versions {
		at = append(at, v.Created)
	}
	return at
}
