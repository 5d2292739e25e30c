package answer

import (
	"fmt"
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"example.com/tokenkeeper/internal/strictjson"
)

// A Unit says how a number is to be read. Empty: as seconds if it is a number, and else as what
// its text says of itself.
type Unit string

const (
	unitSeconds      Unit = "seconds"
	unitMilliseconds Unit = "milliseconds"
	unitMinutes      Unit = "minutes"
	unitHours        Unit = "hours"
	// unitDuration is text: ISO 8601 (PT1H), Go's notation (1h30m), a number and a unit in words
	// (7 days), or hours, minutes and seconds (01:00:00).
	unitDuration Unit = "duration"
	// The others are not how long a token lives but when it ends.
	unitEpochSeconds      Unit = "epoch_seconds"
	unitEpochMilliseconds Unit = "epoch_milliseconds"
	unitEpochMicroseconds Unit = "epoch_microseconds"
	unitEpochNanoseconds  Unit = "epoch_nanoseconds"
	// unitDate is text: see date.
	unitDate Unit = "date"
)

// epochs are how many of each fit into a second.
var epochs = map[Unit]float64{unitEpochSeconds: 1, unitEpochMilliseconds: 1e3, unitEpochMicroseconds: 1e6, unitEpochNanoseconds: 1e9}

// ParseUnit reads the word for a unit.
func ParseUnit(word string) (Unit, *Misreading) {
	known := []Unit{unitSeconds, unitMilliseconds, unitMinutes, unitHours, unitDuration,
		unitEpochSeconds, unitEpochMilliseconds, unitEpochMicroseconds, unitEpochNanoseconds, unitDate}
	short := map[string]Unit{
		"s": unitSeconds, "sec": unitSeconds, "ms": unitMilliseconds, "millis": unitMilliseconds,
		"m": unitMinutes, "min": unitMinutes, "h": unitHours, "unix": unitEpochSeconds, "epoch": unitEpochSeconds,
		"timestamp": unitEpochSeconds, "unix_ms": unitEpochMilliseconds, "epoch_ms": unitEpochMilliseconds,
		"unix_us": unitEpochMicroseconds, "epoch_us": unitEpochMicroseconds, "micros": unitEpochMicroseconds,
		"unix_ns": unitEpochNanoseconds, "epoch_ns": unitEpochNanoseconds, "nanos": unitEpochNanoseconds,
		"iso8601": unitDuration, "iso8601_duration": unitDuration, "go": unitDuration, "rfc3339": unitDate, "http_date": unitDate,
	}
	if long, ok := short[strings.ToLower(word)]; ok {
		return "", &Misreading{"is not the word for this unit", fmt.Sprintf("write %q", long)}
	}
	return oneOf(word, known)
}

// oneOf returns a word that is known, or says which there are.
func oneOf[T ~string](word string, known []T) (T, *Misreading) {
	if slices.Contains(known, T(word)) {
		return T(word), nil
	}
	var words []string
	for _, k := range known {
		words = append(words, string(k))
	}
	remedy := fmt.Sprintf(`use "%s" or %q`, strings.Join(words[:len(words)-1], `", "`), words[len(words)-1])
	if near := strictjson.Nearest(word, words); near != "" {
		remedy = fmt.Sprintf("did you mean %q?", near)
	}
	return "", &Misreading{"is not known here", remedy}
}

// words says what a number of that unit is.
func (u Unit) words() string {
	if fine, ok := strings.CutPrefix(string(u), "epoch_"); ok {
		return fine + " since 1970"
	}
	return string(u)
}

// of returns n of these, as a lifetime that begins at clock.
func (u Unit) of(n float64, clock time.Time) span {
	s := span{number: n, isNumber: true}
	if per, ok := epochs[u]; ok {
		s.length = since(n/per, clock)
		return s
	}
	s.counted = true
	each, ok := map[Unit]time.Duration{unitMilliseconds: time.Millisecond, unitMinutes: time.Minute, unitHours: time.Hour}[u]
	if !ok {
		each, s.assumed = time.Second, u == ""
	}
	s.length = saturate(n, each)
	return s
}

// A span is a lifetime as an answer states it.
type span struct {
	// length is how long it is. A length beyond what a Duration holds is the longest
	// Duration.
	length time.Duration
	// assumed marks a number whose unit is not stated anywhere.
	assumed bool
	// number is what was written, if isNumber is set.
	number   float64
	isNumber bool
	// counted marks one that begins with the answer. The others end at a time.
	counted bool
}

// absent reports whether an answer states no lifetime: by silence, by null, by an
// empty text or by the word that some use.
func absent(v any) bool {
	text, ok := v.(string)
	text = strings.TrimSpace(text)
	return v == nil || ok && (text == "" || strings.EqualFold(text, "never") || strings.EqualFold(text, "null"))
}

