package refresh

import (
	"context"
)

// A Lister lists configs; see [Source].
type Lister interface {
	// Configs returns one page of all approved copies and configs, and where the next page begins:
	// empty begins, and is returned with the last page. No copy is on a page after that of a config.
	// A document that cannot be a config is among them, with its Err set. [Effective] decides which
	// of them run.
	Configs(ctx context.Context, from string) (docs []Document, next string, _ error)
}

// A Source is where configs and credentials are kept. What it lists is a hint; what decides on
// a login is read again before it.
type Source interface {
	Lister

	// Latest reads, as they are now, what decides on the logins of some providers, and returns a
	// reading of each.
	Latest(ctx context.Context, wanted []Wanted) []Reading

	// CredentialVersions returns the version of each credential without reading the values, or
	// an error that wraps [ErrNotFound].
	CredentialVersions(ctx context.Context, names []string) []CredentialVersion
}

// A Wanted is a provider to read, and the credential that its config is thought to name.
type Wanted struct{ Provider, Credential string }

// A Reading is what decides on one login: of what [Lister.Configs] lists, the config of the
// provider and its copies under the credential of its own name and under the one that is
// wanted; and that credential. Where Err wraps [ErrNotFound] the credential is missing, and the
// documents are there.
type Reading struct {
	Configs    []Document
	Credential Document
	Err        error
}

// A CredentialVersion is the version of one credential, as in [Document].
type CredentialVersion struct {
	Version string
	Err     error
}

// A Parser understands documents. Both methods return [Problems], all of them at once.
type Parser interface {
	Provider(Document) (Provider, error)
	Credential(Document) (Credential, error)
}

// Pages collects what list returns a page at a time.
func Pages[T any](ctx context.Context, list func(ctx context.Context, from string) ([]T, string, error)) (all []T, _ error) {
	for next := ""; ; {
		page, after, err := list(ctx, next)
		if err != nil {
			return nil, err
		}
		all = append(all, page...)
		if next = after; next == "" {
			return all, nil
		}
	}
}
