package answer

import (
	"fmt"
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// Dates says of the dates in an answer what they do not say themselves.
type Dates struct {
	// Format is how the numbers of a date are ordered, or in which unit a number is; empty:
	// as it is read by default.
	Format DateFormat
	// Zone is that of dates without one; nil: such a date is not read.
	Zone *time.Location
}

// A DateFormat is day_first, month_first, or one of the units of a number since 1970.
type DateFormat string

const (
	dayFirst   DateFormat = "day_first"
	monthFirst DateFormat = "month_first"
)

// ParseDateFormat reads the word for a format.
func ParseDateFormat(word string) (DateFormat, *Misreading) {
	return oneOf(word, []DateFormat{dayFirst, monthFirst, DateFormat(unitEpochSeconds), DateFormat(unitEpochMilliseconds),
		DateFormat(unitEpochMicroseconds), DateFormat(unitEpochNanoseconds)})
}

// ParseZone reads a time zone: UTC, or an offset such as +02:00. Names of places are not taken:
// the database behind them costs a tenth of the bootstrap, and no provider's page wants it.
func ParseZone(text string) (*time.Location, *Misreading) {
	if offset, ok := parseOffset(text); ok {
		return time.FixedZone(text, offset), nil
	}
	return nil, &Misreading{"is not a time zone",
		`write "UTC" or an offset such as "+01:00"; where the clocks change, that of summer: a token is then replaced an hour early in winter, and never late`}
}

// epoch returns the unit of numbers, if one is stated.
func (d Dates) epoch() Unit {
	if _, ok := epochs[Unit(d.Format)]; ok {
		return Unit(d.Format)
	}
	return ""
}

// longestDate is in bytes: JavaScript's have a zone spelled out.
const longestDate = 120

const (
	// clockTime is hours, minutes, seconds and a fraction of the last of them, and a half of
	// the day: ISO 8601-1 section 5.3, and what people make of it.
	clockTime = `(?:(\d{1,2})(?::?(\d{2})(?::?(\d{2}))?)?(?:[.,](\d+))?(?: ?([AaPp])\.?[Mm]\.?)?)`
	// zoneText is an offset or a name, perhaps with the name of a place after it.
	zoneText   = `(?: ?((?:GMT|UTC)?[+\x{2212}-]\d{2}(?::?\d{2})?|Z|z|UTC|utc|GMT|gmt|UT|[ECMP][SD]T)(?: ?(?:UTC|GMT|\([^()]*\)|\[[^\[\]]*\]))?)?`
	monthName  = `(Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)[a-z]*`
	dayOfWeek  = `(?:(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun)[a-z]*,? )?`
	monthNames = "JanFebMarAprMayJunJulAugSepOctNovDec"
)

// The shapes of dates, each with year, month, day or what they have instead, then the time, then
// the zone.
var (
	isoDate   = regexp.MustCompile(`^(?:(\d{4})-(\d{2})-(\d{2})|(\d{4})(\d{2})(\d{2}))(?:[Tt _]` + clockTime + zoneText + `)?$`)
	isoWeek   = regexp.MustCompile(`^(\d{4})-?W(\d{2})-?([1-7])(?:[Tt ]` + clockTime + zoneText + `)?$`)
	isoDay    = regexp.MustCompile(`^(\d{4})-?(\d{3})(?:[Tt ]` + clockTime + zoneText + `)?$`)
	mailDate  = regexp.MustCompile(`^` + dayOfWeek + `(\d{1,2})[ -]` + monthName + `[ -](\d{4}|\d{2}),? ` + clockTime + zoneText + `$`)
	unixDate  = regexp.MustCompile(`^` + dayOfWeek + monthName + ` {1,2}(\d{1,2}) ` + clockTime + zoneText + ` (\d{4})$`)
	spoken    = regexp.MustCompile(`^` + dayOfWeek + monthName + ` {1,2}(\d{1,2}),? (\d{4}),? ` + clockTime + zoneText + `$`)
	slashed   = regexp.MustCompile(`^(\d{1,2})([/.-])(\d{1,2})([/.-])(\d{4})(?:,? ` + clockTime + zoneText + `)?$`)
	yearSlash = regexp.MustCompile(`^(\d{4})[/.](\d{1,2})[/.](\d{1,2})(?:,? ` + clockTime + zoneText + `)?$`)
	// compact is GeneralizedTime (ITU-T X.680 section 46), as directories write it.
	compact = regexp.MustCompile(`^(\d{4})(\d{2})(\d{2})(\d{2})(\d{2})(\d{2})?(?:[.,](\d+))?()` + zoneText + `$`)
	dotNet  = regexp.MustCompile(`^(?:/Date|new Date)\((-?\d{1,16})(?:[+-]\d{4})?\)/?$`)
)

// read reads a date as ISO 8601-1, RFC 3339, RFC 5322, RFC 9110 and common serializers write it.
// What is no date at all has a misreading without a remedy.
func (d Dates) read(text string) (time.Time, *Misreading) {
	if len(text) > longestDate {
		return time.Time{}, &Misreading{Detail: "is a text that is not understood as a date"}
	}
	text = strings.Join(strings.Fields(text), " ")
	if t, err := http.ParseTime(text); err == nil {
		return t, nil
	}
	if m := dotNet.FindStringSubmatch(text); m != nil {
		ms, _ := strconv.ParseInt(m[1], 10, 64) // sixteen digits at most
		return time.UnixMilli(ms), nil
	}
	// The place's name, where it has one and no offset before it.
	place := ""
	if i := strings.LastIndexByte(text, '['); i > 0 && strings.HasSuffix(text, "]") {
		place = text[i+1 : len(text)-1]
	}
	if m := isoDate.FindStringSubmatch(text); m != nil {
		return d.date(m[1]+m[4], m[2]+m[5], m[3]+m[6], m[7:], "")
	}
	if place != "" {
		if m := isoDate.FindStringSubmatch(strings.TrimSpace(text[:strings.LastIndexByte(text, '[')])); m != nil {
			return d.date(m[1]+m[4], m[2]+m[5], m[3]+m[6], m[7:], place)
		}
	}
	if m := compact.FindStringSubmatch(text); m != nil {
		return d.date(m[1], m[2], m[3], m[4:], "")
	}
	if m := isoWeek.FindStringSubmatch(text); m != nil {
		week, weekday := number(m[2]), number(m[3])
		jan4 := time.Date(number(m[1]), 1, 4, 0, 0, 0, 0, time.UTC) // in week 1 (ISO 8601-1 section 4.2.2)
		t := jan4.AddDate(0, 0, (week-1)*7+weekday-1-(int(jan4.Weekday())+6)%7)
		return d.date(strconv.Itoa(t.Year()), strconv.Itoa(int(t.Month())), strconv.Itoa(t.Day()), m[4:], "")
	}
	if m := isoDay.FindStringSubmatch(text); m != nil {
		t := time.Date(number(m[1]), 1, number(m[2]), 0, 0, 0, 0, time.UTC)
		return d.date(strconv.Itoa(t.Year()), strconv.Itoa(int(t.Month())), strconv.Itoa(t.Day()), m[3:], "")
	}
	if m := mailDate.FindStringSubmatch(text); m != nil {
		return d.date(m[3], m[2], m[1], m[4:], "")
	}
	if m := unixDate.FindStringSubmatch(text); m != nil {
		return d.date(m[9], m[1], m[2], m[3:9], "")
	}
	if m := spoken.FindStringSubmatch(text); m != nil {
		return d.date(m[3], m[1], m[2], m[4:], "")
	}
	if m := yearSlash.FindStringSubmatch(text); m != nil {
		return d.date(m[1], m[2], m[3], m[4:], "")
	}
	if m := slashed.FindStringSubmatch(text); m != nil && m[2] == m[4] {
		switch d.Format {
		case dayFirst:
			return d.date(m[5], m[3], m[1], m[6:], "")
		case monthFirst:
			return d.date(m[5], m[1], m[3], m[6:], "")
		}
		return time.Time{}, &Misreading{"is a date that does not say which number is the day",
			fmt.Sprintf(`say "response": {"expires_at_format": %q}, or %q`, dayFirst, monthFirst)}
	}
	return time.Time{}, &Misreading{Detail: "is a text that is not understood as a date"}
}

// date puts a date together. The rest are hours, minutes, seconds, a fraction, the half of the
// day and the zone, each empty where there is none; the place is used where there is no zone.
func (d Dates) date(year, month, dayOfMonth string, rest []string, place string) (time.Time, *Misreading) {
	none := &Misreading{"is a date that there is not", lookAt}
	m := number(month)
	if i := strings.Index(monthNames, month); month != "" && i >= 0 && m == 0 {
		m = i/3 + 1
	}
	hours, minutes, seconds := number(rest[0]), number(rest[1]), number(rest[2])
	switch half := strings.ToLower(rest[4]); {
	case half != "" && (hours < 1 || hours > 12):
		return time.Time{}, none
	case half == "a" && hours == 12:
		hours = 0
	case half == "p" && hours != 12:
		hours += 12
	}
	if hours > 24 || hours == 24 && minutes+seconds > 0 || minutes > 59 || seconds > 60 {
		return time.Time{}, none
	}
	least := time.Second // what the fraction is one of: ISO 8601-1 section 5.3.1.4
	switch {
	case rest[1] == "":
		least = time.Hour
	case rest[2] == "":
		least = time.Minute
	}
	fraction, _ := strconv.ParseFloat("0."+rest[3]+"0", 64)

	zone := d.Zone
	if offset, ok := parseOffset(place); ok {
		zone = time.FixedZone("", offset)
	}
	if offset, ok := parseOffset(rest[5]); ok {
		zone = time.FixedZone("", offset)
	}
	if zone == nil {
		return time.Time{}, &Misreading{"is a date without a time zone", `say in which zone it is: "response": {"expires_at_zone": "UTC"}`}
	}
	y := number(year)
	if len(year) == 2 { // RFC 5322 section 4.3
		if y += 1900; y < 1950 {
			y += 100
		}
	}
	t := time.Date(y, time.Month(m), number(dayOfMonth), 0, 0, 0, 0, zone)
	if int(t.Month()) != m || t.Day() != number(dayOfMonth) {
		return time.Time{}, none
	}
	t = time.Date(t.Year(), t.Month(), t.Day(), hours, minutes, seconds, 0, zone)
	return t.Add(time.Duration(fraction * float64(least))), nil
}

// number reads a few digits; none are 0.
func number(digits string) int {
	n, _ := strconv.Atoi(digits)
	return n
}

// zones are the names that RFC 5322 section 4.3 knows, in hours.
var zones = map[string]int{"Z": 0, "UTC": 0, "GMT": 0, "UT": 0, "EST": -5, "EDT": -4, "CST": -6, "CDT": -5, "MST": -7, "MDT": -6, "PST": -8, "PDT": -7}

// parseOffset reads a zone as zoneText has it, in seconds east of Greenwich.
func parseOffset(text string) (seconds int, ok bool) {
	text = strings.ReplaceAll(strings.ToUpper(text), "\u2212", "-")
	if hours, ok := zones[text]; ok {
		return hours * 3600, true
	}
	text = strings.TrimPrefix(strings.TrimPrefix(text, "GMT"), "UTC")
	digits := strings.ReplaceAll(text, ":", "")
	if len(digits) != 3 && len(digits) != 5 || digits[0] != '+' && digits[0] != '-' {
		return 0, false
	}
	n, err := strconv.ParseUint((digits[1:] + "00")[:4], 10, 16)
	if err != nil || n%100 > 59 || n/100 > 18 {
		return 0, false
	}
	seconds = int(n/100)*3600 + int(n%100)*60
	if digits[0] == '-' {
		seconds = -seconds
	}
	return seconds, true
}
