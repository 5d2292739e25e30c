package place

import "strings"

// A Guide has the words that lead a person to a place: where things are, and the commands
// that look at them or change them. In its texts [Name] is the placeholder for the name of a provider
// or credential. The zero Guide leads to the deployment with the default names.
type Guide struct {
	// Config and Credential say where a config or a credential is, or is to be put.
	Config, Credential string
	// Approved says where the approved copy of a config is, or is to be put. In it
	// [Approver] is that for the name of the credential.
	Approved string
	// EditsCredential is set in a folder, where credentials are files that an editor changes,
	// and runs log to their standard error.
	EditsCredential bool
	// Flags lead to the place on our command line, quoted for a shell.
	Flags []string
	// AskingFlags are those that commands need beside them which ask providers.
	AskingFlags []string
	// Remove is the command line that removes a token, and all that is kept beside it.
	Remove string
	// Create is the one that creates the secret of a token, without a value; empty: runs do.
	Create string
	// Restore is the one that ends the scheduled deletion of the secret of a token, and
	// RestoreCredential that of a credential; empty: there is nothing like that.
	Restore, RestoreCredential string
	// Runner is the command line for when no runs come: it runs, or looks at what does. Runs are
	// the words before it.
	Runs, Runner string
	// Log says where a run says more.
	Log string
}

// Name is the placeholder for a name in the texts of a [Guide]. A shell reads it as it is.
const Name = "@NAME@"

// Approver is the placeholder for the name of a credential beside that of a provider.
const Approver = "@CREDENTIAL@"

func named(text, name string) string { return strings.ReplaceAll(text, Name, name) }

// ConfigPlace says where the config of that name is, or is to be put.
func (g Guide) ConfigPlace(name string) string { return named(g.Config, name) }

// CredentialPlace says where the credential of that name is, or is to be put.
func (g Guide) CredentialPlace(name string) string { return named(g.Credential, name) }

// ApprovedPlace says where the copy of a provider's config is, or is to be put, that the
// owner of the credential approved.
func (g Guide) ApprovedPlace(credential, provider string) string {
	return named(strings.ReplaceAll(g.Approved, Approver, credential), provider)
}

// CredentialCommand returns the command line that puts it there; empty: an editor does.
func (g Guide) CredentialCommand(name string) string {
	if g.EditsCredential {
		return ""
	}
	return g.Command("credential put", name)
}

// Command returns the command line that does the verb to the provider, or to all
// where none is named.
func (g Guide) Command(verb, provider string) string {
	words := []string{"tokenkeeper", verb}
	if provider != "" {
		words = append(words, provider)
	}
	words = append(words, g.Flags...)
	switch verb {
	case "run", "check", "try", "refresh":
		words = append(words, g.AskingFlags...)
	}
	return strings.Join(words, " ")
}

// LogCommand returns the command line that shows what the log says of a provider; empty: runs
// log where they are started.
func (g Guide) LogCommand(provider string) string {
	if g.EditsCredential {
		return ""
	}
	return g.Command("logs", provider)
}

// CheckCommand returns the command line that says all that is wrong with a provider, its
// credential included.
func (g Guide) CheckCommand(provider string) string {
	if g.EditsCredential {
		return g.Command("check", provider)
	}
	return g.Command("check", provider) + " --read-credentials"
}

// RestoreCommand returns the command line that ends the scheduled deletion of a token's
// secret, and RestoreCredentialCommand that of a credential.
func (g Guide) RestoreCommand(name string) string           { return named(g.Restore, name) }
func (g Guide) RestoreCredentialCommand(name string) string { return named(g.RestoreCredential, name) }

// CreateCommand returns the command line that creates the secret of a token; empty: runs do.
func (g Guide) CreateCommand(name string) string { return named(g.Create, name) }

// RemoveCommand returns the command line that removes the token of that name, and all
// that is kept beside it.
func (g Guide) RemoveCommand(name string) string { return named(g.Remove, name) }
