package awscall

import (
	"fmt"
	"strings"

	"example.com/tokenkeeper/internal/secret"
)

// A Call is what AWS was asked to do, as an operator would look for it in a policy.
type Call struct {
	// Action is spelled as in policies: "secretsmanager:PutSecretValue".
	Action string
	// Resource is the name of the parameter or secret.
	Resource string
	// Sent is the secret value that the call puts somewhere, and that AWS's text might
	// repeat; zero for one that puts none.
	Sent secret.Text
}

func (c Call) detail(format string, args ...any) string {
	return fmt.Sprintf("%s %s: ", c.Action, c.Resource) + fmt.Sprintf(format, args...)
}

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
