package refresh

import "time"

// A Summary is a report for programs: what an invocation answers, and what a run prints
// as JSON. All its words are ours; nothing that a provider sent is in it. Fields may be
// added.
type Summary struct {
	At        time.Time         `json:"at"`
	Providers []ProviderSummary `json:"providers"`
	Orphans   []string          `json:"orphans,omitempty"`
}

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
	s := Summary{At: r.At.Truncate(time.Second), Providers: make([]ProviderSummary, len(r.Results)), Orphans: r.Orphans}
	for i, res := range r.Results {
		s.Providers[i] = ProviderSummary{
			Provider:  res.Provider,
			Outcome:   res.Outcome,
			Reason:    res.Reason,
			Class:     res.Class(),
			Code:      res.Note.Code,
			Next:      res.Next,
			ExpiresAt: res.State.ExpiresAt(),
		}
		if res.Err != nil {
			s.Providers[i].Code = res.Err.Code
		}
	}
	return s
}
