package awscall

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"strings"
	"time"

	"example.com/tokenkeeper/internal/refresh"
	"example.com/tokenkeeper/internal/secret"
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

// A Call is what AWS was asked to do, as an operator would look for it in a policy.
type Call struct {
	// Action is spelled as in policies: "secretsmanager:PutSecretValue".
	Action string
	// Resource is the name of the parameter or secret.
	Resource string
	// Sent is the value that the call puts somewhere, which AWS's text might repeat; zero for a
	// call that puts none.
	Sent secret.Text
}

// Failure says what went wrong in c, for the person who must act.
//
// AWS's own text is quoted, cut to 512 bytes and escaped, unless it may repeat a value: of a
// call that puts one, what is wrong with the request is quoted only where Sent shows that
// the value is not in the text.
func (c Call) Failure(err error) *refresh.Error {
	e := &refresh.Error{Class: refresh.Transient, Err: err, Ours: true}
	code := errorCode(err)
	noTurn, late := errors.AsType[*noTurnError](err)
	switch {
	case keyUnusable(err):
		e.Class, e.Code = refresh.Misconfigured, CodeKey
		e.Detail = "the KMS key cannot be used: " + code + quoted(err)
		e.Remedy = "enable the key, or cancel its deletion, and allow the caller " + c.keyActions() + " on it"
	case code == accessDenied || code == "AccessDenied":
		e.Class, e.Code = refresh.Misconfigured, CodeDenied
		e.Detail = "not allowed" + quoted(err)
		e.Remedy = c.permission(err)
	case code == limitExceeded && c.puts():
		e.Code, e.RetryAfter = refresh.CodeWriteBudget, oneVersion
		e.Detail = "LimitExceededException: AWS keeps all versions of the last 24 hours, and at most 100"
		e.Remedy = "find what writes this secret so often"
	case Is(err, signing...):
		e.Code = CodeCredentials
		e.Detail = code + ": the AWS credentials of this process have expired, or are not accepted"
	case err != nil && strings.Contains(err.Error(), identityFailed):
		e.Code = CodeCredentials
		_, why, _ := strings.Cut(err.Error(), identityFailed)
		e.Detail = fmt.Sprintf("not sent: this process has no AWS credentials: %.256q", why)
		e.Remedy = "sign in again, for example with 'aws sso login', or set AWS_PROFILE to a profile that has credentials; 'aws sts get-caller-identity' shows whether that helped"
	case late:
		e.Code = CodeThrottled
		e.Detail = noTurn.Error()
		e.Remedy = "if it lasts, use a longer tick, or several stacks in several accounts"
	case Throttled(err):
		e.Code = CodeThrottled
		e.Detail = fmt.Sprintf("%s, after %s", code, tried(err))
	case status(err) >= http.StatusInternalServerError:
		e.Code = CodeServer
		e.Detail = fmt.Sprintf("status %d, after %s", status(err), tried(err))
	case code != "":
		e.Code, e.Suspect = CodeRefused, true
		e.Detail = code
		if c.quotable(err) {
			e.Detail += quoted(err)
		}
	default:
		e.Code = CodeUnreachable
		e.Detail = "no answer: " + unreachable(err)
		e.Remedy = "if it lasts, look at the network that this runs in, and at AWS_ENDPOINT_URL"
	}
	e.Detail = c.Action + " " + c.Resource + ": " + e.Detail
	return e
}

// oneVersion is the time after which one more of 100 versions is older than 24 hours.
const oneVersion = 24 * time.Hour / 100

func (c Call) puts() bool { return strings.HasSuffix(c.Action, ":PutSecretValue") }

// keyActions are the permissions on the key that c needs beside its own. Secrets Manager
// decrypts when it is given a version that it has already, to compare; and when a key is
// chosen, to see whether it may.
func (c Call) keyActions() string {
	if c.puts() || strings.HasSuffix(c.Action, ":CreateSecret") {
		return "kms:GenerateDataKey and kms:Decrypt"
	}
	return "kms:Decrypt"
}

// permission returns what to change so that the call is allowed. AWS says which kind of policy
// denied it where that is not the caller's own (IAM user guide, "Troubleshoot access denied
// error messages").
func (c Call) permission(err error) string {
	text := strings.ToLower(said(err))
	switch {
	case strings.Contains(text, "service control policy"), strings.Contains(text, "resource control policy"):
		return fmt.Sprintf("the organization forbids it: have its policy allow %s on %s, or meet its condition, such as tags or a region", c.Action, c.Resource)
	case strings.Contains(text, "permissions boundary"):
		return fmt.Sprintf("allow %s on %s in the permissions boundary of the caller", c.Action, c.Resource)
	case strings.Contains(text, "vpc endpoint policy"):
		return fmt.Sprintf("allow %s on %s in the policy of the VPC endpoint", c.Action, c.Resource)
	case strings.Contains(text, "resource-based policy") && strings.Contains(text, "explicit deny"):
		return fmt.Sprintf("remove the denial of %s from the policy of %s", c.Action, c.Resource)
	}
	return fmt.Sprintf("allow the caller %s on %s", c.Action, c.Resource)
}

// sharedRun is how many bytes a text and a value must share for the text to count as repeating it.
const sharedRun = 8

// quotable reports whether AWS's text on a refused request can be shown: the call puts no
// value, or the value is known and not in the text.
func (c Call) quotable(err error) bool {
	sent := c.Sent.Reveal()
	if sent == "" {
		return !c.puts() && c.Action != "ssm:PutParameter"
	}
	text := said(err)
	run := min(sharedRun, len(sent))
	for i := 0; i+run <= len(text); i++ {
		if strings.Contains(sent, text[i:i+run]) {
			return false
		}
	}
	return true
}

// quoted returns AWS's text as an addition to a sentence.
func quoted(err error) string {
	text := said(err)
	if text == "" {
		return ""
	}
	return fmt.Sprintf(": AWS says %+.512q", text)
}

// identityFailed is how the SDK begins the failure of a call that was not sent, since there was
// nothing to sign it with. What follows has names of profiles and files, and no value.
const identityFailed = "get identity: get credentials: "

// tried says how many attempts of a call failed.
func tried(err error) string {
	if n := attempts(err); n > 1 {
		return fmt.Sprintf("%d attempts", n)
	}
	return "one attempt"
}

func attempts(err error) int {
	if e, ok := errors.AsType[*attemptsError](err); ok {
		return e.attempts
	}
	return 1
}

// unreachable names the kind of failure; the text of network errors has addresses in it,
// and differs from one attempt to the next.
func unreachable(err error) string {
	var timeout interface{ Timeout() bool }
	timedOut := errors.As(err, &timeout) && timeout.Timeout()
	_, unresolved := errors.AsType[*net.DNSError](err)
	switch {
	case unresolved:
		return "its host name cannot be resolved"
	case timedOut && attempts(err) > 1:
		return "none in time, after " + tried(err)
	case timedOut || errors.Is(err, context.Canceled):
		return "the time for it was over"
	}
	return "the connection failed, after " + tried(err)
}
