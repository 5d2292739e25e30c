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
	// Format is dayFirst or monthFirst, or the unit of a number since 1970; empty: as it is read
	// by default.
	Format Unit
	// Zone is that of dates without one; nil: such a date is not read.
	Zone *time.Location
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

// longestDate is in bytes: JavaScript's have a zone spelled out.
const longestDate = 120

const (
	// clockTime is hours, minutes, seconds and a fraction of the last of them, and a half of
	// the day: ISO 8601-1 section 5.3, and what people make of it.
	clockTime = `(?:(?P<hour>\d{1,2})(?::?(?P<minute>\d{2})(?::?(?P<second>\d{2}))?)?(?:[.,](?P<fraction>\d+))?(?: ?(?P<half>[AaPp])\.?[Mm]\.?)?)`
	// zoneText is an offset or a name, perhaps with another name or a place after it, and what Go
	// writes of its monotonic clock.
	zoneText   = `(?: ?(?P<zone>(?:GMT|UTC)?[+\x{2212}-]\d{2}(?::?\d{2})?|Z|z|UTC|utc|GMT|gmt|UT|[ECMP][SD]T)(?: ?(?:[A-Z]{3,5}|[+-]\d{4}|\([^()]*\)|\[[^\[\]]*\]))?(?: m=[+-][\d.]+)?)?`
	timeOfDay  = clockTime + zoneText
	placeName  = `(?: ?\[(?P<place>[^\[\]]*)\])?`
	monthName  = `(?P<month>Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)[a-z]*`
	dayOfWeek  = `(?:(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun)[a-z]*,? )?`
	monthNames = "JanFebMarAprMayJunJulAugSepOctNovDec"
)

// shapes are those of dates, with names for their parts. The first that a text has counts.
var shapes = []*regexp.Regexp{
	shape(`(?P<year>\d{4})-(?P<month>\d{2})-(?P<day>\d{2})(?:[Tt _]` + timeOfDay + `)?` + placeName),
	shape(`(?P<year>\d{4})(?P<month>\d{2})(?P<day>\d{2})(?:[Tt _]` + timeOfDay + `)?` + placeName),
	// GeneralizedTime (ITU-T X.680 section 46), as directories write it.
	shape(`(?P<year>\d{4})(?P<month>\d{2})(?P<day>\d{2})(?P<hour>\d{2})(?P<minute>\d{2})(?P<second>\d{2})?(?:[.,](?P<fraction>\d+))?` + zoneText),
	shape(`(?P<year>\d{4})-?W(?P<week>\d{2})-?(?P<weekday>[1-7])(?:[Tt ]` + timeOfDay + `)?`),
	shape(`(?P<year>\d{4})-?(?P<yearday>\d{3})(?:[Tt ]` + timeOfDay + `)?`),
	shape(dayOfWeek + `(?P<day>\d{1,2})[ -]` + monthName + `[ -](?P<year>\d{4}|\d{2}),? ` + timeOfDay), // RFC 5322
	shape(dayOfWeek + monthName + ` {1,2}(?P<day>\d{1,2}) ` + timeOfDay + ` (?P<year>\d{4})`),          // Unix
	shape(dayOfWeek + monthName + ` {1,2}(?P<day>\d{1,2}),? (?P<year>\d{4}),? ` + timeOfDay),
	shape(`(?P<year>\d{4})[/.](?P<month>\d{1,2})[/.](?P<day>\d{1,2})(?:,? ` + timeOfDay + `)?`),
	shape(`(?P<one>\d{1,2})(?P<mark>[/.-])(?P<other>\d{1,2})(?P<again>[/.-])(?P<year>\d{4})(?:,? ` + timeOfDay + `)?`),
}

func shape(text string) *regexp.Regexp { return regexp.MustCompile("^" + text + "$") }

// dotNet is milliseconds since 1970, as .NET and JavaScript write a date.
var dotNet = regexp.MustCompile(`^(?:/Date|new Date)\((-?\d{1,16})(?:[+-]\d{4})?\)/?$`)

