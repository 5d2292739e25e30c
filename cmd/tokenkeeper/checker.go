package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"example.com/tokenkeeper/cmd/tokenkeeper/internal/explain"
	"example.com/tokenkeeper/cmd/tokenkeeper/internal/outline"
	"example.com/tokenkeeper/cmd/tokenkeeper/internal/place"
	"example.com/tokenkeeper/cmd/tokenkeeper/internal/status"
	"example.com/tokenkeeper/internal/awscall"
	"example.com/tokenkeeper/internal/refresh"
	"example.com/tokenkeeper/internal/tokenendpoint"
)

// A configParser also says what a config that is wrong asks of its credential. It is a
// [*tokenendpoint.Parser].
type configParser interface {
	refresh.Parser
	Lacking(refresh.Document, refresh.Credential) refresh.Problems
}

// A checker finds what is wrong in a place.
type checker struct {
	place    place.Place
	parser   configParser
	schedule refresh.Schedule
	read     bool // credentials may be read
	now      time.Time

	view   checkView
	states []refresh.State
	tokens []status.Kept
	seen   map[string]*refresh.Credential // nil: it cannot be used
}

// check checks the providers that are named, or all, and then also the credentials that none
// of them uses.
func (k *checker) check(ctx context.Context, only []string) (checkView, error) {
	documents, err := place.Documents(ctx, k.place)
	if err != nil {
		return checkView{}, err
	}
	configs, idle := refresh.Effective(documents)
	var names []string
	if len(only) == 0 {
		names, err = k.place.Credentials(ctx)
		if e, ok := errors.AsType[*refresh.Error](err); ok && e.Code == awscall.CodeDenied {
			err = nil // then unused ones are not reported
		}
	} else {
		configs, err = configsOf(configs, only)
		idle = nil
	}
	if err != nil {
		return checkView{}, err
	}
	if k.states, err = k.place.States(ctx); err != nil {
		return checkView{}, fmt.Errorf("listing tokens: %w", err)
	}
	k.seen = map[string]*refresh.Credential{}
	k.view = checkView{Configs: len(configs), Problems: refresh.Problems{}, Providers: []keptView{}, CredentialsRead: k.read,
		schedule: k.schedule, guide: k.place.Guide()}
	used := map[string]bool{}
	var understood []refresh.Provider
	for _, d := range configs {
		k.proposed(d)
		p, err := refresh.Understand(k.parser, d.Document)
		if err != nil {
			k.view.Problems = append(k.view.Problems, status.Problems(d.Where, err)...)
			named, err := k.named(ctx, d.Document, err)
			if err != nil {
				return checkView{}, err
			}
			used[named] = true
			continue
		}
		used[p.Credential] = true
		understood = append(understood, p)
		if err := k.provider(ctx, p); err != nil {
			return checkView{}, err
		}
	}
	k.bound(ctx, understood)
	for _, name := range names {
		if k.read {
			if _, err := k.credential(ctx, name); err != nil {
				return checkView{}, err
			}
		}
		if !used[name] {
			k.view.Unused = append(k.view.Unused, name)
		}
	}
	for _, d := range idle {
		k.view.Idle = append(k.view.Idle, d.Where)
	}
	k.view.Credentials = len(k.seen)
	if len(only) == 0 {
		room := k.place.Room()
		k.view.Capacity = status.JudgeCapacity(room, k.schedule, k.tokens, len(documents)+room.CredentialDocuments(len(used)+len(k.view.Unused)))
	}
	k.view.Open = k.open()
	slices.SortStableFunc(k.view.Problems, func(a, b refresh.Problem) int { return cmp.Compare(a.Where, b.Where) })
	return k.view, nil
}

// named looks at the credential of a wrong config, and returns its name:
// whether that is there, and for this provider, can be said all the same.
func (k *checker) named(ctx context.Context, d refresh.Document, wrong error) (string, error) {
	name, stated := d.CredentialName()
	if refresh.CheckName(name) != nil {
		return name, nil
	}
	p := refresh.Provider{Name: d.Name, Where: d.Where, Credential: name}
	switch c, err := k.credential(ctx, name); {
	case errors.Is(err, refresh.ErrNotFound) && stated:
		k.missing(p)
	case errors.Is(err, refresh.ErrNotFound):
		k.view.Problems = append(k.view.Problems, refresh.Problem{Where: d.Where,
			Detail: fmt.Sprintf("there is no credential %q, which it uses unless it names another", name),
			Remedy: "put it there: " + k.place.Guide().CredentialPlace(name)})
	case err != nil:
		return name, err
	case c != nil && !c.Serves(d.Name):
		k.foreign(p)
	case c != nil && errors.As(wrong, new(refresh.Problems)): // else it was not read to the end
		k.view.Problems = append(k.view.Problems, k.parser.Lacking(d, *c)...)
	}
	return name, nil
}

// proposed notes an edit beside an approved copy, which is no failure.
func (k *checker) proposed(c refresh.Config) {
	if c.Proposal == nil {
		return
	}
	e := editView{Provider: c.Name, Where: c.Proposal.Where, Approved: c.Where, Command: k.place.Guide().Command("approve", c.Name)}
	if c.Proposal.Err == nil && c.Err == nil {
		for _, change := range outline.Changes(c.Data.Reveal(), c.Proposal.Data.Reveal()) {
			e.Changed = append(e.Changed, cmp.Or(change.Path, "all of it"))
		}
	}
	k.view.Edits = append(k.view.Edits, e)
}

