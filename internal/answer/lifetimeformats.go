package answer

import (
	"cmp"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// absent reports whether an answer states no lifetime: by silence, by null, by an
// empty text or by the word that some use.
func absent(v any) bool {
	text, ok := v.(string)
	text = strings.TrimSpace(text)
	return v == nil || ok && (text == "" || strings.EqualFold(text, "never") || strings.EqualFold(text, "null"))
}

// relative reads expires_in, which is not absent. What it says of a time is counted from clock.
// A misreading does not repeat the value.
func relative(v any, u Unit, dates Dates, clock time.Time) (span, *Misreading) {
	n, text, isNumber := numeral(v)
	switch {
	case isNumber:
		return u.of(n, clock), nil
	case text == "":
		return span{}, &Misreading{fmt.Sprintf("is %s", TypeOf(v)), lookAt}
	case u != "":
		return span{}, &Misreading{"is a text that is not a number, and its unit is stated as " + string(u), lookAt}
	}
	if d, ok := duration(text); ok {
		return span{length: d, counted: true}, nil
	}
	t, wrong := dates.read(text)
	if wrong != nil && wrong.Remedy == "" {
		wrong = &Misreading{"is a text that is not understood as a lifetime or a date", lookAt}
	}
	return span{length: t.Sub(clock)}, wrong
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
		return span{length: t.Sub(clock)}, wrong
	case numbers[dates.Format].epoch:
		return dates.Format.of(n, clock), nil
	case n >= milliseconds:
		return unitEpochMilliseconds.of(n, clock), nil
	case n >= year1973:
		return unitEpochSeconds.of(n, clock), nil
	}
	return span{}, &Misreading{"is a number too small for a time", "if it is a lifetime, its path belongs under response.expires_in"}
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

const oneWord = `(\d+(?:\.\d+)?) ?(seconds?|secs?|s|minutes?|mins?|m|hours?|hrs?|h|days?|d|weeks?|w)`

var (
	inWords = regexp.MustCompile(`^(?:(?:,? )?(?:and )?` + oneWord + `)+$`)
	aWord   = regexp.MustCompile(oneWord)
	// iso8601 has no years and months, unless there are none of them: they have no fixed length.
	iso8601 = regexp.MustCompile(`^P(?:0+Y)?(?:0+M)?((?:[\d.,]+W)?(?:[\d.,]+D)?)(?:T((?:[\d.,]+H)?(?:[\d.,]+M)?(?:[\d.,]+S)?))?$`)
	// clocked is a time span of .NET, [d.]hh:mm:ss[.fffffff], of Python, [d days, ]h:mm:ss, and what
	// many others write.
	clocked = regexp.MustCompile(`^(?:(\d+)(?:[. ]| days?, ))?(\d+):([0-5]\d):([0-5]\d(?:\.\d+)?)$`)
)

// duration reads text that says its own unit: ISO 8601 (PT1H), Go's notation (1h30m), a number and a
// unit in words (7 days), or hours, minutes and seconds (01:00:00).
func duration(text string) (time.Duration, bool) {
	if len(text) > longestDate {
		return 0, false
	}
	if d, err := time.ParseDuration(text); err == nil {
		return d, true
	}
	if m := clocked.FindStringSubmatch(text); m != nil {
		text = fmt.Sprintf("%sd%sh%sm%ss", cmp.Or(m[1], "0"), m[2], m[3], m[4])
	} else if m := iso8601.FindStringSubmatch(strings.ToUpper(text)); m != nil {
		text = strings.ReplaceAll(m[1]+m[2], ",", ".")
	}
	if text = strings.ToLower(text); !inWords.MatchString(text) {
		return 0, false
	}
	seconds := 0.0
	for _, m := range aWord.FindAllStringSubmatch(text, -1) {
		n, _ := strconv.ParseFloat(m[1], 64) // out of range: infinite, which is large enough
		seconds += n * map[byte]float64{'s': 1, 'm': 60, 'h': 60 * 60, 'd': 24 * 60 * 60, 'w': 7 * 24 * 60 * 60}[m[2][0]]
	}
	return saturate(seconds, time.Second), true
}
