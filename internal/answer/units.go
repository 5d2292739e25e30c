package answer

import (
	"fmt"
	"math"
	"regexp"
	"slices"
	"strings"
	"time"

	"example.com/tokenkeeper/internal/strictjson"
)

const day = 24 * time.Hour

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
	return "", &Misreading{"is not known here", strictjson.DidYouMean(word, words, "use "+strictjson.Either(words))}
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

// never reports a lifetime of zero or less, which some providers state of tokens that do not expire. A
// time that has passed is none.
func (s span) never() bool {
	return s.counted && s.length <= 0 || s.isNumber && s.number <= 0
}

// lookAt is the remedy where a lifetime is written in a way of its own.
const lookAt = "look at the paths under response, and at expires_in_unit"

// decimal is a number as JSON and careless servers write it.
var decimal = regexp.MustCompile(`^[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?$`)

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
