package interop

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v3"
	"github.com/ory/fosite"
	"github.com/ory/fosite/compose"
	"github.com/ory/fosite/storage"
	"golang.org/x/crypto/bcrypt"

	"example.com/tokenkeeper/internal/tokenendpoint"
)

const clientSecret = "S3cr+t/=&%#:å z" // full of what encodings differ in

// A fositeServer is fosite with a store in memory.
type fositeServer struct {
	*httptest.Server
	spent   atomic.Int64 // requests that had a refresh token
	refused atomic.Int64
}

func startFosite(t *testing.T) *fositeServer {
	t.Helper()
	hash, err := bcrypt.GenerateFromPassword([]byte(clientSecret), bcrypt.MinCost)
	if err != nil {
		t.Fatal(err)
	}
	store := storage.NewMemoryStore()
	store.Users["ada"] = storage.MemoryUserRelation{Username: "ada", Password: clientSecret}
	for _, method := range []string{"client_secret_basic", "client_secret_post", "private_key_jwt"} {
		store.Clients[method] = &fosite.DefaultOpenIDConnectClient{
			DefaultClient: &fosite.DefaultClient{ID: method, Secret: hash,
				GrantTypes: []string{"client_credentials", "password", "refresh_token"}, Scopes: []string{"read", "offline"}, Audience: []string{"https://api.example.com"}},
			TokenEndpointAuthMethod: method, TokenEndpointAuthSigningAlgorithm: "RS256",
			JSONWebKeys: &jose.JSONWebKeySet{Keys: []jose.JSONWebKey{{Key: keys().rsa.Public(), KeyID: "k1", Use: "sig", Algorithm: "RS256"}}},
		}
	}
	s := &fositeServer{}
	config := &fosite.Config{GlobalSecret: make([]byte, 32), AccessTokenLifespan: time.Hour, RefreshTokenScopes: []string{"offline"}, ScopeStrategy: fosite.ExactScopeStrategy}
	//lint:ignore SA1019 the password grant is discouraged, and still what some providers have
	password := compose.OAuth2ResourceOwnerPasswordCredentialsFactory
	provider := compose.Compose(config, store, &compose.CommonStrategy{CoreStrategy: compose.NewOAuth2HMACStrategy(config)},
		compose.OAuth2ClientCredentialsGrantFactory, password, compose.OAuth2RefreshTokenGrantFactory)
	s.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.PostFormValue("grant_type") == "refresh_token" {
			s.spent.Add(1)
		}
		ctx := r.Context()
		request, err := provider.NewAccessRequest(ctx, r, &fosite.DefaultSession{})
		if err != nil {
			s.refused.Add(1)
			provider.WriteAccessError(ctx, w, request, err)
			return
		}
		for _, scope := range request.GetRequestedScopes() {
			request.GrantScope(scope)
		}
		response, err := provider.NewAccessResponse(ctx, request)
		if err != nil {
			s.refused.Add(1)
			provider.WriteAccessError(ctx, w, request, err)
			return
		}
		provider.WriteAccessResponse(ctx, w, request, response)
	}))
	t.Cleanup(s.Close)
	config.TokenURL = s.URL + "/token"
	return s
}

// consent returns the first refresh token, as a person obtains it.
func (s *fositeServer) consent(t *testing.T) string {
	t.Helper()
	// By hand, as a person's browser would: a config cannot have a refresh token kept in a record.
	form := url.Values{"grant_type": {"password"}, "scope": {"offline"}, "username": {"ada"}, "password": {clientSecret}}
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, s.URL+"/token", strings.NewReader(form.Encode()))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	req.SetBasicAuth("client_secret_basic", url.QueryEscape(clientSecret))
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	var answer struct {
		RefreshToken string `json:"refresh_token"`
	}
	if err := json.NewDecoder(resp.Body).Decode(&answer); err != nil || answer.RefreshToken == "" {
		t.Fatalf("answered %d, and no refresh token was given (%v)", resp.StatusCode, err)
	}
	return answer.RefreshToken
}

// fositeLogins are all combinations that fosite has.
func fositeLogins(t *testing.T, s *fositeServer) []login {
	with := func(values map[string]string, names ...string) map[string]string {
		all := map[string]string{}
		for k, v := range values {
			all[k] = v
		}
		for i := 0; i < len(names); i += 2 {
			all[names[i]] = names[i+1]
		}
		return all
	}
	var all []login
	for _, method := range []struct {
		name, more string
		config     map[string]any
		values     map[string]string
		refused    string
	}{
		{"client_secret_basic", "", nil, map[string]string{"client_secret": clientSecret}, ""},
		{"client_secret_post", "", nil, map[string]string{"client_secret": clientSecret}, ""},
		{"private_key_jwt", "RS256", map[string]any{"client_assertion": map[string]any{"aud": "token_endpoint", "kid": "k1"}}, map[string]string{"private_key": inPEM(t, keys().rsa)}, ""},
		{"client_secret_basic", "a wrong secret", nil, map[string]string{"client_secret": "wrong"}, "invalid_client"},
		{"private_key_jwt", "a wrong key", map[string]any{"client_assertion": map[string]any{"aud": "token_endpoint", "kid": "k1"}}, map[string]string{"private_key": inPEM(t, keys().otherRSA)}, "invalid_client"},
		{"private_key_jwt", "a wrong audience", map[string]any{"client_assertion": map[string]any{"aud": "https://elsewhere.example", "kid": "k1"}}, map[string]string{"private_key": inPEM(t, keys().rsa)}, "invalid_client"},
	} {
		for _, grant := range []string{"client_credentials", "password", "refresh_token"} {
			if grant == "refresh_token" && method.name != "client_secret_basic" {
				continue // a refresh token is its client's; one client is enough
			}
			l := login{grant: grant, method: method.name, more: method.more, refused: method.refused, values: with(method.values, "client_id", method.name),
				config: map[string]any{"token_endpoint": s.URL + "/token", "grant_type": grant, "token_endpoint_auth_method": method.name}}
			for k, v := range method.config {
				l.config[k] = v
			}
			switch grant {
			case "password":
				l.values = with(l.values, "username", "ada", "password", clientSecret)
				l.config["scope"] = "read"
			case "refresh_token":
				l.values = with(l.values, "refresh_token", s.consent(t))
			default:
				l.config["scope"] = "read"
				l.config["parameters"] = map[string]any{"audience": "https://api.example.com"}
			}
			all = append(all, l)
		}
	}
	return all
}

// A server that revokes all when one is used again: what we must never cause.
func TestFositeRevokesTheFamily(t *testing.T) {
	s := startFosite(t)
	p := tokenendpoint.New(tokenendpoint.Options{AllowLoopback: true})
	l := login{config: map[string]any{"token_endpoint": s.URL + "/token", "grant_type": "refresh_token"},
		values: map[string]string{"client_id": "client_secret_basic", "client_secret": clientSecret, "refresh_token": s.consent(t)}}
	_, next := l.rotate(t, p, s.URL)
	l.refused = "invalid_grant"
	l.run(t, p, s.URL) // the old one
	l.values["refresh_token"] = next.Token.Reveal()
	l.run(t, p, s.URL)
}
