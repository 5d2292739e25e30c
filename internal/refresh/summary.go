package refresh

import "time"

// A Summary is a report for programs: what an invocation answers, and what a run prints
// as JSON. All its words are ours; of what a provider sent, a remedy may name a member, escaped
// and redacted as in the log. Fields may be added.
type Summary struct {
	At        time.Time         `json:"at"`
	Providers []ProviderSummary `json:"providers"`
	Orphans   []string          `json:"orphans,omitempty"`

	// News has [NewsFailing] where a provider fails that did not before, and [NewsRecovered]
	// where one no longer does; without either nothing is new.
	News []string `json:"news,omitempty"`
	// Failing and Recovered say of which providers, at most 100 each, and Text says it to
	// people, a line for each.
	Failing   []FailureNews  `json:"failing,omitempty"`
	Recovered []RecoveryNews `json:"recovered,omitempty"`
	Text      string         `json:"text,omitempty"`
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
	s.tellNews(r.Results)
	return s
}
