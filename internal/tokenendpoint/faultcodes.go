package tokenendpoint

// Codes of failures. Those that a provider names itself have the code of RFC 6749 or its
// extensions where that is registered, and are spelled out in [ofOAuth]; an answer that
// names none has "http_" and its status. All others are these, and those of packages
// answer, refresh and wire. docs/operations.md has each.
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
