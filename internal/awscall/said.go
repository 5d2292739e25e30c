package awscall

import (
	"fmt"
	"strings"
)

// sharedRun is how many bytes a text and a value must share for the text to count as
// repeating it.
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

// identityFailed is how the SDK's clients begin the failure of a call that was not sent, since
// there was nothing to sign it with.
const identityFailed = "get identity: "

func withoutIdentity(err error) bool {
	return err != nil && strings.Contains(err.Error(), identityFailed)
}

// identityText returns why there are no credentials, in the SDK's words, which hold names of
// profiles and files and no value.
func identityText(err error) string {
	_, text, _ := strings.Cut(err.Error(), identityFailed)
	text = strings.TrimPrefix(text, "get credentials: ")
	return strings.TrimPrefix(text, "failed to refresh cached credentials, ")
}

// signIn returns the command that gives a person at a terminal credentials again.
func signIn(err error) string {
	text := strings.ToLower(identityText(err))
	switch {
	case strings.Contains(text, "sso"):
		return "sign in again: aws sso login, with --profile where one is used"
	case strings.Contains(text, "process"):
		return "run the profile's credential_process by hand and see why it fails"
	}
	return "sign in: aws configure, or set AWS_PROFILE to a profile that has credentials"
}
