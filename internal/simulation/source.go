package simulation

import (
	"context"
	"fmt"

	"example.com/tokenkeeper/internal/refresh"
	"example.com/tokenkeeper/internal/secret"
)

// A process is the Source of its runner.

func (p *process) Configs(ctx context.Context, _ string) ([]refresh.Document, string, error) {
	docs, err := call(ctx, p, "", func() (docs []refresh.Document, _ error) {
		for _, of := range p.providers {
			docs = append(docs, of.document())
		}
		return docs, nil
	})
	return docs, "", err
}

func (p *process) Latest(ctx context.Context, wanted []refresh.Wanted) (readings []refresh.Reading) {
	for _, w := range wanted {
		r, err := call(ctx, p, w.Provider, func() (refresh.Reading, error) {
			return refresh.Reading{Configs: []refresh.Document{p.byName[w.Provider].document()},
				Credential: refresh.Document{Name: w.Credential, Version: fmt.Sprint(p.byName[w.Credential].secret)}}, nil
		})
		r.Err = err
		readings = append(readings, r)
	}
	return readings
}

func (p *process) CredentialVersions(ctx context.Context, names []string) (versions []refresh.CredentialVersion) {
	for _, name := range names {
		v, err := call(ctx, p, name, func() (string, error) { return fmt.Sprint(p.byName[name].secret), nil })
		versions = append(versions, refresh.CredentialVersion{Version: v, Err: err})
	}
	return versions
}

// A parser is the Parser of a process, which has a Credential of its own.
type parser struct{ *process }

func (p parser) Provider(d refresh.Document) (refresh.Provider, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	of := p.byName[d.Name]
	made := of.made()
	made.Where, made.Endpoint = d.Where, endpoint{p.process, of}
	made.Config = refresh.NewFingerprint([]byte(d.Data.Reveal()))
	return made, nil
}

func (parser) Credential(d refresh.Document) (refresh.Credential, error) {
	return refresh.Credential{Name: d.Name, Version: d.Version, Values: map[string]secret.Text{}}, nil
}
