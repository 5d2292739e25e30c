package refresh

import (
	"encoding/json"
	"slices"
)

// A Config is the document that a provider is run by.
type Config struct {
	Document
	// Proposal is what providers/ holds beside an approved copy with other bytes. It is
	// shown and never run. Nil: there is none.
	Proposal *Document
}

// Effective decides which document is the config of each provider, in the order of docs,
// and which approved copies have no effect:
//
//   - The copy under the credential of the provider's own name wins over all others, and
//     needs no document in providers/.
//   - A copy under another credential wins while providers/ names that credential. Without
//     this, the owner of any credential could take over the name of a provider.
//   - Otherwise what providers/ holds is the config.
//
// A copy that cannot be read, or that is not valid, still wins: its provider fails, rather
// than run a proposal.
func Effective(docs []Document) (configs []Config, idle []Document) {
	copies := map[string][]Document{}
	open := map[string]bool{}
	for _, d := range docs {
		if d.Approver != "" {
			copies[d.Name] = append(copies[d.Name], d)
		} else {
			open[d.Name] = true
		}
	}
	ran := map[string]string{} // the approver of each config, by provider
	for _, d := range docs {
		c := Config{Document: d}
		if d.Approver != "" && (open[d.Name] || d.Approver != d.Name) {
			continue
		}
		if i := inEffect(d, copies[d.Name]); d.Approver == "" && i >= 0 {
			c.Document = copies[d.Name][i]
			if d.Err != nil || d.Data.Reveal() != c.Data.Reveal() {
				c.Proposal = &d
			}
		}
		configs = append(configs, c)
		ran[c.Name] = c.Approver
	}
	for _, d := range docs {
		if d.Approver != "" && ran[d.Name] != d.Approver {
			idle = append(idle, d)
		}
	}
	return configs, idle
}

// inEffect returns which of the copies goes before what is proposed, or -1.
func inEffect(proposed Document, copies []Document) int {
	approvedBy := func(credential string) int {
		return slices.IndexFunc(copies, func(d Document) bool { return d.Approver == credential })
	}
	named, ok := proposed.CredentialName()
	if i := approvedBy(proposed.Name); i >= 0 || !ok {
		return i
	}
	return approvedBy(named)
}

// CredentialName returns the credential that a config names, whatever else is wrong with it. Where
// that cannot be read, ok is false and the name is the default, the provider's own.
func (d Document) CredentialName() (name string, ok bool) {
	var config struct {
		Credential *string `json:"credential"`
	}
	switch {
	case d.Err != nil || json.Unmarshal([]byte(d.Data.Reveal()), &config) != nil:
		return d.Name, false
	case config.Credential == nil:
		return d.Name, true
	}
	return *config.Credential, true
}

// An Edit is a proposal that is not approved: the provider goes on with its approved copy.
type Edit struct {
	Provider string
	// Where is the proposal's, as in [Document].
	Where string
	// Approved is where the copy is that is in effect.
	Approved string
}
