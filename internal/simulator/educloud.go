package simulator

import (
	"encoding/base64"
	"errors"
	"net/http"
	"net/url"
	"strings"
)

// eduCloud takes the client's secret in a form, which its documentation sends
// as multipart, or by HTTP Basic.
func eduCloud() system {
	return system{
		name:       EduCloud,
		tokenPath:  "/connect/token",
		secretName: "client_secret",
		credential: map[string]string{
			"client_id":     "simulated-educloud-client",
			"client_secret": hardSecret("educloud"),
		},
		scopes: []string{"skolid.profile"},
		login:  eduCloudRequest,
		refuse: oauthRefusal,
		answer: func(token string, expiresIn int64, scopes []string) any {
			return struct {
				AccessToken string `json:"access_token"`
				ExpiresIn   int64  `json:"expires_in"`
				TokenType   string `json:"token_type"`
				Scope       string `json:"scope"`
			}{token, expiresIn, "Bearer", strings.Join(scopes, " ")}
		},
		config: func(tokenEndpoint string) any {
			return oauthConfig{TokenEndpoint: tokenEndpoint, AuthMethod: "client_secret_post", Body: "multipart"}
		},
		api: api{
			path:   "/example",
			answer: func(url.Values) any { return map[string]string{"example": "simulated"} },
		},
	}
}

func eduCloudRequest(r *http.Request, client registration) ([]string, *refusal) {
	params, err := readParameters(r, multipartType, formType)
	if err != nil {
		return nil, invalidRequest(err)
	}
	if no := params.clientCredentials("client_id", "client_secret", "scope"); no != nil {
		return nil, no
	}
	if r.Header["Authorization"] == nil {
		if no := secretPost(r, params, client); no != nil {
			return nil, no
		}
	} else if no := secretBasic(r, params, client); no != nil {
		return nil, no
	}
	granted, denied := client.allowed(params["scope"])
	if len(denied) > 0 {
		return nil, oauthRefusal(http.StatusBadRequest, "invalid_scope", "the client may not have "+spell(denied...))
	}
	return granted, nil
}

// secretBasic checks HTTP Basic authentication, in which identifier and secret
// are each form-encoded before they are joined (RFC 6749 section 2.3.1), and
// which leaves no place for either in the body (section 2.3).
func secretBasic(r *http.Request, params parameters, client registration) *refusal {
	if params["client_id"] != "" || params["client_secret"] != "" {
		return invalidRequest(errors.New("the client authenticates in the header and in the body; use one"))
	}
	id, secret, ok := basicCredential(r)
	if !ok {
		return invalidClient(r, "the Authorization header is not HTTP Basic with form-encoded id and secret")
	}
	if !client.knows(map[string]string{"client_id": id, "client_secret": secret}) {
		return invalidClient(r, "unknown client or wrong secret")
	}
	return nil
}

func basicCredential(r *http.Request) (id, secret string, ok bool) {
	scheme, encoded, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	if !strings.EqualFold(scheme, "Basic") || len(r.Header["Authorization"]) > 1 {
		return "", "", false
	}
	pair, err := base64.StdEncoding.DecodeString(encoded)
	if err != nil {
		return "", "", false
	}
	id, secret, ok = strings.Cut(string(pair), ":")
	id, errID := url.QueryUnescape(id)
	secret, errSecret := url.QueryUnescape(secret)
	return id, secret, ok && errID == nil && errSecret == nil
}
