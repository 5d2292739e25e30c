package simulation

import (
	"context"
	"slices"

	"example.com/tokenkeeper/internal/refresh"
	"example.com/tokenkeeper/internal/secret"
)

// A process is the Source of its runner.

// Configs lists the approved copies, and then what is edited.
func (p *process) Configs(ctx context.Context, from string) ([]refresh.Document, string, error) {
	docs, err := call(ctx, p, "", func() (docs []refresh.Document, _ error) {
		for _, of := range p.providers {
			docs = append(docs, of.documents()...)
		}
		return slices.DeleteFunc(docs, func(d refresh.Document) bool { return (d.Approver == "") == (from == "") }), nil
	})
	if from == "" {
		return docs, "edited", err
	}
	return docs, "", err
}

func (p *process) Latest(ctx context.Context, wanted []refresh.Wanted) (readings []refresh.Reading) {
	for _, w := range wanted {
		var r refresh.Reading
		r.Err = do(ctx, p, w.Provider, func() (err error) {
			if p.watched[w.Provider] == nil {
				return refresh.ErrNotFound
			}
			r.Configs = p.watched[w.Provider].documents()
			r.Credential, err = p.watched[w.Credential].credential()
			return err
		})
		readings = append(readings, r)
	}
	return readings
}

func (p *process) CredentialVersions(ctx context.Context, names []string) (versions []refresh.CredentialVersion) {
	for _, name := range names {
		c, err := call(ctx, p, name, p.watched[name].credential)
		versions = append(versions, refresh.CredentialVersion{Version: c.Version, Err: err})
	}
	return versions
}

// A parser is the Parser of a process, which has a Credential of its own.
type parser struct{ *process }

func (p parser) Provider(d refresh.Document) (refresh.Provider, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	of, text := p.watched[d.Name], d.Data.Reveal()
	if text == "{" {
		return refresh.Provider{}, refresh.Problems{{Where: d.Where, Detail: "it ends early", Remedy: "run 'tokenkeeper check NAME'"}}
	}
	made := of.made()
	made.Where, made.Endpoint = d.Where, endpoint{p.process, of, text}
	made.Config = refresh.NewFingerprint([]byte(text))
	return made, nil
}

func (p parser) Credential(d refresh.Document) (refresh.Credential, error) {
	of := p.watched[d.Name]
	if of.is[BadCredential] || of.is[Echoes] || of.number%8 == 0 { // to search each record for what is in it takes long
		return p.credentials.Credential(d)
	}
	return refresh.Credential{Name: d.Name, Version: d.Version, ApprovedOnly: of.approvedOnly, Values: map[string]secret.Text{}}, nil
}
