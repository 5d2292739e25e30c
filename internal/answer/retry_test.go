package answer_test

import (
	"math"
	"net/http"
	"strconv"
	"testing"
	"time"
)

// How long a provider asks to be left alone, in the words of whatever they write.
func TestRetryAfter(t *testing.T) {
	unix := func(d time.Duration) string { return strconv.FormatInt(noon.Add(d).Unix(), 10) }
	for _, row := range []struct {
		name    string
		status  int
		headers []string
		want    time.Duration
		limited bool
	}{
		{"seconds", 429, []string{"Retry-After", "60"}, time.Minute, true},
		{"a date", 503, []string{"Retry-After", noon.Add(time.Hour).Format(http.TimeFormat)}, time.Hour, false},
		{"a date as in JSON", 503, []string{"Retry-After", noon.Add(time.Hour).Format(time.RFC3339)}, time.Hour, false},
		{"a duration", 429, []string{"Retry-After", "1m30s"}, 90 * time.Second, true},
		{"seconds since 1970", 429, []string{"Retry-After", strconv.FormatInt(noon.Add(time.Hour).Unix(), 10)}, time.Hour, true},
		{"GitHub's secondary limit", 403, []string{"Retry-After", "60", "X-RateLimit-Remaining", "4711"}, time.Minute, true},
		{"a firewall's refusal", 403, []string{"X-RateLimit-Remaining", "4711", "X-RateLimit-Reset", unix(time.Hour)}, 0, false},
		{"beside success", 200, []string{"Retry-After", "90"}, 90 * time.Second, false},
		{"on a bad request", 400, []string{"Retry-After", "90"}, 90 * time.Second, false},
		{"a year", 429, []string{"Retry-After", "31536000"}, 365 * day, true},
		{"for ever", 429, []string{"Retry-After", "1e300"}, math.MaxInt64, true},
		{"milliseconds", 429, []string{"Retry-After-Ms", "1500"}, 1500 * time.Millisecond, true},
		{"Azure's milliseconds", 429, []string{"X-Ms-Retry-After-Ms", "2500"}, 2500 * time.Millisecond, true},
		{"a reset since 1970", 429, []string{"X-RateLimit-Reset", unix(10 * time.Minute)}, 10 * time.Minute, true},
		{"a reset since 1970, in milliseconds", 429, []string{"X-RateLimit-Reset", unix(10*time.Minute) + "000"}, 10 * time.Minute, true},
		{"a reset in seconds", 429, []string{"X-RateLimit-Reset", "30"}, 30 * time.Second, true},
		{"Okta's", 429, []string{"X-Rate-Limit-Reset", unix(time.Minute)}, time.Minute, true},
		{"Discord's", 429, []string{"X-RateLimit-Reset-After", "1.5"}, 1500 * time.Millisecond, true},
		{"OpenAI's", 429, []string{"X-RateLimit-Reset-Requests", "6m0s"}, 6 * time.Minute, true},
		{"a reset at a date", 429, []string{"X-RateLimit-Reset", "2026-11-22T12:05:00Z"}, 5 * time.Minute, true},
		{"a draft's", 429, []string{"RateLimit-Limit", "100", "RateLimit-Remaining", "0", "RateLimit-Reset", "50"}, 50 * time.Second, true},
		{"a later draft's", 429, []string{"RateLimit", `"default";r=0;t=40`}, 40 * time.Second, true},
		{"GitHub's primary limit", 403, []string{"X-RateLimit-Remaining", "0", "X-RateLimit-Reset", unix(20 * time.Minute)}, 20 * time.Minute, true},
		{"a quota with something left", 400, []string{"X-RateLimit-Remaining", "7", "X-RateLimit-Reset", "3600"}, 0, false},
		{"a reset that has passed", 429, []string{"X-RateLimit-Reset", unix(-time.Minute)}, 0, true},
		{"Retry-After before all else", 429, []string{"Retry-After", "5", "X-RateLimit-Reset", "3600"}, 5 * time.Second, true},
		{"a date that has passed", 503, []string{"Retry-After", noon.Add(-time.Hour).Format(http.TimeFormat)}, 0, false},
		{"a date, by the provider's clock", 503, []string{"Retry-After", noon.Add(time.Hour).Format(http.TimeFormat), "Date", noon.Add(-10 * time.Minute).Format(http.TimeFormat)}, 70 * time.Minute, false},
		{"a number that only programs write", 429, []string{"Retry-After", "0x1p4"}, 0, true},
		{"less than nothing", 429, []string{"Retry-After", "-5"}, 0, true},
		{"spaces", 429, []string{"X-RateLimit-Reset", " 30 "}, 30 * time.Second, true},
		{"seconds since 1970, in 2001", 429, []string{"Retry-After", "1000000000"}, 0, true},
		{"milliseconds since 1970, in 2001", 429, []string{"Retry-After", "1000000000000"}, 0, true},
		{"a date, by our clock", 503, []string{"Retry-After", noon.Add(time.Hour).Format(http.TimeFormat), "Date", ""}, time.Hour, false},
		{"a later draft's, of another refusal", 400, []string{"RateLimit", `"default";r=0;t=40`}, 40 * time.Second, false},
		{"a later draft's, with something left", 400, []string{"RateLimit", `"default";r=1;t=40`}, 0, false},
		{"words", 429, []string{"Retry-After", "later"}, 0, true},
		{"nothing", 429, nil, 0, true},
	} {
		m := message(`{}`, row.headers...)
		if dates := m.Header["Date"]; len(dates) > 1 {
			m.Header["Date"] = dates[1:]
			m.AskedAt = noon.Add(-time.Hour) // the time of the answer is given
		}
		m.Status = row.status
		if got := m.RetryAfter(noon); got != row.want || m.Limited() != row.limited {
			t.Errorf("%s: %v, limited %v; want %v", row.name, got, m.Limited(), row.want)
		}
	}
}
