package answer

import (
	"errors"
	"fmt"
	"math"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"example.com/tokenkeeper/internal/strictjson"
)

// A Unit says how expires_in is to be read. Empty: as seconds if it is a number, and
// else as what its text says of itself.
type Unit string

const (
	unitSeconds      Unit = "seconds"
	unitMilliseconds Unit = "milliseconds"
	unitMinutes      Unit = "minutes"
	unitHours        Unit = "hours"
	// unitDuration is text: ISO 8601 (PT1H), Go's notation (1h30m), or a number and a
	// unit in words (7 days).
	unitDuration Unit = "duration"
	// The others are not how long a token lives but when it ends.
	unitEpochSeconds      Unit = "epoch_seconds"
	unitEpochMilliseconds Unit = "epoch_milliseconds"
	// unitDate is text: RFC 3339, or a date as in HTTP (RFC 9110 section 5.6.7).
	unitDate Unit = "date"
)

// ParseUnit reads the word for a unit.
func ParseUnit(word string) (Unit, *Misreading) {
	known := []string{
		string(unitSeconds), string(unitMilliseconds), string(unitMinutes), string(unitHours), string(unitDuration),
		string(unitEpochSeconds), string(unitEpochMilliseconds), string(unitDate),
	}
	if slices.Contains(known, word) {
		return Unit(word), nil
	}
	short := map[string]Unit{
		"s": unitSeconds, "sec": unitSeconds, "ms": unitMilliseconds, "millis": unitMilliseconds,
		"m": unitMinutes, "min": unitMinutes, "h": unitHours, "unix": unitEpochSeconds, "epoch": unitEpochSeconds,
		"timestamp": unitEpochSeconds, "unix_ms": unitEpochMilliseconds, "epoch_ms": unitEpochMilliseconds,
		"iso8601": unitDuration, "iso8601_duration": unitDuration, "go": unitDuration, "rfc3339": unitDate, "http_date": unitDate,
	}
	if long, ok := short[strings.ToLower(word)]; ok {
		return "", &Misreading{"is not the word for this unit", fmt.Sprintf("write %q", long)}
	}
	if near := strictjson.Nearest(word, known); near != "" {
		return "", &Misreading{"is not known here", fmt.Sprintf("did you mean %q?", near)}
	}
	last := len(known) - 1
	return "", &Misreading{"is not known here", fmt.Sprintf(`use "%s" or %q`, strings.Join(known[:last], `", "`), known[last])}
}

// A span is a lifetime as an answer states it.
type span struct {
	// length is how long it is. A length beyond what a Duration holds is the longest
	// Duration.
	length time.Duration
	// assumed marks a number whose unit nobody has stated.
	assumed bool
	// number is that number.
	number float64
}

// absent reports whether an answer states no lifetime: by silence, by null, by an
// empty text or by the word that some use.
func absent(v any) bool {
	text, ok := v.(string)
	text = strings.TrimSpace(text)
	return v == nil || ok && (text == "" || strings.EqualFold(text, "never") || strings.EqualFold(text, "null"))
}

// relative reads expires_in, which is not absent. What it says of a time is counted
// from clock. The error says what is wrong without repeating the value.
func relative(v any, u Unit, clock time.Time) (span, error) {
	n, text, isNumber := numeral(v)
	switch {
	case !isNumber && text == "":
		return span{}, fmt.Errorf("is %s", TypeOf(v))
	case u == unitDuration || u == "" && !isNumber && !looksLikeDate(text):
		d, ok := duration(text)
		if !ok {
			return span{}, errors.New("is a text that is not understood as a lifetime")
		}
		return span{length: d}, nil
	case u == unitDate || u == "" && !isNumber:
		t, ok := date(text)
		if !ok {
			return span{}, errors.New("is a text that is not understood as a date")
		}
		return span{length: t.Sub(clock)}, nil
	case !isNumber:
		return span{}, fmt.Errorf("is a text that is not a number, and its unit is stated as %s", u)
	}
	switch u {
	case unitEpochSeconds:
		return span{length: since(n, clock)}, nil
	case unitEpochMilliseconds:
		return span{length: since(n/1000, clock)}, nil
	case unitMilliseconds:
		return span{length: saturate(n, time.Millisecond)}, nil
	case unitMinutes:
		return span{length: saturate(n, time.Minute)}, nil
	case unitHours:
		return span{length: saturate(n, time.Hour)}, nil
	}
	return span{length: saturate(n, time.Second), assumed: u == "", number: n}, nil
}

