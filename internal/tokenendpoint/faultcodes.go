package tokenendpoint

// Codes of failures. Those that a provider names itself have the code of RFC 6749 or its
// extensions where that is registered, and are spelled out in [ofOAuth]; an answer that
// names none has "http_" and its status. All others are these, and those of packages
// answer and refresh. docs/operations.md has each.
const (
	// Before anything is sent.
	codeHostNotAllowed = "host_not_allowed"

	// No whole answer came.
	codeCanceled          = "canceled"
	codeHostNotFound      = "host_not_found"
	codeDNSFailed         = "dns_failed"
	codeTimeout           = "timeout"
	codeAddressNotAllowed = "address_not_allowed"
	codeProxyRefused      = "proxy_refused"
	codeTLSUntrusted      = "tls_untrusted"
	codeTLSFailed         = "tls_failed"
	codeBadAnswer         = "bad_answer"
	codeConnectionLost    = "connection_lost"
	codeConnectionFailed  = "connection_failed"

	// The answer is a refusal, and what it says is not registered.
	codeUnknownError = "unknown_error"
	codeLoginFailed  = "login_failed" // says so, without a code
	codeRedirected   = "redirected"

	// The answer repeats what was sent where that would be passed on.
	codeSecretInAnswer = "secret_in_answer"

	// The new token was tried, and was not taken.
	codeProbeFailed = "probe_failed"
)
