package answer

import (
	"math"
	"regexp"
	"slices"
	"strings"
	"time"

	"example.com/tokenkeeper/internal/strictjson"
)

const day = 24 * time.Hour

// A Unit says how a number is to be read, and in which order the numbers of a date. Empty: a number
// as seconds, or as the time that it must be, and a text as what it says of itself.
type Unit string

const (
	unitSeconds      Unit = "seconds"
	unitMilliseconds Unit = "milliseconds"
	// The others are not how long a token lives but when it expires.
	unitEpochSeconds      Unit = "epoch_seconds"
	unitEpochMilliseconds Unit = "epoch_milliseconds"
	unitEpochMicroseconds Unit = "epoch_microseconds"
	unitEpochNanoseconds  Unit = "epoch_nanoseconds"
	// dayFirst and monthFirst are the orders of the numbers in a date.
	dayFirst   Unit = "day_first"
	monthFirst Unit = "month_first"
)

// numbers are the units of numbers: how long one of each is, and whether they count from 1970.
var numbers = map[Unit]struct {
	each  time.Duration
	epoch bool
}{
	"":                    {time.Second, false},
	unitSeconds:           {time.Second, false},
	unitMilliseconds:      {time.Millisecond, false},
	"minutes":             {time.Minute, false},
	"hours":               {time.Hour, false},
	unitEpochSeconds:      {time.Second, true},
	unitEpochMilliseconds: {time.Millisecond, true},
	unitEpochMicroseconds: {time.Microsecond, true},
	unitEpochNanoseconds:  {time.Nanosecond, true},
}

// ParseUnit reads the word for the unit of a lifetime.
func ParseUnit(word string) (Unit, *Misreading) {
	if word == "duration" || word == "date" {
		return "", &Misreading{"is not a unit of numbers", "leave it out: a text is read as what it says"}
	}
	return oneOf(word, unitSeconds, unitMilliseconds, "minutes", "hours",
		unitEpochSeconds, unitEpochMilliseconds, unitEpochMicroseconds, unitEpochNanoseconds)
}

// ParseDateFormat reads the word for the order of a date, or for the unit of a number since 1970.
func ParseDateFormat(word string) (Unit, *Misreading) {
	return oneOf(word, dayFirst, monthFirst, unitEpochSeconds, unitEpochMilliseconds, unitEpochMicroseconds, unitEpochNanoseconds)
}

// oneOf returns a word that is known, or says which there are.
func oneOf(word string, known ...Unit) (Unit, *Misreading) {
	if slices.Contains(known, Unit(word)) {
		return Unit(word), nil
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
	unit := numbers[u]
	s := span{length: saturate(n, unit.each), number: n, isNumber: true, counted: !unit.epoch, assumed: u == ""}
	if unit.epoch {
		s.length = since(n/float64(time.Second/unit.each), clock)
	}
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