// absolute reads expires_at, which is not absent: a date, or a number of seconds or
// milliseconds since 1970. The two cannot be mistaken for each other: as seconds, the
// former end in the year 5138, where the latter, as milliseconds, begin in 1973.
func absolute(v any, clock time.Time) (span, error) {
	const milliseconds, year1973 = 1e11, 1e8
	n, text, isNumber := numeral(v)
	switch {
	case !isNumber && text == "":
		return span{}, fmt.Errorf("is %s", TypeOf(v))
	case !isNumber:
		t, ok := date(text)
		if !ok {
			return span{}, errors.New("is a text that is not understood as a date")
		}
		return span{length: t.Sub(clock)}, nil
	case n >= milliseconds:
		return span{length: since(n/1000, clock)}, nil
	case n >= year1973:
		return span{length: since(n, clock)}, nil
	}
	return span{}, errors.New("is a number too small for a time; if it is a lifetime, its path belongs under response.expires_in")
}

// decimal is a number as JSON and careless servers write it.
var decimal = regexp.MustCompile(`^[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?$`)

// ParseNumber reads a number as JSON and careless servers write it.
func ParseNumber(text string) (float64, bool) {
	if !decimal.MatchString(text) {
		return 0, false
	}
	n, err := strconv.ParseFloat(text, 64)
	return n, err == nil
}

// numeral returns v as a number, if it is one or a text that is one, and else as text.
func numeral(v any) (n float64, text string, isNumber bool) {
	switch v := v.(type) {
	case float64:
		return v, "", true
	case string:
		text = strings.TrimSpace(v)
		if len(text) <= 400 && decimal.MatchString(text) {
			n, _ = strconv.ParseFloat(text, 64) // out of range: infinite, which is large enough
			return n, text, true
		}
	}
	return 0, text, false
}

// saturate returns n units.
func saturate(n float64, u time.Duration) time.Duration {
	switch d := n * float64(u); {
	case d >= math.MaxInt64:
		return math.MaxInt64
	case d <= math.MinInt64:
		return math.MinInt64
	default:
		return time.Duration(d)
	}
}

// since returns the time from clock to n seconds after 1970.
func since(n float64, clock time.Time) time.Duration {
	return saturate(n-float64(clock.UnixMilli())/1000, time.Second)
}

// looksLikeDate tells "2026-11-22T12:00:00Z" and "Sun, 22 Nov 2026 12:00:00 GMT" from
// "PT1H" and "1 hour".
func looksLikeDate(text string) bool { return strings.Count(text, ":") >= 2 }

func date(text string) (time.Time, bool) {
	if len(text) > 10 && text[10] == ' ' {
		text = text[:10] + "T" + text[11:] // RFC 3339 section 5.6, the note
	}
	if t, err := time.Parse(time.RFC3339Nano, text); err == nil {
		return t, true
	}
	t, err := http.ParseTime(text)
	return t, err == nil
}

var (
	iso8601 = regexp.MustCompile(`^P(?:(\d+(?:\.\d+)?)W)?(?:(\d+(?:\.\d+)?)D)?(?:T(?:(\d+(?:\.\d+)?)H)?(?:(\d+(?:\.\d+)?)M)?(?:(\d+(?:\.\d+)?)S)?)?$`)
	inWords = regexp.MustCompile(`^(\d+(?:\.\d+)?) ?(s|secs?|seconds?|m|mins?|minutes?|h|hrs?|hours?|d|days?|w|weeks?)$`)
)

// duration reads text that says its own unit. Years and months are not read: they have
// no fixed length.
func duration(text string) (time.Duration, bool) {
	const day = 24 * time.Hour
	if d, err := time.ParseDuration(text); err == nil {
		return d, true
	}
	if m := inWords.FindStringSubmatch(strings.ToLower(text)); m != nil {
		unit := map[byte]time.Duration{'s': time.Second, 'm': time.Minute, 'h': time.Hour, 'd': day, 'w': 7 * day}[m[2][0]]
		n, _ := strconv.ParseFloat(m[1], 64)
		return saturate(n, unit), true
	}
	m := iso8601.FindStringSubmatch(strings.ToUpper(text))
	if m == nil || strings.Join(m[1:], "") == "" {
		return 0, false
	}
	total := 0.0
	for i, u := range []time.Duration{7 * day, day, time.Hour, time.Minute, time.Second} {
		n, _ := strconv.ParseFloat(m[i+1], 64)
		total += n * u.Seconds()
	}
	return saturate(total, time.Second), true
}
