package interop

import (
	"context"
	"fmt"
	"net/http"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"

	"example.com/tokenkeeper/internal/awscall"
	"example.com/tokenkeeper/internal/awstest"
	"example.com/tokenkeeper/internal/refresh"
	"example.com/tokenkeeper/internal/secret"
	"example.com/tokenkeeper/internal/secretstore"
	"example.com/tokenkeeper/internal/tokenendpoint"
)

// A source has one config and its credential.
type source struct{ config, credential string }

func (s source) Configs(context.Context, string) ([]refresh.Document, string, error) {
	return []refresh.Document{{Name: "erp", Where: "providers/erp", Data: secret.New(s.config)}}, "", nil
}

func (s source) Latest(ctx context.Context, _ []refresh.Wanted) []refresh.Reading {
	docs, _, _ := s.Configs(ctx, "")
	return []refresh.Reading{{Configs: docs,
		Credential: refresh.Document{Name: "erp", Where: "credentials/erp", Version: "1", Data: secret.New(s.credential)}}}
}

func (s source) CredentialVersions(context.Context, []string) []refresh.CredentialVersion {
	return []refresh.CredentialVersion{{Version: "1"}}
}

// A clock is moved by hand.
type clock struct{ seconds atomic.Int64 }

func (c *clock) now() time.Time          { return time.Unix(c.seconds.Load(), 0) }
func (c *clock) advance(d time.Duration) { c.seconds.Add(int64(d / time.Second)) }

// Functions that run at once, each a process of its own, against a server that ends all
// tokens when one refresh token comes twice.
func TestRunsAtOnceSpendEachRefreshTokenOnce(t *testing.T) {
	server := startFosite(t)
	c := &clock{}
	c.seconds.Store(time.Now().Unix())
	account := awstest.New(t, awstest.Options{NoQuotas: true, Now: c.now})
	from := source{
		config:     fmt.Sprintf(`{"token_endpoint": "%s/token", "grant_type": "refresh_token"}`, server.URL),
		credential: fmt.Sprintf(`{"client_id": "client_secret_basic", "client_secret": %q, "allowed_hosts": [%q]}`, clientSecret, server.Listener.Addr()),
	}
	process := func() (*refresh.Runner, *secretstore.Vault) {
		cfg := account.Config()
		timed := *cfg.HTTPClient.(*http.Client)
		cfg.HTTPClient = &timed
		awscall.Configure(&cfg, awscall.WritesPerSecond)
		client := secretsmanager.NewFromConfig(cfg)
		vault := &secretstore.Vault{Secrets: secretstore.Store{Client: client, Prefix: "tokenkeeper/private/", Stack: "prod", Now: c.now}, LongestRun: time.Minute}
		return &refresh.Runner{
			Source:   from,
			Parser:   tokenendpoint.New(tokenendpoint.Options{AllowLoopback: true, Now: c.now}),
			Store:    &secretstore.Store{Client: client, Prefix: "tokenkeeper/tokens/", Stack: "prod", Now: c.now},
			Vault:    vault,
			Schedule: refresh.Schedule{Tick: time.Minute, CacheAge: 5 * time.Minute, Distance: secretstore.Distance, Claims: secretstore.Claims(time.Minute)},
			Now:      c.now,
		}, vault
	}
	first := refresh.StoredRefreshToken{Token: secret.New(server.consent(t))}
	account.SetSecret(awstest.Secret{Name: "tokenkeeper/private/erp", Tags: map[string]string{secretstore.TagOwner: "prod"},
		Versions: []awstest.Version{{Value: first.Encode().Reveal(), Labels: []string{"AWSCURRENT"}}}})
	for round, runs := range []int{2, 8, 64} {
		var refreshed atomic.Int64
		var wg sync.WaitGroup
		for range runs {
			runner, _ := process()
			wg.Go(func() {
				report, err := runner.Run(context.Background(), refresh.Job{})
				for _, res := range report.Results {
					switch {
					case res.Outcome == refresh.Refreshed:
						refreshed.Add(1)
					case res.Err != nil && res.Err.Code != refresh.CodeClaimed:
						t.Errorf("%d runs: %v", runs, res.Err)
					case res.Err == nil && err != nil:
						t.Errorf("%d runs: %v", runs, err)
					}
				}
			})
		}
		wg.Wait()
		if got := server.spent.Load(); got != int64(round+1) || server.refused.Load() != 0 || refreshed.Load() != 1 {
			t.Fatalf("of %d runs at once %d have refreshed; in all %d were spent, and %d refused", runs, refreshed.Load(), got, server.refused.Load())
		}
		c.advance(50 * time.Minute)
	}
}