// read reads a date as ISO 8601-1, RFC 3339, RFC 5322, RFC 9110 and common serializers write it.
// What is no date at all has a misreading without a remedy.
func (d Dates) read(text string) (time.Time, *Misreading) {
	unknown := &Misreading{Detail: "is a text that is not understood as a date"}
	if len(text) > longestDate {
		return time.Time{}, unknown
	}
	text = strings.Join(strings.Fields(text), " ")
	if t, err := http.ParseTime(text); err == nil {
		return t, nil
	}
	if m := dotNet.FindStringSubmatch(text); m != nil {
		ms, _ := strconv.ParseInt(m[1], 10, 64) // sixteen digits at most
		return time.UnixMilli(ms), nil
	}
	for _, s := range shapes {
		m := s.FindStringSubmatch(text)
		if m == nil {
			continue
		}
		part := map[string]string{}
		for i, name := range s.SubexpNames() {
			part[name] = m[i]
		}
		if part["mark"] != part["again"] {
			return time.Time{}, unknown
		}
		return d.date(part)
	}
	return time.Time{}, unknown
}

// date puts a date together from its parts.
func (d Dates) date(part map[string]string) (time.Time, *Misreading) {
	clock, wrong := clockOf(part)
	if wrong != nil {
		return time.Time{}, wrong
	}
	year, month, day := number(part["year"]), number(part["month"]), number(part["day"])
	if name := part["month"]; len(name) == 3 {
		month = strings.Index(monthNames, name)/3 + 1
	}
	switch {
	case len(part["year"]) == 2: // RFC 5322 section 4.3
		if year += 1900; year < 1950 {
			year += 100
		}
	case part["week"] != "":
		jan4 := midnight(year, 1, 4, time.UTC) // in week 1 (ISO 8601-1 section 4.2.2)
		t := jan4.AddDate(0, 0, (number(part["week"])-1)*7+number(part["weekday"])-1-(int(jan4.Weekday())+6)%7)
		year, month, day = t.Year(), int(t.Month()), t.Day()
	case part["yearday"] != "":
		t := midnight(year, 1, number(part["yearday"]), time.UTC)
		year, month, day = t.Year(), int(t.Month()), t.Day()
	case part["one"] != "" && d.Format == dayFirst:
		day, month = number(part["one"]), number(part["other"])
	case part["one"] != "" && d.Format == monthFirst:
		month, day = number(part["one"]), number(part["other"])
	case part["one"] != "":
		return time.Time{}, &Misreading{"is a date that does not say which number is the day",
			fmt.Sprintf(`say "response": {"expires_at_format": %q}, or %q`, dayFirst, monthFirst)}
	}
	zone := d.Zone
	for _, stated := range []string{part["place"], part["zone"]} {
		if offset, ok := parseOffset(stated); ok {
			zone = time.FixedZone("", offset)
		}
	}
	if zone == nil {
		return time.Time{}, &Misreading{"is a date without a time zone", `say in which zone it is: "response": {"expires_at_zone": "UTC"}`}
	}
	t := midnight(year, month, day, zone)
	if int(t.Month()) != month || t.Day() != day {
		return time.Time{}, noSuchDate
	}
	return t.Add(clock), nil
}

func midnight(year, month, day int, zone *time.Location) time.Time {
	return time.Date(year, time.Month(month), day, 0, 0, 0, 0, zone)
}

var noSuchDate = &Misreading{"is a date that there is not", lookAt}

// clockOf returns the time of day, from midnight.
func clockOf(part map[string]string) (time.Duration, *Misreading) {
	hours, minutes, seconds := number(part["hour"]), number(part["minute"]), number(part["second"])
	switch half := strings.ToLower(part["half"]); {
	case half != "" && (hours < 1 || hours > 12):
		return 0, noSuchDate
	case half == "a" && hours == 12:
		hours = 0
	case half == "p" && hours != 12:
		hours += 12
	}
	if hours > 24 || hours == 24 && minutes+seconds > 0 || minutes > 59 || seconds > 60 {
		return 0, noSuchDate
	}
	least := time.Second // what the fraction is one of: ISO 8601-1 section 5.3.1.4
	switch {
	case part["minute"] == "":
		least = time.Hour
	case part["second"] == "":
		least = time.Minute
	}
	fraction, _ := strconv.ParseFloat("0."+part["fraction"]+"0", 64)
	return time.Duration(hours)*time.Hour + time.Duration(minutes)*time.Minute + time.Duration(seconds)*time.Second +
		time.Duration(fraction*float64(least)), nil
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
