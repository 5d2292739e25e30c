package answer

import (
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

// oneWord is a number and a unit in words.
const oneWord = `(\d+(?:\.\d+)?) ?(seconds?|secs?|s|minutes?|mins?|m|hours?|hrs?|h|days?|d|weeks?|w)`

var (
	iso8601 = regexp.MustCompile(`^P(?:0+Y)?(?:0+M)?(?:(\d+(?:[.,]\d+)?)W)?(?:(\d+(?:[.,]\d+)?)D)?(?:T(?:(\d+(?:[.,]\d+)?)H)?(?:(\d+(?:[.,]\d+)?)M)?(?:(\d+(?:[.,]\d+)?)S)?)?$`)
	inWords = regexp.MustCompile(`^(?:(?:^|,? (?:and )?)` + oneWord + `)+$`)
	aWord   = regexp.MustCompile(oneWord)
	// clocked is a time span of .NET, [d.]hh:mm:ss[.fffffff], of Python, [d days, ]h:mm:ss, and what
	// many others write.
	clocked = regexp.MustCompile(`^(?:(\d+)(?:[. ]| days?, ))?(\d+):([0-5]\d):([0-5]\d(?:\.\d+)?)$`)
)

// duration reads text that says its own unit. Years and months are not read, unless there are
// none of them: they have no fixed length.
func duration(text string) (time.Duration, bool) {
	if len(text) > longestDate {
		return 0, false
	}
	if d, err := time.ParseDuration(text); err == nil {
		return d, true
	}
	if text := strings.ToLower(text); inWords.MatchString(text) {
		var numbers []string
		var units []time.Duration
		for _, m := range aWord.FindAllStringSubmatch(text, -1) {
			numbers = append(numbers, m[1])
			units = append(units, map[byte]time.Duration{'s': time.Second, 'm': time.Minute, 'h': time.Hour, 'd': day, 'w': 7 * day}[m[2][0]])
		}
		return total(numbers, units...), true
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

// total adds up numbers of units; an empty one is zero.
func total(numbers []string, units ...time.Duration) time.Duration {
	seconds := 0.0
	for i, u := range units {
		n, _ := strconv.ParseFloat(strings.ReplaceAll(numbers[i], ",", "."), 64)
		seconds += n * u.Seconds()
	}
	return saturate(seconds, time.Second)
}
