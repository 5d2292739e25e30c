package place

import (
	"slices"
	"strings"

	"example.com/tokenkeeper/cmd/internal/stack"
)

// Guide leads to parameters and secrets.
func (a *AWS) Guide() Guide {
	kind := "parameter "
	if a.CredentialStore == stack.InSecretsManager {
		kind = "secret "
	}
	g := Guide{
		Config:     a.Providers.Path + "/" + Name,
		Approved:   a.Providers.Approved + "/" + Approver + "/" + Name,
		Credential: kind + a.credentialPrefix + Name,
		Flags:      a.flags,
		// The function has no right to delete anything.
		Remove:  a.awsCommand("secretsmanager delete-secret --secret-id", a.store.Prefix+Name, "--recovery-window-in-days 7"),
		Restore: a.awsCommand("secretsmanager restore-secret --secret-id", a.store.Prefix+Name),
		Runs:    "See what keeps the schedule from running it:",
		Log:     "the log of the function",
	}
	g.Runner = g.Command("doctor", "")
	if a.LeavesSecrets {
		g.Create = a.awsCommand(a.store.CreateCommand(Name))
	}
	if a.CredentialStore == stack.InSecretsManager {
		g.RestoreCredential = a.awsCommand("secretsmanager restore-secret --secret-id", a.credentialPrefix+Name)
	}
	return g
}

// awsCommand returns a command line of the AWS CLI for the same account and region.
func (a *AWS) awsCommand(words ...string) string {
	words = append([]string{"aws"}, words...)
	for i := 0; i < len(a.flags); i += 2 {
		if slices.Contains([]string{"--profile", "--region", "--endpoint-url"}, a.flags[i]) {
			words = append(words, a.flags[i], a.flags[i+1])
		}
	}
	return strings.Join(words, " ")
}