// open returns the credentials whose use config editors decide.
func (k *checker) open() []string {
	var names []string
	for name, c := range k.seen {
		if c != nil && !c.ApprovedOnly {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}

// provider checks whether a config and the credential that it names fit.
func (k *checker) provider(ctx context.Context, p refresh.Provider) error {
	c, err := k.credential(ctx, p.Credential)
	if errors.Is(err, refresh.ErrNotFound) {
		k.missing(p)
		return nil
	}
	if err != nil || k.read && c == nil {
		return err
	}
	kept := k.kept(p)
	if kept.Lifetime > 0 {
		k.tokens = append(k.tokens, status.Kept{Provider: p, Lifetime: time.Duration(kept.Lifetime) * time.Second})
	}
	if !k.read {
		k.view.Providers = append(k.view.Providers, kept)
		return nil
	}
	if !c.Serves(p.Name) {
		k.foreign(p)
		return nil
	}
	if c.ApprovedOnly && !p.Approved {
		k.wrong(p, "credential", "is for approved configs only, and this one is not approved",
			"its owner looks at it and runs '"+k.place.Guide().Command("approve", p.Name)+"'")
		return nil
	}
	if endpoint, ok := p.Endpoint.(*tokenendpoint.Endpoint); ok {
		if ps := endpoint.Check(*c); len(ps) > 0 {
			k.view.Problems = append(k.view.Problems, ps...)
			return nil
		}
		kept.Advice = explain.AdviceFor(endpoint.Plan(), *c)
	}
	k.view.Providers = append(k.view.Providers, kept)
	return nil
}

// credential looks at a credential once, and returns it unless something is wrong with it.
func (k *checker) credential(ctx context.Context, name string) (*refresh.Credential, error) {
	if c, ok := k.seen[name]; ok {
		return c, nil
	}
	if !k.read {
		return nil, k.present(ctx, name)
	}
	doc, err := k.place.Credential(ctx, name)
	if err != nil {
		return nil, fmt.Errorf("reading credential %q: %w", name, err)
	}
	k.seen[name] = nil
	err = doc.Err
	if err == nil {
		var c refresh.Credential
		if c, err = k.parser.Credential(doc); err == nil {
			k.seen[name] = &c
			k.view.Problems = append(k.view.Problems, status.Doubts(doc.Where, c)...)
			return &c, nil
		}
	}
	k.view.Problems = append(k.view.Problems, status.Problems(doc.Where, err)...)
	return nil, nil
}

// present looks whether a credential is there. Who may not look at credentials has the rest
// checked all the same.
func (k *checker) present(ctx context.Context, name string) error {
	if k.view.Denied != "" {
		return nil
	}
	_, err := k.place.CredentialVersion(ctx, name)
	if e, ok := errors.AsType[*refresh.Error](err); ok && e.Code == awscall.CodeDenied {
		k.view.Denied = e.Detail
		return nil
	}
	if err == nil {
		k.seen[name] = nil
	}
	return err
}

// missing says that the credential of p is not there, and foreign that it is not for p.
func (k *checker) missing(p refresh.Provider) {
	k.wrong(p, "credential", "does not exist", "put it there: "+k.place.Guide().CredentialPlace(p.Credential))
}

func (k *checker) foreign(p refresh.Provider) {
	k.wrong(p, "credential", "is not for this provider", fmt.Sprintf(`if it may be used here, its owner adds "providers": [%q] to it`, p.Name))
}

// bound says which refresh tokens are for another credential than the config names.
func (k *checker) bound(ctx context.Context, providers []refresh.Provider) {
	misbound := status.Misbound(ctx, k.place, providers)
	for _, p := range providers {
		if credential, ok := misbound[p.Name]; ok {
			k.wrong(p, "credential", fmt.Sprintf("is not that which the refresh token of %s was put in for, which is %q: it is not sent", p.Name, credential),
				fmt.Sprintf("if it was obtained with %q, its owner runs '%s'", p.Credential, k.place.Guide().Command("refresh-token bind", p.Name+" --credential "+p.Credential)))
		}
	}
	k.view.Providers = slices.DeleteFunc(k.view.Providers, func(v keptView) bool { return misbound[v.Provider] != "" })
}

func (k *checker) wrong(p refresh.Provider, path, detail, remedy string) {
	k.view.Problems = append(k.view.Problems,
		refresh.Problem{Where: p.Where, Path: path, Value: fmt.Sprintf("%q", p.Credential), Detail: detail, Remedy: remedy})
}

// kept says how well the token of p can be kept, going by the lifetime of the present one,
// or else by what the config says of it.
func (k *checker) kept(p refresh.Provider) keptView {
	v := keptView{Provider: p.Name}
	usual := arithmetic(k.schedule, refresh.Provider{})
	v.formulas = slices.DeleteFunc(arithmetic(k.schedule, p), func(f string) bool { return slices.Contains(usual, f) })
	if endpoint, ok := p.Endpoint.(*tokenendpoint.Endpoint); ok {
		if stated := explain.Lifetime(endpoint.Plan()); stated > 0 {
			v.keeping = keep(k.schedule, p, stated, "the config")
		}
	}
	i := slices.IndexFunc(k.states, func(st refresh.State) bool { return st.Name == p.Name })
	if i >= 0 {
		ends := k.states[i].Note.RefreshTokenEnds
		if !ends.IsZero() {
			v.ConsentEnds = ends
			v.formulas = append(v.formulas, consent(ends, k.now))
		}
		if version, ok := k.states[i].Current.Parse(); ok {
			v.keeping = keep(k.schedule, p, version.Lifetime, "the present token")
			if left := ends.Sub(version.IssuedAt); left > 0 && left < version.Lifetime {
				renewed := keep(k.schedule, p, left, "")
				v.DueAfter, v.Survives, v.ShortLived = renewed.DueAfter, renewed.Survives, renewed.ShortLived
			}
			return v
		}
	}
	if v.Lifetime > 0 {
		v.formulas = append(v.formulas, "There is no token yet: the lifetime is what the config says.")
	}
	return v
}
