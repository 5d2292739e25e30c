package refresh

import "context"

// A Source is where configs and credentials are kept.
type Source interface {
	// Configs returns every config that there is and every approved copy, or an error:
	// never some of them, or those that are missing would look as if they had been removed.
	// A document that cannot be a config is among them, with its Err set. Copies are listed
	// after configs, so that one that was made before an edit is never missed beside it.
	// [Effective] decides which of them run.
	Configs(ctx context.Context) ([]Document, error)

	// Latest reads, as it is now, what decides on a login: of what Configs lists the config
	// of the provider and its copies under the credential of its own name and under the one
	// that is named; and that credential. Where the error wraps [ErrNotFound] the credential
	// is missing, and the documents are there.
	Latest(ctx context.Context, provider, credential string) (configs []Document, _ Document, _ error)

	// CredentialVersion returns the version of a credential without reading the value, or an error that wraps [ErrNotFound].
	CredentialVersion(ctx context.Context, name string) (string, error)
}

// A Parser understands documents. Both methods return [Problems], all of them at once.
type Parser interface {
	Provider(Document) (Provider, error)
	Credential(Document) (Credential, error)
}
