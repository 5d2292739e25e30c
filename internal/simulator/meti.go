package simulator

import (
	"net/http"
	"net/url"
	"strings"
)

// audience is the API that a METI token is for.
const audience = "https://api.meti.millpont.com"

// meti is a machine-to-machine application of an Auth0 tenant: OAuth in JSON,
// with an audience. The documentation does not say how the tenant refuses an
// audience or a scope; Auth0 answers 403 access_denied for both, and hands over
// what was asked for where that is less than what was granted. For a wrong
// secret many a tenant answers 401 access_denied instead of invalid_client;
// OAuthError(401, "access_denied", "Unauthorized") plays that one.
func meti() system {
	return system{
		name:       METI,
		tokenPath:  "/oauth/token",
		secretName: "client_secret",
		credential: map[string]string{
			"client_id":     "simulated-meti-client",
			"client_secret": hardSecret("meti"),
		},
		scopes: []string{"read:sources", "write:sources", "delete:sources"},
		login:  metiRequest,
		refuse: oauthRefusal,
		claims: func(client registration, scopes []string) map[string]any {
			id := client.credential["client_id"]
			return map[string]any{
				"iss":                      "https://tenant.auth0.example/",
				"sub":                      id + "@clients",
				"aud":                      audience,
				"azp":                      id,
				"gty":                      "client-credentials",
				"scope":                    strings.Join(scopes, " "),
				audience + "/account_id":   "simulated-account",
				audience + "/role":         "custodian",
				audience + "/client_name":  "Simulated Custodian",
				audience + "/v1_client_id": "simulated-v1-client",
			}
		},
		answer: func(token string, expiresIn int64, scopes []string) any {
			return struct {
				AccessToken string `json:"access_token"`
				TokenType   string `json:"token_type"`
				ExpiresIn   int64  `json:"expires_in"`
				Scope       string `json:"scope"`
			}{token, "Bearer", expiresIn, strings.Join(scopes, " ")}
		},
		config: func(tokenEndpoint string) any {
			return oauthConfig{
				TokenEndpoint: tokenEndpoint,
				AuthMethod:    "client_secret_post",
				Body:          "json",
				Parameters:    map[string]string{"audience": audience},
				Scope:         "read:sources write:sources delete:sources",
			}
		},
		api: api{path: "/sources", scope: "read:sources", answer: sources},
	}
}

func metiRequest(r *http.Request, client registration) ([]string, *refusal) {
	params, err := readParameters(r, jsonType)
	if err != nil {
		return nil, invalidRequest(err)
	}
	if no := params.clientCredentials("client_id", "client_secret", "audience", "scope"); no != nil {
		return nil, no
	}
	if no := secretPost(r, params, client); no != nil {
		return nil, no
	}
	if params["audience"] != audience {
		return nil, oauthRefusal(http.StatusForbidden, "access_denied", "no API of this tenant has that audience")
	}
	granted, denied := client.allowed(params["scope"])
	if len(denied) > 0 {
		return nil, oauthRefusal(http.StatusForbidden, "access_denied", "the client was not granted "+spell(denied...))
	}
	return granted, nil
}

// sources is METI's list of sources, narrowed by the documented filter.
func sources(filter url.Values) any {
	type source struct {
		ID          string `json:"id"`
		Methodology string `json:"methodology"`
	}
	list := []source{}
	for _, s := range []source{{"source-1", "Agriculture"}, {"source-2", "Forestry"}} {
		if want := filter.Get("methodology"); want == "" || want == s.Methodology {
			list = append(list, s)
		}
	}
	return list
}
