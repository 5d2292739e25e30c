package place

import (
	"slices"
	"strings"

	"example.com/tokenkeeper/internal/localstore"
)

// flags returns the flags that lead to the same deployment again.
func (o Options) flags() []string {
	var flags []string
	for _, f := range []struct{ name, value string }{
		{"--profile", o.Profile},
		{"--region", o.Region},
		{"--endpoint-url", o.EndpointURL},
		{"--stack", o.Stated.Stack},
		{"--function", o.Stated.Function},
		{"--namespace", o.Stated.Namespace},
		{"--credential-store", o.Stated.CredentialStore},
		{"--kms-key", o.Stated.KMSKey},
	} {
		if f.value != "" {
			flags = append(flags, f.name, localstore.ShellWord(f.value))
		}
	}
	return flags
}

// ConfigPlace is a parameter.
func (a *AWS) ConfigPlace(name string) string { return a.Providers.Path + "/" + name }

// CredentialPlace is a parameter or a secret.
func (a *AWS) CredentialPlace(name string) string {
	if a.CredentialStore == InSecretsManager {
		return "secret " + a.credentialPrefix + name
	}
	return "parameter " + a.credentialPrefix + name
}

// CredentialCommand asks for the credential.
func (a *AWS) CredentialCommand(name string) string { return a.Command("credential put", name) }

// Command has the flags that lead here again.
func (a *AWS) Command(verb, provider string) string {
	words := append([]string{"tokenkeeper", verb}, a.flags...)
	if provider != "" {
		words = slices.Insert(words, 2, provider)
	}
	return strings.Join(words, " ")
}

// RemoveCommand is one of the AWS CLI: the function has no right to delete anything.
func (a *AWS) RemoveCommand(name string) string {
	words := []string{"aws secretsmanager delete-secret --secret-id", a.store.Prefix + name, "--recovery-window-in-days 7"}
	for i := 0; i < len(a.flags); i += 2 {
		if slices.Contains([]string{"--profile", "--region", "--endpoint-url"}, a.flags[i]) {
			words = append(words, a.flags[i], a.flags[i+1])
		}
	}
	return strings.Join(words, " ")
}

// Runner is a schedule.
func (a *AWS) Runner() string { return "the schedule of stack " + a.Stack }

// Log is that of the function.
func (a *AWS) Log() string { return "the log of the function" }
