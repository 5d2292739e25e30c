package simulator

import (
	"net/http"
	"net/url"
)

// meitner is OAuth in its plainest form: an urlencoded form, the secret in the
// body, no scopes.
func meitner() system {
	return system{
		name:       Meitner,
		tokenPath:  "/oauth/token",
		secretName: "client_secret",
		credential: map[string]string{
			"client_id":     "simulated-meitner-client",
			"client_secret": hardSecret("meitner"),
		},
		login:  meitnerRequest,
		refuse: oauthRefusal,
		claims: func(client registration, _ []string) map[string]any {
			return map[string]any{
				"iss": "https://api.meitner.example/",
				"sub": client.credential["client_id"],
			}
		},
		answer: func(token string, expiresIn int64, _ []string) any {
			return struct {
				AccessToken string `json:"access_token"`
				TokenType   string `json:"token_type"`
				ExpiresIn   int64  `json:"expires_in"`
			}{token, "Bearer", expiresIn}
		},
		config: func(tokenEndpoint string) any {
			return oauthConfig{TokenEndpoint: tokenEndpoint, AuthMethod: "client_secret_post"}
		},
		api: api{
			path: "/directory/v1/school",
			answer: func(url.Values) any {
				return map[string]any{"schools": []map[string]string{{"id": "school-1", "name": "Simulated School"}}}
			},
		},
	}
}

func meitnerRequest(r *http.Request, client registration) ([]string, *refusal) {
	params, err := readParameters(r, formType)
	if err != nil {
		return nil, invalidRequest(err)
	}
	if no := params.clientCredentials("client_id", "client_secret"); no != nil {
		return nil, no
	}
	return nil, secretPost(r, params, client)
}

// hardSecret returns a secret with the characters that form, JSON, URL, shell
// and header encodings each treat in their own way. It holds what would be a
// second escape if it were decoded twice, and what would be a placeholder if it
// were substituted twice.
func hardSecret(of string) string {
	return "simulated-" + of + ` +/=&%#"\<>: %2B ${email} åß🔑`
}
