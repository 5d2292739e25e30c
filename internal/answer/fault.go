package answer

import (
	"regexp"

	"example.com/tokenkeeper/internal/strictjson"
)

// A Fault is why an answer cannot be used. Whose it is, and how often it is worth another try,
// is for the caller to say.
type Fault struct {
	// Code is one of those below.
	Code string
	// Detail says what is wrong, beginning with "answered" and the status. What is foreign in
	// it went through the caller's quote.
	Detail string
	// Remedy says what to do next; it may be empty.
	Remedy string
}

// Codes of faults, as docs/operations.md has them. An answer says success, and cannot be used.
const (
	CodeTooLarge         = "answer_too_large"
	CodeEmpty            = "empty_answer"
	CodeBadJSON          = "bad_json"
	CodeNotJSON          = "not_json"
	CodeAmbiguous        = "ambiguous_value"
	CodeNoToken          = "no_token"
	CodeBadToken         = "bad_token"
	CodeBadTokenType     = "bad_token_type"
	CodeNoLifetime       = "no_lifetime"
	CodeBadLifetime      = "bad_lifetime"
	CodeLifetimeTooLarge = "lifetime_too_large"
	CodeTokenOver        = "token_over"
	CodeNoValue          = "no_value"
)

// A Misreading says what is wrong with a path, and what to write instead.
type Misreading struct{ Detail, Remedy string }

// TypeOf names the type of a value in an answer.
func TypeOf(v any) strictjson.Type {
	switch v.(type) {
	case nil:
		return strictjson.Null
	case bool:
		return strictjson.Bool
	case float64:
		return strictjson.Num
	case string:
		return strictjson.String
	case []any:
		return strictjson.List
	}
	return strictjson.Object
}

// word is what may be an error code: RFC 6749 section 5.2 allows more, and people write
// sentences there.
var word = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9_.:-]{0,63}$`)
