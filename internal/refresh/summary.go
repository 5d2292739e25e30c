package refresh

import "time"

// A Summary is a report for programs: what an invocation answers, and what a run prints
// as JSON. All its words are ours; of what a provider sent, a remedy may name a member, escaped
// and redacted as in the log. Fields may be added.
type Summary struct {
	At time.Time `json:"at"`
	// Counts is how many providers had which outcome, where they are not all named.
	Counts map[Outcome]int `json:"counts,omitempty"`
	// Providers has every provider if there are at most 100, so that an answer stays small
	// whatever is kept; of more, the first 100 of those that failed.
	Providers []ProviderSummary `json:"providers"`
	// Orphans has at most 100 names.
	Orphans []string `json:"orphans,omitempty"`

	Changes
}

// mostNames is how many providers a [Summary] names.
const mostNames = 100

// A ProviderSummary is one [Result] of a [Summary]. Class and Code are empty where nothing
// fails; times that are not known are left out.
type ProviderSummary struct {
	Provider  string    `json:"provider"`
	Outcome   Outcome   `json:"outcome"`
	Reason    Reason    `json:"reason,omitempty"`
	Class     Class     `json:"class,omitempty"`
	Code      string    `json:"code,omitempty"`
	Next      time.Time `json:"next,omitzero"`
	ExpiresAt time.Time `json:"expires_at,omitzero"`
}

// Summary returns r for programs.
func (r *Report) Summary() Summary {
	s := Summary{
		At:        r.At.Truncate(time.Second),
		Providers: make([]ProviderSummary, 0, min(len(r.Results), mostNames)),
		Orphans:   r.Orphans[:min(len(r.Orphans), mostNames)],
		Changes:   changes(r.Results),
	}
	if len(r.Results) > mostNames {
		s.Counts = make(map[Outcome]int)
	}
	for _, res := range r.Results {
		if s.Counts != nil {
			s.Counts[res.Outcome]++
			if res.Outcome != Failed || len(s.Providers) == mostNames {
				continue
			}
		}
		s.Providers = append(s.Providers, res.summary())
	}
	return s
}

func (r Result) summary() ProviderSummary {
	s := ProviderSummary{
		Provider:  r.Provider,
		Outcome:   r.Outcome,
		Reason:    r.Reason,
		Class:     r.Class(),
		Code:      r.Note.Code,
		Next:      r.Next,
		ExpiresAt: r.State.ExpiresAt(),
	}
	if r.Err != nil {
		s.Code = r.Err.Code
	}
	return s
}
