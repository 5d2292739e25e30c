package terminal

import (
	"fmt"
	"strings"
	"time"
)

// Clock writes the time of day.
func Clock(t time.Time) string { return t.UTC().Format("15:04") }

// Span writes a duration as people say it, in its two largest units at most: 45s, 12m,
// 3h 05m, 6d 02h.
func Span(d time.Duration) string {
	d = d.Round(time.Second)
	if d < 0 {
		return "-" + Span(-d)
	}
	switch {
	case d < time.Minute:
		return fmt.Sprintf("%ds", d/time.Second)
	case d < 2*time.Minute && d%time.Minute != 0:
		return fmt.Sprintf("%dm %02ds", d/time.Minute, d%time.Minute/time.Second)
	case d < time.Hour:
		return fmt.Sprintf("%dm", d/time.Minute)
	case d < 48*time.Hour:
		return fmt.Sprintf("%dh %02dm", d/time.Hour, d%time.Hour/time.Minute)
	}
	const day = 24 * time.Hour
	return fmt.Sprintf("%dd %02dh", d/day, d%day/time.Hour)
}

// Exact writes a duration in Go's notation, without the zeros at its end: 1h30m, and not 1h30m0s.
func Exact(d time.Duration) string {
	text := d.String()
	if strings.HasSuffix(text, "m0s") {
		text = strings.TrimSuffix(text, "0s")
	}
	if strings.HasSuffix(text, "h0m") {
		text = strings.TrimSuffix(text, "0m")
	}
	return text
}
