package answer_test

import (
	"strings"
	"testing"
	"time"

	"example.com/tokenkeeper/internal/answer"
)

// Dates as people's serializers write them.
func TestDates(t *testing.T) {
	at := time.Date(2026, 11, 25, 23, 0, 0, 0, time.UTC)
	utc, summer := answer.Dates{Zone: time.UTC}, answer.Dates{}
	var wrong *answer.Misreading
	if summer.Zone, wrong = answer.ParseZone("+02:00"); wrong != nil {
		t.Fatal(wrong)
	}
	east, _ := answer.ParseZone("+05:30")
	for _, row := range []struct {
		text  string
		dates answer.Dates
		want  time.Time // zero: not read
	}{
		{"2026-11-25T23:00:00Z", answer.Dates{}, at},
		{"2026-11-25T23:00Z", answer.Dates{}, at},
		{"2026-11-25T23Z", answer.Dates{}, at},
		{"2026-11-25t23:00:00z", answer.Dates{}, at},
		{"2026-11-26 01:00:00 +0200", answer.Dates{}, at},
		{"2026-11-26 01:00:00 +02", answer.Dates{}, at},
		{"2026-11-26T01:00:00.000+02:00", answer.Dates{}, at},
		{"2026-11-25T23:00:00,5Z", answer.Dates{}, at.Add(500 * time.Millisecond)},
		{"2026-11-25T22:59,5+00:00", answer.Dates{}, at.Add(-30 * time.Second)},
		{"2026-11-25 23:00:00 UTC", answer.Dates{}, at},
		{"2026-11-25 23:00:00 +0000 UTC", answer.Dates{}, at},
		{"2026-11-25 23:00:00 GMT", answer.Dates{}, at},
		{"2026-11-26 01:00:00 +0200 CEST", answer.Dates{}, at}, // Go
		{"2026-11-25 23:00:00.5 +0000 UTC m=+3600.000123", answer.Dates{}, at.Add(500 * time.Millisecond)},
		{"2026-11-26 04:30:00 +0530 +0530", answer.Dates{}, at},
		{"2026-11-25 23:00:00 CEST", answer.Dates{}, time.Time{}}, // a name alone, which may be of several zones
		{"2026-11-26T00:00:00+01:00[Europe/Paris]", answer.Dates{}, at},
		{"2026-11-25T23:00:00[UTC]", answer.Dates{}, at},
		{"2026-11-26T01:00:00[Europe/Paris]", answer.Dates{}, time.Time{}},
		{"2026-11-26T01:00:00[Europe/Paris]", summer, at},
		{"2026-11-25T23:00:00Z[UTC]", answer.Dates{}, at},
		{"2026-11-25T24:00:00Z", answer.Dates{}, at.Add(time.Hour)},
		{"2026-11-25T22:59:60Z", answer.Dates{}, at}, // a leap second
		{"2026-11-25T22:59:07Z", answer.Dates{}, at.Add(-53 * time.Second)},
		{"2026-11-25T22,5Z", answer.Dates{}, at.Add(-30 * time.Minute)},
		{"2026-11-26T13:00:00+14:00", answer.Dates{}, at},
		{"2026-11-26T04:59:00+05:59", answer.Dates{}, at},
		{"2026-11-25 12:30 PM +0000", answer.Dates{}, at.Add(-630 * time.Minute)},
		{"2026-11-26 12:30:00 AM +0000", answer.Dates{}, at.Add(90 * time.Minute)},
		{"2026-11-26 1:00 AM +0000", answer.Dates{}, at.Add(2 * time.Hour)},
		{"2027-W01-1T23:00:00Z", answer.Dates{}, at.Add(40 * day)},
		{"2026-11-25   23:00:00  Z", answer.Dates{}, at},
		{"2026-W49-7T23:00:00Z", answer.Dates{}, at.Add(11 * day)},
		{"1 Dec 2026 23:00 +0000", answer.Dates{}, at.Add(6 * day)},
		{"25 November 26 23:00 +0000", answer.Dates{}, at},
		{"Sept 25, 2027 11:00 PM UTC", answer.Dates{}, at.AddDate(0, 10, 0)},
		{"25 Nov 2026 2027", answer.Dates{Zone: time.UTC}, time.Time{}},
		{"25 Nov 69 23:00 +0000", answer.Dates{}, at.AddDate(-57, 0, 0)},
		{"Wed Nov 25 2026 23:00:00 GMT+0000 (" + strings.Repeat("x", 84) + ")", answer.Dates{}, at},
		{"20261125T230000Z", answer.Dates{}, at},
		{"20261125T2300Z", answer.Dates{}, at},
		{"20261125T180000-0500", answer.Dates{}, at},
		{"2026-W48-3T23:00:00Z", answer.Dates{}, at},
		{"2026W483T230000Z", answer.Dates{}, at},
		{"2026-329T23:00:00Z", answer.Dates{}, at},
		{"2026-11-25T23:00:00\u221200:00", answer.Dates{}, at},
		{"Wed, 25 Nov 2026 23:00:00 +0000", answer.Dates{}, at},
		{"Wed, 25 Nov 2026 23:00:00 GMT", answer.Dates{}, at},
		{"25 Nov 2026 23:00 +0000", answer.Dates{}, at},
		{"25 Nov 26 23:00 +0000", answer.Dates{}, at},
		{"Thu, 26 Nov 2026 00:00:00 +0100 (CET)", answer.Dates{}, at},
		{"20261125230000Z", answer.Dates{}, at},
		{"20261125180000.0-0500", answer.Dates{}, at},
		{"2026-11-25 11:00:00 PM +0000", answer.Dates{}, at},
		{"Wed, 25 Nov 2026 18:00:00 EST", answer.Dates{}, at},
		{"Wednesday, 25-Nov-26 23:00:00 GMT", answer.Dates{}, at},
		{"Wednesday, 25-Nov-2026 23:00:00 UTC", answer.Dates{}, at},
		{"Wed Nov 25 23:00:00 2026", answer.Dates{}, at}, // asctime, of HTTP
		{"Wed Nov 25 23:00:00 UTC 2026", answer.Dates{}, at},
		{"Wed Nov 25 2026 23:00:00 GMT+0000 (Coordinated Universal Time)", answer.Dates{}, at},
		{"Nov 25, 2026 11:00:00 PM UTC", answer.Dates{}, at},
		{"November 25, 2026 11:00 PM UTC", answer.Dates{}, at},
		{"/Date(1795647600000)/", answer.Dates{}, at},
		{"/Date(1795647600000+0100)/", answer.Dates{}, at},
		{"2026/11/25 23:00:00 Z", answer.Dates{}, at},

		// Those that need a word of the config.
		{"2026-11-25T23:00:00", answer.Dates{}, time.Time{}},
		{"2026-11-25T23:00:00", utc, at},
		{"2026-11-25T23:00:00.123456", utc, at.Add(123456 * time.Microsecond)},
		{"2026-11-25 23:00:00", utc, at},
		{"2026-11-26T01:00:00", summer, at},
		{"2026-07-01T02:00:00", summer, time.Date(2026, 7, 1, 0, 0, 0, 0, time.UTC)},
		{"2026-11-26T04:30:00", answer.Dates{Zone: east}, at},
		{"2026-11-25T23:00:00Z", summer, at}, // its own goes before
		{"2026-11-25", answer.Dates{}, time.Time{}},
		{"2026-11-25", utc, at.Add(-23 * time.Hour)},
		{"11/25/2026 11:00:00 PM +00:00", answer.Dates{}, time.Time{}},
		{"11/25/2026 11:00:00 PM +00:00", answer.Dates{Format: "month_first"}, at},
		{"11/25/2026 11:00:00 PM", answer.Dates{Format: "month_first"}, time.Time{}},
		{"25/11/2026 23:00:00", answer.Dates{Format: "day_first", Zone: time.UTC}, at},
		{"25.11.2026 23:00", answer.Dates{Format: "day_first", Zone: time.UTC}, at},
		{"25/11/2026 23:00:00 Z", answer.Dates{Format: "month_first"}, time.Time{}},

		// No dates.
		{"2026-02-30T00:00:00Z", answer.Dates{}, time.Time{}},
		{"2026-13-01T00:00:00Z", answer.Dates{}, time.Time{}},
		{"2026-11-25T25:00:00Z", answer.Dates{}, time.Time{}},
		{"2026-11-25T24:00:01Z", answer.Dates{}, time.Time{}},
		{"2026-11-25T24:01:00Z", answer.Dates{}, time.Time{}},
		{"2026-11-25T22:59:61Z", answer.Dates{}, time.Time{}},
		{"2026-00-25T22:59:00Z", answer.Dates{}, time.Time{}},
		{"2026-11-25T23:00:00+05:60", answer.Dates{}, time.Time{}},
		{"2026-11-25T23:00:00[+ab]", answer.Dates{}, time.Time{}},
		{"2026-11-25T23:00:00+19:00", answer.Dates{}, time.Time{}},
		{"2026-11-25 0:30 AM +0000", answer.Dates{}, time.Time{}},
		{"2026-11-25 13:00 PM +0000", answer.Dates{}, time.Time{}},
		{"2026-11-25 13:00 AM +0000", answer.Dates{}, time.Time{}},
		{"Wed Nov 25 2026 23:00:00 GMT+0000 (" + strings.Repeat("x", 85) + ")", answer.Dates{}, time.Time{}},
		{"2026-11-25T23:61:00Z", answer.Dates{}, time.Time{}},
		{"2026-11-25T23:00:00+99:00", answer.Dates{}, time.Time{}},
		{"tomorrow", answer.Dates{}, time.Time{}},
		{"25/11-2026", utc, time.Time{}},
		{"13:00 PM 25 Nov 2026", utc, time.Time{}},
	} {
		for _, field := range []string{"expires_at", "expires_in"} {
			s := shape(t)
			s.Dates = row.dates
			g, f := granted(s, message(`{"access_token": "t", "`+field+`": `+quoted(row.text)+`}`))
			switch {
			case row.want.IsZero():
				if f == nil || f.Code != answer.CodeBadLifetime || f.Remedy == "" {
					t.Errorf("%s = %s: %v, %+v", field, row.text, noon.Add(g.Lifetime), f)
				}
			case row.want.Before(noon):
				if f == nil || f.Code != answer.CodeTokenOver {
					t.Errorf("%s = %s: %v, %+v; want that it has passed", field, row.text, noon.Add(g.Lifetime), f)
				}
			case f != nil || !noon.Add(g.Lifetime).Equal(row.want):
				t.Errorf("%s = %s: %v, %+v; want %v", field, row.text, noon.Add(g.Lifetime), f, row.want)
			}
		}
	}
	for text, want := range map[string]time.Duration{
		"01:00:00": time.Hour, "1:30:00": 90 * time.Minute, "00:20:00.5": 20*time.Minute + 500*time.Millisecond,
		"01:00:07": time.Hour + 7*time.Second, "PT1H30S": time.Hour + 30*time.Second, "PT1H30M": 90 * time.Minute, "90 secs": 90 * time.Second, "1h" + strings.Repeat("0m", 59): time.Hour,
		"1.00:00:00": day, "1 hour 30 minutes": 90 * time.Minute, "1 day, 2 hours and 3 minutes": 26*time.Hour + 3*time.Minute, "1h 30m": 90 * time.Minute, "90 Mins": 90 * time.Minute, "P1W": 7 * day, "P0Y0M0DT1H0M0.000S": time.Hour, "P0Y0M2DT0H": 2 * day, "PT0,5H": 30 * time.Minute,
	} {
		if g, f := granted(shape(t), message(`{"access_token": "t", "expires_in": "`+text+`"}`)); f != nil || g.Lifetime != want {
			t.Errorf("%s: %v, %+v", text, g.Lifetime, f)
		}
	}
	for _, text := range []string{"1h" + strings.Repeat("0m", 60), "P1Y", "P1M", "P0Y1M1D", "P0Y", "P"} {
		if g, f := granted(shape(t), message(`{"access_token": "t", "expires_in": "`+text+`"}`)); f == nil || f.Code != answer.CodeBadLifetime {
			t.Errorf("%s: %v, %+v", text, g.Lifetime, f)
		}
	}
	if _, f := granted(shape(t), message(`{"access_token": "t", "expires_at": "25 Nov 49 23:00 +0000"}`)); f == nil || f.Code != answer.CodeLifetimeTooLarge {
		t.Errorf("a year of two digits is not in this century: %+v", f)
	}
	for _, zone := range []string{"", "Local", "local", "Europe/Stockholm", "+25:00", "2"} {
		if z, wrong := answer.ParseZone(zone); wrong == nil {
			t.Errorf("%q is taken for %v", zone, z)
		}
	}
}

// A remedy for a date names the line that has it read.
func TestWhatDatesNeed(t *testing.T) {
	for text, line := range map[string]string{
		"2026-11-27":                   `"response": {"expires_at_zone": "UTC"}`,
		"2026-11-27T23:23:18.123456":   `"response": {"expires_at_zone": "UTC"}`,
		"11/27/2026 7:00:00 AM +00:00": `"response": {"expires_at_format": "day_first"}, or "month_first"`,
		"27-11-2026 07:00":             `"response": {"expires_at_format": "day_first"}, or "month_first"`,
	} {
		if _, f := granted(shape(t), message(`{"access_token": "t", "expires_at": "`+text+`"}`)); f == nil || !strings.Contains(f.Remedy, line) {
			t.Errorf("%s: %+v", text, f)
		}
	}
}
