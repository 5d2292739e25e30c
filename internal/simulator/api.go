package simulator

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
)

// serveAPI answers for the resource behind the provider's tokens, refusing as
// RFC 6750 section 3.1 says.
func (p *provider) serveAPI(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodGet {
		w.Header().Set("Allow", http.MethodGet)
		writeJSON(w, http.StatusMethodNotAllowed, message("the method must be GET"))
		return
	}
	if len(r.Header["Authorization"]) > 1 {
		p.deny(w, http.StatusBadRequest, `, error="invalid_request"`, "there is more than one Authorization header")
		return
	}
	token, sent := bearerToken(r)
	if !sent {
		// Without credentials there is no error to name, only a way to come in.
		p.deny(w, http.StatusUnauthorized, "", "a bearer token is needed")
		return
	}
	g, ok := p.accepts(token)
	if !ok {
		p.deny(w, http.StatusUnauthorized, `, error="invalid_token"`, "the token is malformed, over, revoked or not of this provider")
		return
	}
	if need := p.api.scope; need != "" && !slices.Contains(g.scopes, need) {
		p.deny(w, http.StatusForbidden, fmt.Sprintf(`, error="insufficient_scope", scope=%q`, need), "the token needs the scope "+need)
		return
	}
	writeJSON(w, http.StatusOK, p.api.answer(r.URL.Query()))
}

// accepts reports whether the token was issued by this provider and is live.
func (p *provider) accepts(token string) (grant, bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	g, ok := p.issued.byToken[token]
	return g, ok && g.live(p.now().Add(p.offset))
}

// bearerToken returns the token of an Authorization header (RFC 6750 section
// 2.1), and whether there was a header of that kind at all.
func bearerToken(r *http.Request) (token string, sent bool) {
	scheme, token, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	return token, strings.EqualFold(scheme, "Bearer")
}

func (p *provider) deny(w http.ResponseWriter, status int, attributes, why string) {
	w.Header().Set("WWW-Authenticate", fmt.Sprintf("Bearer realm=%q%s", p.name, attributes))
	writeJSON(w, status, message(why))
}

// message is an error as an API that is not OAuth gives it: a sentence, without
// a code.
func message(text string) map[string]string {
	return map[string]string{"message": text}
}
