package answer

import (
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// RetryAfter reads how long a provider asks its clients to stay away, whatever the status: by
// Retry-After (RFC 9110 section 10.2.3), else by what others have in its place. A date is by the
// provider's clock, or by ours, now, where it states none. What cannot be read counts for nothing.
func (m *Message) RetryAfter(now time.Time) time.Duration {
	clock := now
	if _, err := http.ParseTime(m.Header.Get("Date")); err == nil {
		clock = m.Clock()
	}
	if text := strings.TrimSpace(m.Header.Get("Retry-After")); text != "" {
		return max(fromNow(text, clock), 0)
	}
	for _, name := range []string{"Retry-After-Ms", "X-Ms-Retry-After-Ms"} { // Azure's
		if n := positive(m.Header.Get(name)); n > 0 {
			return saturate(n, time.Millisecond)
		}
	}
	if m.Status != http.StatusTooManyRequests && !m.exhausted() {
		return 0 // when a quota begins anew says nothing of a refusal for other reasons
	}
	for _, name := range resets {
		if d := fromNow(m.Header.Get(name), clock); d > 0 {
			return d
		}
	}
	if found := resetIn.FindStringSubmatch(m.Header.Get("RateLimit")); found != nil {
		return saturate(positive(found[1]), time.Second)
	}
	return 0
}

// Limited reports whether an answer refuses a request because there were too many, by 429, or by 403
// and when to come back.
func (m *Message) Limited() bool {
	return m.Status == http.StatusTooManyRequests || m.Status == http.StatusForbidden && m.RetryAfter(m.AskedAt) > 0
}

var (
	// resets say when a quota begins anew: in seconds from now, or in seconds or milliseconds
	// since 1970, as a date or as a duration.
	resets = []string{"X-Ratelimit-Reset-After", "X-Ratelimit-Reset", "X-Rate-Limit-Reset", "Ratelimit-Reset",
		"X-Ratelimit-Reset-Requests", "X-Ratelimit-Reset-Tokens"}
	// remains say how much of a quota is left.
	remains = []string{"X-Ratelimit-Remaining", "X-Rate-Limit-Remaining", "Ratelimit-Remaining", "X-Ratelimit-Remaining-Requests"}
	// RateLimit has both, in the drafts of the IETF's HTTPAPI working group.
	resetIn = regexp.MustCompile(`(?:^|[;, ])(?:t|reset)=([0-9]+)`)
	noneIn  = regexp.MustCompile(`(?:^|[;, ])(?:r|remaining)=0(?:$|[;, ])`)
)

func (m *Message) exhausted() bool {
	for _, name := range remains {
		if n, err := strconv.ParseFloat(strings.TrimSpace(m.Header.Get(name)), 64); err == nil && n == 0 {
			return true
		}
	}
	return noneIn.MatchString(m.Header.Get("RateLimit"))
}

// fromNow reads in how long something happens: seconds, seconds or milliseconds since 1970, a
// duration or a date. Zero: it is none of them.
func fromNow(text string, clock time.Time) time.Duration {
	const seconds, milliseconds = 1e9, 1e12 // since 1970, from 2001 on
	switch n := positive(text); {
	case n >= milliseconds:
		return since(n/1000, clock)
	case n >= seconds:
		return since(n, clock)
	case n > 0:
		return saturate(n, time.Second)
	}
	if d, ok := duration(strings.TrimSpace(text)); ok {
		return d
	}
	if t, wrong := (Dates{}).read(text); wrong == nil {
		return t.Sub(clock)
	}
	return 0
}

// positive reads a number that is more than zero; else it is 0.
func positive(text string) float64 {
	text = strings.TrimSpace(text)
	n, _ := strconv.ParseFloat(text, 64) // out of range: infinite, or zero
	if !decimal.MatchString(text) || n <= 0 {
		return 0
	}
	return n
}
