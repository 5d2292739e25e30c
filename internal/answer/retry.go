package answer

import (
	"net/http"
	"strconv"
	"strings"
	"time"
)

// RetryAfter reads how long a provider asks its clients to stay away: seconds, or a date (RFC
// 9110 section 10.2.3) by the provider's own clock, or by ours, now, where it does not state
// its own. What is neither counts for nothing.
func (m *Message) RetryAfter(now time.Time) time.Duration {
	text := strings.TrimSpace(m.Header.Get("Retry-After"))
	if text == "" {
		return 0
	}
	if t, err := http.ParseTime(text); err == nil {
		clock := now
		if _, err := http.ParseTime(m.Header.Get("Date")); err == nil {
			clock = m.Clock()
		}
		return max(t.Sub(clock), 0)
	}
	n, err := strconv.ParseFloat(text, 64)
	if !decimal.MatchString(text) || n <= 0 || err != nil && n == 0 {
		return 0
	}
	return saturate(n, time.Second)
}
