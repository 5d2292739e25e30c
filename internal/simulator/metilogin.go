package simulator

import "net/http"

// metiLogin is METI's older login: an account's e-mail address and password,
// and errors of its own.
func metiLogin() system {
	return system{
		name:       METILogin,
		tokenPath:  "/token",
		secretName: "password",
		credential: map[string]string{
			"email":    "simulated+meti@login.example",
			"password": hardSecret("meti-login"),
		},
		login: metiLoginRequest,
		refuse: func(status int, _, description string) *refusal {
			return messageRefusal(status, description)
		},
		claims: func(registration, []string) map[string]any {
			return map[string]any{"sub": "simulated-account"}
		},
		answer: func(token string, expiresIn int64, _ []string) any {
			return struct {
				Token     string `json:"token"`
				ExpiresIn int64  `json:"expires_in"`
			}{token, expiresIn}
		},
		config: func(tokenEndpoint string) any {
			return loginConfig{
				Request: loginRequest{
					URL:  tokenEndpoint,
					JSON: map[string]string{"email": "${email}", "password": "${password}"},
				},
				Response: map[string]string{"access_token": "token"},
			}
		},
		api: api{path: "/sources", answer: sources},
	}
}

func metiLoginRequest(r *http.Request, client registration) ([]string, *refusal) {
	if r.Header["Authorization"] != nil {
		return nil, messageRefusal(http.StatusBadRequest, "this login takes no Authorization header")
	}
	params, err := readParameters(r, jsonType)
	if err == nil {
		err = params.exactly("email", "password")
	}
	switch {
	case isWrongType(err):
		return nil, messageRefusal(http.StatusUnsupportedMediaType, err.Error())
	case err != nil:
		return nil, messageRefusal(http.StatusBadRequest, err.Error())
	case !client.knows(params):
		return nil, messageRefusal(http.StatusUnauthorized, "wrong email or password")
	}
	return nil, nil
}

func messageRefusal(status int, description string) *refusal {
	return &refusal{status: status, body: message(description)}
}
