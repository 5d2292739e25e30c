package main

import (
	"fmt"
	"log/slog"
	"maps"
	"net/netip"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"example.com/tokenkeeper/internal/refresh"
	"example.com/tokenkeeper/internal/secret"
	"example.com/tokenkeeper/internal/secretstore"
)

const canary = "c4n@ry"

// least is the least that must be set.
func least() map[string]string {
	return map[string]string{
		"TOKENKEEPER_STACK":     "prod",
		"AWS_REGION":            "eu-north-1",
		"AWS_ACCESS_KEY_ID":     canary + "-id",
		"AWS_SECRET_ACCESS_KEY": canary + "-key",
		"AWS_SESSION_TOKEN":     canary + "-token",
	}
}

func read(env map[string]string) (settings, error) {
	return readSettings(func(name string) string { return env[name] })
}

var secrets = cmp.Comparer(secret.Text.Equal)

func TestSettingsByDefault(t *testing.T) {
	got, err := read(least())
	want := settings{
		Namespace:       "tokenkeeper",
		Stack:           "prod",
		Tick:            time.Minute,
		CacheAge:        300 * time.Second,
		CredentialsIn:   "ssm",
		CreateSecrets:   true,
		WritesPerSecond: 40,
		Level:           slog.LevelInfo,
		Region:          "eu-north-1",
		AccessKey:       secret.New(canary + "-id"),
		SecretKey:       secret.New(canary + "-key"),
		SessionToken:    secret.New(canary + "-token"),
	}
	if diff := cmp.Diff(want, got, secrets); diff != "" || err != nil {
		t.Errorf("%v (-want +got):\n%s", err, diff)
	}
	if strings.Contains(fmt.Sprintf("%v %+v %#v", got, got, got), canary) {
		t.Error("printing them shows the role's credentials")
	}
	places := []string{got.Namespace.Providers(), got.Namespace.Credentials(), got.Namespace.CredentialSecrets(), got.Namespace.Tokens()}
	if diff := cmp.Diff([]string{"/tokenkeeper/providers", "/tokenkeeper/credentials", "tokenkeeper/credentials/", "tokenkeeper/tokens/"}, places); diff != "" {
		t.Errorf("places (-want +got):\n%s", diff)
	}
}

func TestSettings(t *testing.T) {
	env := least()
	maps.Copy(env, map[string]string{
		"TOKENKEEPER_NAMESPACE":            "acme/tokenkeeper",
		"TOKENKEEPER_TICK":                 "5m",
		"TOKENKEEPER_CACHE_AGE":            "1h",
		"TOKENKEEPER_CREDENTIAL_STORE":     "secretsmanager",
		"TOKENKEEPER_KMS_KEY":              "alias/tokens",
		"TOKENKEEPER_CREATE_SECRETS":       "false",
		"TOKENKEEPER_WRITES_PER_SECOND":    "48",
		"TOKENKEEPER_ALLOW_LOOPBACK":       "true",
		"AWS_LAMBDA_LOG_LEVEL":             "DEBUG",
		"AWS_ENDPOINT_URL":                 "http://localhost:4566",
		"AWS_ENDPOINT_URL_SECRETS_MANAGER": "https://secrets.example",
		"TOKENKEEPER_SECRET_TAGS":          "cost-center=4711,team=",
		"TOKENKEEPER_PROVIDER_NETWORKS":    "10.20.0.0/16,fd12:3456:789a::/48",
		"TOKENKEEPER_AUTHORITIES":          "/acme/authorities",
		"TOKENKEEPER_PROXY_RESOLVES":       "true",
		"HTTPS_PROXY":                      "http://proxy.acme.example:3128",
	})
	got, err := read(env)
	want := settings{
		Namespace:              "acme/tokenkeeper",
		Stack:                  "prod",
		Tick:                   5 * time.Minute,
		CacheAge:               time.Hour,
		CredentialsIn:          "secretsmanager",
		KMSKey:                 "alias/tokens",
		WritesPerSecond:        48,
		AllowLoopback:          true,
		Level:                  slog.LevelDebug,
		Region:                 "eu-north-1",
		AccessKey:              secret.New(canary + "-id"),
		SecretKey:              secret.New(canary + "-key"),
		SessionToken:           secret.New(canary + "-token"),
		SSMEndpoint:            "http://localhost:4566",
		SecretsManagerEndpoint: "https://secrets.example",
		SecretTags:             map[string]string{"cost-center": "4711", "team": ""},
		Reach: reach{
			Networks:      []netip.Prefix{netip.MustParsePrefix("10.20.0.0/16"), netip.MustParsePrefix("fd12:3456:789a::/48")},
			Authorities:   "/acme/authorities",
			Proxy:         &url.URL{Scheme: "http", Host: "proxy.acme.example:3128"},
			ProxyResolves: true,
		},
	}
	if diff := cmp.Diff(want, got, secrets, cmp.Comparer(func(a, b netip.Prefix) bool { return a == b })); diff != "" || err != nil {
		t.Errorf("%v (-want +got):\n%s", err, diff)
	}
	for text, n := range map[string]int{"5": 5, "6": 6, "40": 40, "47": 47} {
		env["TOKENKEEPER_WRITES_PER_SECOND"] = text
		if got, err := read(env); err != nil || got.WritesPerSecond != n {
			t.Errorf("%s writes a second are read as %d: %v", text, got.WritesPerSecond, err)
		}
	}
}

