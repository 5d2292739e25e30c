package place

import (
	"maps"
	"slices"
	"strings"

	"example.com/tokenkeeper/cmd/internal/stack"
	"example.com/tokenkeeper/cmd/tokenkeeper/internal/localstore"
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
		create := []string{"secretsmanager create-secret --name", a.store.Prefix + Name, "--tags Key=tokenkeeper:owner,Value=" + a.Stack}
		for _, key := range slices.Sorted(maps.Keys(a.SecretTags)) {
			create = append(create, localstore.ShellWord("Key="+key+",Value="+a.SecretTags[key]))
		}
		if a.KMSKey != "" {
			create = append(create, "--kms-key-id", a.KMSKey)
		}
		g.Create = a.awsCommand(create...)
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
