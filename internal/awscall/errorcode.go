package awscall

import (
	"errors"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	"github.com/aws/smithy-go"

	smithyhttp "github.com/aws/smithy-go/transport/http"
)

// Error codes of AWS that decide something here.
const (
	accessDenied  = "AccessDeniedException"
	limitExceeded = "LimitExceededException"
)

func errorCode(err error) string {
	if e, ok := errors.AsType[smithy.APIError](err); ok {
		return e.ErrorCode()
	}
	return ""
}

func status(err error) int {
	if e, ok := errors.AsType[*smithyhttp.ResponseError](err); ok {
		return e.HTTPStatusCode()
	}
	return 0
}

// said returns AWS's text.
func said(err error) string {
	if e, ok := errors.AsType[smithy.APIError](err); ok {
		return e.ErrorMessage()
	}
	return ""
}

// Throttled reports whether AWS refused a call because there were too many.
func Throttled(err error) bool {
	return errorCode(err) != limitExceeded && retry.IsErrorThrottles(retry.DefaultThrottles).IsErrorThrottle(err) == aws.TrueTernary
}

// keyUnusable knows the answers of both services. Secrets Manager has codes of its own
// for keys, but for a key that the caller may not use only a text; Parameter Store says
// in one text that the key does not exist or is not for the caller.
func keyUnusable(err error) bool {
	code := errorCode(err)
	switch code {
	case "EncryptionFailure", "DecryptionFailure", "InvalidKeyId":
		return true
	case accessDenied:
		// Not "kms" alone: a name may have that in it.
		text := strings.ToLower(said(err))
		return strings.Contains(text, "perform: kms:") || strings.Contains(text, "access to kms") || strings.Contains(text, "ciphertext")
	}
	return strings.HasPrefix(code, "KMS")
}

// signing are the codes about the credentials that requests are signed with.
var signing = []string{"ExpiredTokenException", "ExpiredToken", "RequestExpired", "InvalidSignatureException",
	"UnrecognizedClientException", "InvalidClientTokenId", "MissingAuthenticationTokenException"}

// Is reports whether AWS answered with one of the error codes.
func Is(err error, codes ...string) bool {
	return slices.Contains(codes, errorCode(err))
}