// The schedule keeps to what Secrets Manager and the template allow, at any tick.
func TestTheSchedule(t *testing.T) {
	for _, tick := range []time.Duration{time.Minute, 30 * time.Minute} {
		got := settings{Tick: tick, CacheAge: time.Hour}.schedule()
		want := refresh.Schedule{Tick: tick, CacheAge: time.Hour, Distance: secretstore.Distance, Claims: secretstore.Claims(tick)}
		if got != want {
			t.Errorf("%+v, want %+v", got, want)
		}
	}
}

// FIPS and dual-stack endpoints are AWS's own: with another one the SDK makes no call at all.
func TestEndpointsOfAWS(t *testing.T) {
	for _, row := range []struct {
		set     map[string]string
		refused bool
	}{
		{map[string]string{"AWS_USE_FIPS_ENDPOINT": "true", "AWS_USE_DUALSTACK_ENDPOINT": "true"}, false},
		{map[string]string{"AWS_USE_FIPS_ENDPOINT": "true", "AWS_ENDPOINT_URL": "http://localhost:4566"}, true},
		{map[string]string{"AWS_USE_DUALSTACK_ENDPOINT": "true", "AWS_ENDPOINT_URL_SSM": "http://localhost:4566"}, true},
		{map[string]string{"AWS_USE_FIPS_ENDPOINT": "false", "AWS_ENDPOINT_URL": "http://localhost:4566"}, false},
	} {
		env := least()
		maps.Copy(env, row.set)
		s, err := read(env)
		if (err != nil) != row.refused {
			t.Errorf("%v: %v", row.set, err)
		}
		if err == nil && (s.FIPS != (env["AWS_USE_FIPS_ENDPOINT"] == "true") || s.DualStack != (env["AWS_USE_DUALSTACK_ENDPOINT"] == "true")) {
			t.Errorf("%v: FIPS %t, dual stack %t", row.set, s.FIPS, s.DualStack)
		}
	}
}

