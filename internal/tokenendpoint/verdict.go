package tokenendpoint

import (
	"fmt"
	"net/http"
	"regexp"

	"example.com/tokenkeeper/internal/refresh"
	"example.com/tokenkeeper/internal/wire"
)

// A verdict is what a fault asks for: who must act, and how often the provider is asked
// in one run. All of them are decided in this file; a login that cannot be repeated is then
// asked for less often, see spending and plan.supersedes.
type verdict struct {
	class   refresh.Class
	suspect bool
	tries   int
}

// passing faults end by themselves.
func passing() verdict { return verdict{class: refresh.Transient, tries: 3} }

// unresolved: the provider's name is not known just now.
func unresolved() verdict { return verdict{class: refresh.Transient, tries: 2} }

// doubtful: the answer makes no sense. For three runs in a row that is put down to chance;
// then an operator must look. Asking again at once would use up logins.
func doubtful() verdict { return verdict{class: refresh.Transient, suspect: true, tries: 1} }

// settled: the same will come of the same request, and a login that is refused again
// and again is locked.
func settled() verdict { return verdict{class: refresh.Misconfigured, tries: 1} }

// revoked: the refresh token has expired, or was used elsewhere. A person must log in, unless
// a second look shows that it was said in error.
func revoked() verdict { return verdict{class: refresh.NeedsPerson, suspect: true, tries: 1} }

// busy: the provider refuses for now, and asking again at once would keep it so.
func busy() verdict { return verdict{class: refresh.Transient, tries: 1} }

// ofOAuth returns the verdict on an error code of OAuth, as registered for the answers
// of token endpoints and resources (RFC 6749 section 11.4.1); ok is false for others.
func ofOAuth(code string) (v verdict, ok bool) {
	switch code {
	case "invalid_client", "unauthorized_client", "unsupported_grant_type", "invalid_scope",
		"invalid_grant": // the login itself; for a refresh token see ofGrant
		return settled(), true
	case "temporarily_unavailable", "server_error", "slow_down":
		return passing(), true
	case "invalid_request", "access_denied", "invalid_target", "invalid_token", "insufficient_scope",
		"unsupported_response_type", "unsupported_token_type", "authorization_pending", "expired_token",
		"interaction_required", "login_required", "consent_required", "account_selection_required",
		"invalid_dpop_proof", "use_dpop_nonce", "invalid_authorization_details":
		return doubtful(), true
	}
	return verdict{}, false
}

// ofGrant returns the verdict on invalid_grant, where a refresh token was sent if spends is set;
// v is that on a password or an assertion, and is returned of other codes. Where the status says
// that it passes, the word does not count; nor where the description does.
func ofGrant(code, text string, v verdict, spends bool) verdict {
	switch {
	case code != "invalid_grant" || v == passing():
		return v
	case passes.MatchString(text):
		return busy()
	case spends:
		return revoked()
	}
	return v
}

var (
	// passes is what providers write beside invalid_grant where they mean that they are asked too
	// often or at the same time, such as Salesforce: "token request is already being processed" and
	// "login rate exceeded".
	passes = regexp.MustCompile(`(?i)(already|currently) being processed|in progress|concurrent|rate (limit )?exceeded|rate[- ]limit|too many (token )?requests|throttl`)
	// ofRefreshToken is what providers call a refresh token that is no longer good.
	ofRefreshToken = regexp.MustCompile(`^(?:(?:bad|invalid|expired|revoked)_refresh_token|refresh_token_(?:expired|invalid|revoked|reused))$`)
)

// ofFault returns the verdict on what is found here. In an answer that cannot be used it may be
// chance; where a config or a credential does not fit, or would give something away, it is not. A
// probe that fails is about the token and not the login: a new one is tried later.
func ofFault(code string) verdict {
	switch code {
	case refresh.CodeBadCredential, refresh.CodeSecretInRecord, refresh.CodeTokenTooLarge, codeSecretInAnswer, codeHostNotAllowed:
		return settled()
	}
	return doubtful()
}

// ofRefusal returns the code of, and the verdict on, an answer whose status is not 2xx.
// oauth is the error code in it, whichever field has it, or empty.
func ofRefusal(status int, oauth string) (code string, v verdict) {
	code = fmt.Sprintf("http_%d", status)
	v, registered := ofOAuth(oauth)
	switch {
	case registered:
		code = oauth
	case oauth != "":
		code = codeUnknownError
	}
	switch {
	case status == http.StatusTooManyRequests, status == http.StatusRequestTimeout, status == http.StatusTooEarly,
		status >= 500:
		return code, passing()
	case status == http.StatusUnauthorized:
		// Whatever the word for it: Auth0 says access_denied of a wrong secret.
		return code, settled()
	case registered:
		return code, v
	case status >= 300 && status < 400:
		return codeRedirected, doubtful()
	}
	return code, doubtful()
}

// ofAnswer returns the verdict on an error in an answer whose status says success.
func ofAnswer(oauth string) (code string, v verdict) {
	v, registered := ofOAuth(oauth)
	switch {
	case !registered && oauth == "":
		return codeLoginFailed, doubtful()
	case !registered:
		return codeUnknownError, doubtful()
	case v == settled():
		return oauth, v
	}
	return oauth, doubtful()
}

// ofTransport returns the verdict on, and a remedy for, a request that no whole answer came to.
func ofTransport(kind wire.Kind) (v verdict, remedy string) {
	switch kind {
	case wire.Canceled:
		return verdict{class: refresh.Transient, tries: 1}, ""
	case wire.HostNotFound:
		return unresolved(), "if it stays so, check the host's name for a typo"
	case wire.AddressNotAllowed:
		return settled(), "look at the host's DNS entry; a private address is asked only inside the operator's ProviderNetworks (--provider-network), a link-local or loopback one never"
	case wire.ProxyRefused:
		return settled(), "have the operator of the proxy allow the host"
	case wire.Untrusted:
		return settled(), `the provider must present a certificate for that name from a public authority, or the owner of the credential name its authority as "authorities"`
	case wire.HandshakeFailed:
		return settled(), "the provider must speak TLS 1.2 or later at that port, with a key exchange that is safe today; a client certificate is shown where the config says so"
	case wire.BadAnswer:
		return doubtful(), ""
	}
	return passing(), ""
}

// Codes of failures, beside those of packages answer, refresh and wire, the registered ones of
// OAuth that a provider names (see [ofOAuth]), and "http_" with a status. docs/operations.md has each.
const (
	// Before anything is sent.
	codeHostNotAllowed = "host_not_allowed"

	// The answer is a refusal, and what it says is not registered.
	codeUnknownError = "unknown_error"
	codeLoginFailed  = "login_failed" // says so, without a code
	codeRedirected   = "redirected"

	// The answer repeats what was sent where that would be passed on.
	codeSecretInAnswer = "secret_in_answer"

	// The new token was tried, and was not taken.
	codeProbeFailed = "probe_failed"
)