// lookAt is the remedy where a lifetime is written in a way of its own.
const lookAt = "look at the paths under response, and at expires_in_unit"

// relative reads expires_in, which is not absent. What it says of a time is counted from clock.
// A misreading does not repeat the value.
func relative(v any, u Unit, dates Dates, clock time.Time) (span, *Misreading) {
	n, text, isNumber := numeral(v)
	switch {
	case !isNumber && text == "":
		return span{}, &Misreading{fmt.Sprintf("is %s", TypeOf(v)), lookAt}
	case isNumber && u != unitDuration && u != unitDate:
		return u.of(n, clock), nil
	case u == "" || u == unitDuration:
		if d, ok := duration(text); ok {
			return span{length: d, counted: true}, nil
		}
		if u == unitDuration {
			return span{}, &Misreading{"is a text that is not understood as a lifetime", lookAt}
		}
	case u != unitDate:
		return span{}, &Misreading{"is a text that is not a number, and its unit is stated as " + string(u), lookAt}
	}
	t, wrong := dates.read(text)
	if wrong != nil && wrong.Remedy == "" {
		wrong = &Misreading{"is a text that is not understood as a lifetime or a date", lookAt}
	}
	return span{length: until(t, clock)}, wrong
}

// absolute reads expires_at, which is not absent: a date, or a number of seconds or
// milliseconds since 1970. The two cannot be mistaken for each other: as seconds, the
// former end in the year 5138, where the latter, as milliseconds, begin in 1973.
func absolute(v any, dates Dates, clock time.Time) (span, *Misreading) {
	const milliseconds, year1973 = 1e11, 1e8
	n, text, isNumber := numeral(v)
	switch {
	case !isNumber && text == "":
		return span{}, &Misreading{fmt.Sprintf("is %s", TypeOf(v)), lookAt}
	case !isNumber:
		t, wrong := dates.read(text)
		if wrong != nil && wrong.Remedy == "" {
			wrong.Remedy = "look at response.expires_at; if it is a lifetime, its path belongs under response.expires_in"
		}
		return span{length: until(t, clock)}, wrong
	case dates.epoch() != "":
		return dates.epoch().of(n, clock), nil
	case n >= milliseconds:
		return unitEpochMilliseconds.of(n, clock), nil
	case n >= year1973:
		return unitEpochSeconds.of(n, clock), nil
	}
	return span{}, &Misreading{"is a number too small for a time", "if it is a lifetime, its path belongs under response.expires_in"}
}

// decimal is a number as JSON and careless servers write it.
var decimal = regexp.MustCompile(`^[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?$`)

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

// until returns the time from clock to t.
func until(t, clock time.Time) time.Duration { return t.Sub(clock) }

var (
	iso8601 = regexp.MustCompile(`^P(?:(\d+(?:[.,]\d+)?)W)?(?:(\d+(?:[.,]\d+)?)D)?(?:T(?:(\d+(?:[.,]\d+)?)H)?(?:(\d+(?:[.,]\d+)?)M)?(?:(\d+(?:[.,]\d+)?)S)?)?$`)
	inWords = regexp.MustCompile(`^(\d+(?:\.\d+)?) ?(s|secs?|seconds?|m|mins?|minutes?|h|hrs?|hours?|d|days?|w|weeks?)$`)
	// clocked is a time span of .NET, [d.]hh:mm:ss[.fffffff], and what many others write.
	clocked = regexp.MustCompile(`^(?:(\d+)[. ])?(\d+):([0-5]\d):([0-5]\d(?:\.\d+)?)$`)
)

// duration reads text that says its own unit. Years and months are not read: they have
// no fixed length.
func duration(text string) (time.Duration, bool) {
	if d, err := time.ParseDuration(text); err == nil {
		return d, true
	}
	if m := inWords.FindStringSubmatch(strings.ToLower(text)); m != nil {
		unit := map[byte]time.Duration{'s': time.Second, 'm': time.Minute, 'h': time.Hour, 'd': day, 'w': 7 * day}[m[2][0]]
		return total(m[1:2], unit), true
	}
	if m := clocked.FindStringSubmatch(text); m != nil {
		return total(m[1:], day, time.Hour, time.Minute, time.Second), true
	}
	m := iso8601.FindStringSubmatch(strings.ToUpper(text))
	if m == nil || strings.Join(m[1:], "") == "" {
		return 0, false
	}
	return total(m[1:], 7*day, day, time.Hour, time.Minute, time.Second), true
}

// total adds up numbers of units; an empty one is none.
func total(numbers []string, units ...time.Duration) time.Duration {
	seconds := 0.0
	for i, u := range units {
		n, _ := strconv.ParseFloat(strings.ReplaceAll(numbers[i], ",", "."), 64)
		seconds += n * u.Seconds()
	}
	return saturate(seconds, time.Second)
}