func TestSettingsThatAreWrong(t *testing.T) {
	for _, row := range []struct{ name, value, want string }{
		{"TOKENKEEPER_STACK", "", "TOKENKEEPER_STACK is not set; it must be 1 to 128 letters, digits, -, _ and ."},
		{"TOKENKEEPER_STACK", "a b", `TOKENKEEPER_STACK is "a b"; it must be 1 to 128 letters, digits, -, _ and .`},
		{"TOKENKEEPER_TICK", "1", `TOKENKEEPER_TICK is "1"; it must be a duration with its unit, such as "1m" or "300s"`},
		{"TOKENKEEPER_TICK", "100ms", "the tick is 100ms; it must be at least 1s"},
		{"TOKENKEEPER_CACHE_AGE", "-1s", "the cache age is -1s; it must not be negative"},
		{"TOKENKEEPER_CREDENTIAL_STORE", "vault", `TOKENKEEPER_CREDENTIAL_STORE is "vault"; it must be ssm or secretsmanager`},
		{"TOKENKEEPER_CREATE_SECRETS", "no", `TOKENKEEPER_CREATE_SECRETS is "no"; it must be true or false`},
		{"TOKENKEEPER_SECRET_TAGS", "team", `TOKENKEEPER_SECRET_TAGS is "team"; it must be KEY=VALUE with commas between, each key once and none beginning with aws: or tokenkeeper:`},
		{"TOKENKEEPER_SECRET_TAGS", "a=1,tokenkeeper:paused=x", `TOKENKEEPER_SECRET_TAGS is "a=1,tokenkeeper:paused=x"; it must be KEY=VALUE with commas between, each key once and none beginning with aws: or tokenkeeper:`},
		{"TOKENKEEPER_PROVIDER_NETWORKS", "10.0.0.0/7", "TOKENKEEPER_PROVIDER_NETWORKS: 10.0.0.0/7 is too wide: a network has a prefix of at least /8, or /32 of IPv6"},
		{"TOKENKEEPER_PROVIDER_NETWORKS", "169.254.0.0/16", "TOKENKEEPER_PROVIDER_NETWORKS: 169.254.0.0/16 contains addresses of 169.254.0.0/16, at which no provider may be"},
		{"TOKENKEEPER_AUTHORITIES", "authorities", `TOKENKEEPER_AUTHORITIES is "authorities"; it must be the name of a parameter, beginning with a slash`},
		{"TOKENKEEPER_PROXY_RESOLVES", "true", "TOKENKEEPER_PROXY_RESOLVES is true, and there is no HTTPS_PROXY"},
		{"HTTPS_PROXY", "http://us:c4n@ry@proxy.acme.example:3128", "HTTPS_PROXY must be the URL of an HTTP proxy without a user, such as http://proxy.acme.example:3128"},
		{"https_proxy", "proxy.acme.example", "https_proxy must be the URL of an HTTP proxy without a user, such as http://proxy.acme.example:3128"},
		{"https_proxy", "https://proxy.acme.example", "https_proxy must be the URL of an HTTP proxy without a user, such as http://proxy.acme.example:3128"},
		{"https_proxy", "http://[::1", "https_proxy must be the URL of an HTTP proxy without a user, such as http://proxy.acme.example:3128"},
		{"https_proxy", "http://:3128", "https_proxy must be the URL of an HTTP proxy without a user, such as http://proxy.acme.example:3128"},
		{"https_proxy", "http://proxy.acme.example/x", "https_proxy must be the URL of an HTTP proxy without a user, such as http://proxy.acme.example:3128"},
		{"HTTP_PROXY", "http://proxy.acme.example:3128", "HTTP_PROXY is set, and is not supported: all calls go through HTTPS_PROXY, or none"},
		{"no_proxy", "acme.example", "no_proxy is set, and is not supported: all calls go through HTTPS_PROXY, or none"},
		{"AWS_CA_BUNDLE", "/no/such/bundle.pem", `AWS_CA_BUNDLE is "/no/such/bundle.pem"; it must be a readable file with certificates in PEM`},
		{"AWS_USE_DUALSTACK_ENDPOINT", "maybe", `AWS_USE_DUALSTACK_ENDPOINT is "maybe"; it must be true or false`},
		{"TOKENKEEPER_WRITES_PER_SECOND", "4", `TOKENKEEPER_WRITES_PER_SECOND is "4"; it must be a number from 5 to 48`},
		{"TOKENKEEPER_WRITES_PER_SECOND", "49", `TOKENKEEPER_WRITES_PER_SECOND is "49"; it must be a number from 5 to 48`},
		{"TOKENKEEPER_WRITES_PER_SECOND", "4e1", `TOKENKEEPER_WRITES_PER_SECOND is "4e1"; it must be a number from 5 to 48`},
		{"AWS_REGION", "", "AWS_REGION is not set"},
		{"AWS_SECRET_ACCESS_KEY", "", "AWS_SECRET_ACCESS_KEY is not set"},
		{"AWS_ENDPOINT_URL", "localhost:4566", `AWS_ENDPOINT_URL is "localhost:4566"; it must be a URL such as http://localhost:4566`},
		{"AWS_ENDPOINT_URL", "http://[::1", `AWS_ENDPOINT_URL is "http://[::1"; it must be a URL such as http://localhost:4566`},
		{"AWS_ENDPOINT_URL", "ftp://localhost", `AWS_ENDPOINT_URL is "ftp://localhost"; it must be a URL such as http://localhost:4566`},
		{"AWS_ENDPOINT_URL", "http:///x", `AWS_ENDPOINT_URL is "http:///x"; it must be a URL such as http://localhost:4566`},
		{"AWS_ENDPOINT_URL", "http://user@localhost", `AWS_ENDPOINT_URL is "http://user@localhost"; it must be a URL such as http://localhost:4566`},
		{"AWS_LAMBDA_LOG_LEVEL", "WARN", `AWS_LAMBDA_LOG_LEVEL is "WARN"; it must be INFO or lower, or there would be no metrics, and no alarms: set the function's ApplicationLogLevel`},
		{"TOKENKEEPER_NAMESPACE", "/tokenkeeper", `TOKENKEEPER_NAMESPACE is "/tokenkeeper"; it must be up to ten parts of letters, digits, -, _ and . with slashes between, in all at most 200 characters`},
		{"TOKENKEEPER_NAMESPACE", "aws-tokens", `TOKENKEEPER_NAMESPACE is "aws-tokens"; it must be a name that does not begin with aws or ssm, which Parameter Store keeps for itself`},
		// The stack's records would lie among those of the stack with name space tokenkeeper.
		{"TOKENKEEPER_NAMESPACE", "tokenkeeper/tokens", `TOKENKEEPER_NAMESPACE is "tokenkeeper/tokens"; it must be a name without "tokens" as a part of it, or one stack would store its secrets among the tokens of another`},
		{"TOKENKEEPER_NAMESPACE", "tokenkeeper/credentials/x", `TOKENKEEPER_NAMESPACE is "tokenkeeper/credentials/x"; it must be a name without "credentials" as a part of it, or one stack would store its secrets among the credentials of another`},
	} {
		t.Run(row.name+"="+row.value, func(t *testing.T) {
			env := least()
			env[row.name] = row.value
			if _, err := read(env); err == nil || err.Error() != row.want {
				t.Errorf("got  %v\nwant %s", err, row.want)
			}
		})
	}
}

func TestAllProblemsAreToldAtOnce(t *testing.T) {
	_, err := read(map[string]string{"TOKENKEEPER_TICK": "soon", "AWS_ENDPOINT_URL_SSM": "?", "AWS_SECRET_ACCESS_KEY": canary})
	for _, name := range []string{"TOKENKEEPER_STACK", "TOKENKEEPER_TICK", "AWS_REGION", "AWS_ACCESS_KEY_ID", "AWS_ENDPOINT_URL_SSM"} {
		if err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("%s is not reported: %v", name, err)
		}
	}
	if strings.Contains(fmt.Sprint(err), canary) {
		t.Error("the error shows the role's credentials")
	}
}
