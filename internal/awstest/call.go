package awstest

import "time"

// A Call is one request that reached the fake.
type Call struct {
	Action   string    // as policies spell it, such as secretsmanager:PutSecretValue
	Resource string    // the ARN it is about; "*" where the action knows none; empty when unreadable
	Time     time.Time // of arrival, by Options.Now
	Body     []byte    // as sent
	Needed   []Access  // the permissions it was checked for, its own first, those of KMS included
	Code     string    // of the error it was answered with, Lost, or empty
}

// Lost is the Code of a call that got no answer.
const Lost = "lost"

// An Access is a permission that a call needs: what IAM is asked.
type Access struct {
	Action   string // such as secretsmanager:PutSecretValue
	Resource string // ARN, or "*" for an action without resource-level permissions

	// Keys are the condition keys of the request with their values, such as
	// aws:ResourceTag/tokenkeeper:owner or secretsmanager:VersionStage. A key that
	// the request does not have is absent.
	Keys map[string][]string
}
