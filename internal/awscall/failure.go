package awscall

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"time"

	"example.com/tokenkeeper/internal/refresh"
)

// Codes of failed calls, as in [refresh.Error].
const (
	// CodeDenied: IAM does not let the caller do that.
	CodeDenied = "aws_access_denied"
	// CodeKey: the KMS key is disabled, about to be deleted, gone, or not ours to use.
	CodeKey = "kms_key_unusable"
	// CodeCredentials: the caller's own AWS credentials are missing, expired or not accepted.
	CodeCredentials = "aws_credentials_refused"
	// CodeThrottled: too many calls, also after the last attempt.
	CodeThrottled = "aws_throttled"
	// CodeServer: AWS failed, also at the last attempt.
	CodeServer = "aws_server_error"
	// CodeUnreachable: there was no answer.
	CodeUnreachable = "aws_unreachable"
	// CodeRefused: AWS refused the request for a reason that is not among these.
	CodeRefused = "aws_request_refused"
)

// Failure says what went wrong in c, for the person who must act.
//
// AWS's own text is quoted, cut to 512 bytes and escaped, unless it may repeat a value: of a
// call that puts one, what is wrong with the request is quoted only where Sent shows that
// the value is not in the text.
func (c Call) Failure(err error) *refresh.Error {
	e := &refresh.Error{Class: refresh.Transient, Err: err, Ours: true}
	code := errorCode(err)
	var noTurn *noTurnError
	switch {
	case keyUnusable(err):
		e.Class, e.Code = refresh.Misconfigured, CodeKey
		e.Detail = c.detail("the KMS key cannot be used: %s%s", code, quoted(err))
		e.Remedy = "enable the key, or cancel its deletion, and allow the caller " + c.keyActions() + " on it"
	case code == accessDenied || code == "AccessDenied":
		e.Class, e.Code = refresh.Misconfigured, CodeDenied
		e.Detail = c.detail("not allowed%s", quoted(err))
		e.Remedy = c.permission(err)
	case code == limitExceeded && c.puts():
		e.Code, e.RetryAfter = refresh.CodeWriteBudget, oneVersion
		e.Detail = c.detail("LimitExceededException: AWS keeps all versions of the last 24 hours, and at most 100")
		e.Remedy = "find what writes this secret so often"
	case Is(err, signing...):
		e.Code = CodeCredentials
		e.Detail = c.detail("%s: the AWS credentials of this process have expired, or are not accepted", code)
	case withoutIdentity(err):
		e.Code = CodeCredentials
		e.Detail = c.detail("not sent: this process has no AWS credentials: %.256q", identityText(err))
		e.Remedy = signIn(err)
	case errors.As(err, &noTurn):
		e.Code = CodeThrottled
		e.Detail = c.detail("%v", noTurn)
		e.Remedy = "if it lasts, use a longer tick, or several stacks in several accounts"
	case throttled(err):
		e.Code = CodeThrottled
		e.Detail = c.detail("%s, after %s", code, tried(attempts(err)))
	case status(err) >= http.StatusInternalServerError:
		e.Code = CodeServer
		e.Detail = c.detail("status %d, after %s", status(err), tried(attempts(err)))
	case code != "":
		e.Code, e.Suspect = CodeRefused, true
		e.Detail = c.detail("%s", code)
		if c.quotable(err) {
			e.Detail += quoted(err)
		}
	default:
		e.Code = CodeUnreachable
		e.Detail = c.detail("no answer: %s", unreachable(err))
		e.Remedy = "if it lasts, look at the network that this runs in, and at AWS_ENDPOINT_URL"
	}
	return e
}

// oneVersion is the time after which one more of 100 versions is older than 24 hours.
const oneVersion = 24 * time.Hour / 100

// tried says how many attempts there were.
func tried(n int) string {
	if n == 1 {
		return "one attempt"
	}
	return fmt.Sprintf("%d attempts", n)
}

// quoted returns AWS's text as an addition to a sentence.
func quoted(err error) string {
	text := said(err)
	if text == "" {
		return ""
	}
	return fmt.Sprintf(": AWS says %+.512q", text)
}

func attempts(err error) int {
	e := &attemptsError{attempts: 1}
	errors.As(err, &e)
	return e.attempts
}

// unreachable names the kind of failure; the text of network errors has addresses in it,
// and differs from one attempt to the next.
func unreachable(err error) string {
	var dns *net.DNSError
	var timeout interface{ Timeout() bool }
	timedOut := errors.As(err, &timeout) && timeout.Timeout()
	switch n := attempts(err); {
	case errors.As(err, &dns):
		return "its host name cannot be resolved"
	case timedOut && n > 1:
		return fmt.Sprintf("none in time, after %s", tried(n))
	case timedOut || errors.Is(err, context.Canceled):
		return "the time for it was over"
	default:
		return fmt.Sprintf("the connection failed, after %s", tried(n))
	}
}
