package answer

import (
	"fmt"
	"net/http"
	"regexp"
	"slices"
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
	clockTime = `(?P<hour>\d{1,2})(?::?(?P<minute>\d{2})(?::?(?P<second>\d{2}))?)?(?:[.,](?P<fraction>\d+))?(?: ?(?P<half>[AaPp])\.?[Mm]\.?)?`
	// zoneText is an offset or a name, perhaps with another name or a place after it, and what Go
	// writes of its monotonic clock.
	zoneText = `(?: ?(?P<zone>(?:GMT|UTC)?[+\x{2212}-]\d{2}(?::?[0-5]\d)?|Z|z|UTC|utc|GMT|gmt|UT|[ECMP][SD]T)(?: ?(?:[A-Z]{3,5}|[+-]\d{4}|\([^()]*\)|\[[^\[\]]*\]))?(?: m=[+-][\d.]+)?)?`
)

var (
	// dated is a day, and perhaps a time of day, with the year after it as Unix has it, and a place.
	dated = regexp.MustCompile(`^(?:(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun)[a-z]*,? )?(?P<day>.+?)(?:(?:[Tt_]|,? )` +
		clockTime + zoneText + `(?P<year> \d{4})?)?(?: ?\[(?P<place>[^\[\]]*)\])?$`)
	// general is a GeneralizedTime (ITU-T X.680 section 46), as directories write it.
	general = regexp.MustCompile(`^(\d{8})(\d{4}(?:\d{2})?(?:\D|$))`)
	// dotNet is milliseconds since 1970, as .NET and JavaScript write a date.
	dotNet = regexp.MustCompile(`^(?:/Date|new Date)\((-?\d{1,16})(?:[+-]\d{4})?\)/?$`)
	// week is a day of a week of a year (ISO 8601-1 section 4.2.2), and unordered a day whose
	// first two numbers have no order of their own.
	week      = regexp.MustCompile(`^(\d{4})-?W(\d{2})-?([1-7])$`)
	unordered = regexp.MustCompile(`^\d{1,2}[/.-]\d{1,2}[/.-]\d{4}$`)
	month     = regexp.MustCompile(`(Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)[a-z]*`)
)

// layouts are those of days, and ordered those of unordered ones.
var (
	layouts = []string{"2006-01-02", "20060102", "2006-002", "2006002", "2006/1/2", "2006.1.2",
		"2 Jan 2006", "2 Jan 06", "2-Jan-2006", "2-Jan-06", "Jan 2 2006", "Jan 2, 2006"}
	ordered = map[Unit][]string{dayFirst: {"2/1/2006", "2.1.2006", "2-1-2006"}, monthFirst: {"1/2/2006", "1.2.2006", "1-2-2006"}}
)

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
	m := dated.FindStringSubmatch(general.ReplaceAllString(text, "${1}T${2}"))
	if m == nil {
		return time.Time{}, unknown
	}
	part := map[string]string{}
	for i, name := range dated.SubexpNames() {
		part[name] = m[i]
	}
	day, isDay := d.day(part["day"] + part["year"])
	clock, isClock := clockOf(part)
	zone := d.Zone
	for _, stated := range []string{part["place"], part["zone"]} {
		if offset, ok := parseOffset(stated); ok {
			zone = time.FixedZone("", offset)
		}
	}
	switch {
	case !isDay && unordered.MatchString(part["day"]) && ordered[d.Format] == nil:
		return time.Time{}, &Misreading{"is a date that does not say which number is the day",
			fmt.Sprintf(`say "response": {"expires_at_format": %q}, or %q`, dayFirst, monthFirst)}
	case !isDay, !isClock, part["year"] != "" && part["second"] == "":
		return time.Time{}, unknown
	case zone == nil:
		return time.Time{}, &Misreading{"is a date without a time zone", `say in which zone it is: "response": {"expires_at_zone": "UTC"}`}
	}
	return time.Date(day.Year(), day.Month(), day.Day(), 0, 0, 0, 0, zone).Add(clock), nil
}

// day reads a date without a time.
func (d Dates) day(text string) (time.Time, bool) {
	if m := week.FindStringSubmatch(text); m != nil {
		jan4 := time.Date(number(m[1]), 1, 4, 0, 0, 0, 0, time.UTC) // in week 1
		return jan4.AddDate(0, 0, (number(m[2])-1)*7+number(m[3])-1-(int(jan4.Weekday())+6)%7), true
	}
	for _, layout := range slices.Concat(layouts, ordered[d.Format]) {
		if t, err := time.Parse(layout, month.ReplaceAllString(text, "$1")); err == nil {
			return t, true
		}
	}
	return time.Time{}, false
}

// clockOf returns the time of day, from midnight; without one it is zero.
func clockOf(part map[string]string) (clock time.Duration, ok bool) {
	hours, minutes, seconds := number(part["hour"]), number(part["minute"]), number(part["second"])
	switch half := strings.ToLower(part["half"]); {
	case half != "" && (hours < 1 || hours > 12):
		return 0, false
	case half == "a" && hours == 12:
		hours = 0
	case half == "p" && hours != 12:
		hours += 12
	}
	least := time.Second // what the fraction is one of: ISO 8601-1 section 5.3.1.4
	switch {
	case part["minute"] == "":
		least = time.Hour
	case part["second"] == "":
		least = time.Minute
	}
	fraction, _ := strconv.ParseFloat("0."+part["fraction"]+"0", 64)
	clock = time.Duration(hours)*time.Hour + time.Duration(minutes)*time.Minute + time.Duration(seconds)*time.Second +
		time.Duration(fraction*float64(least))
	return clock, hours <= 24 && !(hours == 24 && minutes+seconds > 0) && minutes <= 59 && seconds <= 60
}

// number reads a few digits; none are 0.
func number(digits string) int {
	n, _ := strconv.Atoi(digits)
	return n
}

// zones are the names that RFC 5322 section 4.3 knows, in hours.
var zones = map[string]int{"Z": 0, "UTC": 0, "GMT": 0, "UT": 0, "EST": -5, "EDT": -4, "CST": -6, "CDT": -5, "MST": -7, "MDT": -6, "PST": -8, "PDT": -7}

// parseOffset reads a zone as zoneText has it, in seconds east of Greenwich, at most 18 hours.
func parseOffset(text string) (seconds int, ok bool) {
	text = strings.ReplaceAll(strings.ToUpper(text), "\u2212", "-")
	if hours, ok := zones[text]; ok {
		return hours * 3600, true
	}
	text = strings.TrimPrefix(strings.TrimPrefix(text, "GMT"), "UTC")
	for _, layout := range []string{"-07:00", "-0700", "-07"} {
		if t, err := time.Parse(layout, text); err == nil {
			_, seconds = t.Zone()
			return seconds, max(seconds, -seconds) <= 18*3600
		}
	}
	return 0, false
}
