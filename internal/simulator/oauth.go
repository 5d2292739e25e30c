package simulator

import "net/http"

// A refusal is a provider's answer to a request that it does not grant.
type refusal struct {
	status    int
	challenge string // of WWW-Authenticate, if any
	body      any
}

// oauthRefusal is the error response of RFC 6749 section 5.2.
func oauthRefusal(status int, code, description string) *refusal {
	return &refusal{status: status, body: struct {
		Error       string `json:"error"`
		Description string `json:"error_description"`
	}{code, description}}
}

func invalidRequest(err error) *refusal {
	return oauthRefusal(http.StatusBadRequest, "invalid_request", err.Error())
}

// invalidClient refuses a client's authentication. A client that used the
// Authorization header must be given the scheme to use (RFC 6749 section 5.2).
func invalidClient(r *http.Request, description string) *refusal {
	no := oauthRefusal(http.StatusUnauthorized, "invalid_client", description)
	if r.Header["Authorization"] != nil {
		no.challenge = `Basic realm="token endpoint", charset="UTF-8"`
	}
	return no
}

// clientCredentials checks that the request is one of the client credentials
// grant (RFC 6749 section 4.4.2) with no parameters beside those named.
func (p parameters) clientCredentials(names ...string) *refusal {
	if err := p.only(append(names, "grant_type")...); err != nil {
		return invalidRequest(err)
	}
	if err := p.need("grant_type"); err != nil {
		return invalidRequest(err)
	}
	if p["grant_type"] != "client_credentials" {
		return oauthRefusal(http.StatusBadRequest, "unsupported_grant_type", "the grant type must be client_credentials")
	}
	return nil
}

// secretPost checks a client that authenticates in the body.
func secretPost(r *http.Request, params parameters, client registration) *refusal {
	if r.Header["Authorization"] != nil {
		return invalidClient(r, "the client must authenticate in the body")
	}
	if err := params.need("client_id", "client_secret"); err != nil {
		return invalidClient(r, err.Error())
	}
	if !client.knows(params) {
		return invalidClient(r, "unknown client or wrong secret")
	}
	return nil
}

// writeJSON answers as RFC 6749 section 5.1 asks of whatever carries a token.
func writeJSON(w http.ResponseWriter, status int, body any) {
	h := w.Header()
	h.Set("Content-Type", "application/json;charset=UTF-8")
	h.Set("Cache-Control", "no-store")
	h.Set("Pragma", "no-cache")
	w.WriteHeader(status)
	w.Write(marshal(body))
}

func (no *refusal) write(w http.ResponseWriter) {
	if no.challenge != "" {
		w.Header().Set("WWW-Authenticate", no.challenge)
	}
	writeJSON(w, no.status, no.body)
}
