package answer_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"example.com/tokenkeeper/internal/answer"
)

const day = 24 * time.Hour

// Whatever says it, one bound of belief holds: what is beyond is refused where the answer states
// it, and says nothing where a lesser source does.
func TestLifetimesThatCannotBeTrue(t *testing.T) {
	unix := noon.Unix()
	for _, row := range []struct {
		name, token, rest string
		change            func(*answer.Shape)
		want              time.Duration // 0: refused
		code, remedy      string
	}{
		// Claims.
		{"exp in milliseconds", jwt(fmt.Sprintf(`{"exp": %d}`, (unix+3600)*1000)), ``, nil, 0, "no_lifetime", `"default_lifetime": "1h"`},
		{"exp and iat in milliseconds", jwt(fmt.Sprintf(`{"exp": %d, "iat": %d}`, (unix+3600)*1000, unix*1000)), ``, nil, 0, "no_lifetime", ""},
		{"exp in microseconds, with a default", jwt(fmt.Sprintf(`{"exp": %d}`, (unix+3600)*1e6)), ``, func(s *answer.Shape) { s.DefaultLifetime = time.Hour }, time.Hour, "", ""},
		{"exp in milliseconds, beside expires_in", jwt(fmt.Sprintf(`{"exp": %d}`, (unix+3600)*1000)), `, "expires_in": 600`, nil, 10 * time.Minute, "", ""},
		{"exp in the year 9999", jwt(`{"exp": 253402300799}`), `, "expires_in": 600`, nil, 10 * time.Minute, "", ""},
		{"exp as a lifetime", jwt(`{"exp": 3600}`), `, "expires_in": 600`, nil, 10 * time.Minute, "", ""},
		{"exp of zero", jwt(`{"exp": 0}`), `, "expires_in": 600`, nil, 10 * time.Minute, "", ""},
		{"iat in milliseconds", jwt(fmt.Sprintf(`{"exp": %d, "iat": %d}`, unix+3600, unix*1000)), ``, nil, time.Hour, "", ""},
		{"exp in 401 days", jwt(fmt.Sprintf(`{"exp": %d}`, unix+401*86400)), ``, nil, 0, "no_lifetime", ""},
		{"exp in 399 days", jwt(fmt.Sprintf(`{"exp": %d}`, unix+399*86400)), ``, nil, 399 * day, "", ""},
		{"exp in 500 days, where that is said to be right", jwt(fmt.Sprintf(`{"exp": %d}`, unix+500*86400)), ``, func(s *answer.Shape) { s.MaxLifetime = 600 * day }, 500 * day, "", ""},

		// What the answer states.
		{"less than a second", "t", `, "expires_in": 0.7`, nil, 0, "token_over", ""},
		{"more than a second", "t", `, "expires_in": 1.2`, nil, 1200 * time.Millisecond, "", ""},
		{"a date", "t", `, "expires_in": "2026-11-22T13:00:00Z"`, nil, time.Hour, "", ""},
		{"a date, where seconds are stated", "t", `, "expires_in": "2026-11-22T13:00:00Z"`, func(s *answer.Shape) { s.Unit = "seconds" }, 0, "bad_lifetime", "expires_in_unit"},
		{"a list, where seconds are stated", "t", `, "expires_in": [60]`, func(s *answer.Shape) { s.Unit = "seconds" }, 0, "bad_lifetime", "expires_in_unit"},
		{"exp 399 days ago", jwt(fmt.Sprintf(`{"exp": %d}`, unix-399*86400)), `, "expires_in": 600`, nil, 0, "token_over", ""},
		{"exp 401 days ago", jwt(fmt.Sprintf(`{"exp": %d}`, unix-401*86400)), `, "expires_in": 600`, nil, 10 * time.Minute, "", ""},
		{"iat in 399 days", jwt(fmt.Sprintf(`{"exp": %d, "iat": %d}`, unix+600, unix+399*86400)), ``, nil, 0, "token_over", ""},
		{"iat in 401 days", jwt(fmt.Sprintf(`{"exp": %d, "iat": %d}`, unix+600, unix+401*86400)), ``, nil, 10 * time.Minute, "", ""},
		{"a second", "t", `, "expires_in": 1`, nil, time.Second, "", ""},
		{"hours, as is stated", "t", `, "expires_in": 2`, func(s *answer.Shape) { s.Unit = "hours" }, 2 * time.Hour, "", ""},
		{"minutes, as is stated", "t", `, "expires_in": 90`, func(s *answer.Shape) { s.Unit = "minutes" }, 90 * time.Minute, "", ""},
		{"milliseconds, as is stated", "t", `, "expires_in": 1500`, func(s *answer.Shape) { s.Unit = "milliseconds" }, 1500 * time.Millisecond, "", ""},
		{"the word never", "t", `, "expires_in": "Never"`, func(s *answer.Shape) { s.DefaultLifetime = time.Hour }, time.Hour, "", ""},
		{"the word null", "t", `, "expires_in": "null"`, func(s *answer.Shape) { s.DefaultLifetime = time.Hour }, time.Hour, "", ""},
		{"an empty text", "t", `, "expires_in": " "`, func(s *answer.Shape) { s.DefaultLifetime = time.Hour }, time.Hour, "", ""},
		{"400 days without a unit", "t", `, "expires_in": 34560000`, nil, 0, "lifetime_too_large", `if it is right, say "response": {"expires_in_unit": "seconds"}`},
		{"milliseconds since 1970, in 31 days", "t", fmt.Sprintf(`, "expires_in": %d`, (unix+31*86400)*1000), nil, 0, "lifetime_too_large", `"expires_in_unit": "epoch_milliseconds"`},
		{"an issuer whose clock is ahead", jwt(fmt.Sprintf(`{"exp": %d, "iat": %d}`, unix+3900, unix+300)), ``, nil, time.Hour, "", ""},
		{"words, where minutes are stated", "t", `, "expires_in": "1h"`, func(s *answer.Shape) { s.Unit, s.DefaultLifetime = "minutes", time.Minute }, time.Minute, "", ""},
		{"3650 days", "t", `, "expires_in": "3650 days"`, nil, 0, "lifetime_too_large", `"max_lifetime": "87600h"`},
		{"31 days without a unit", "t", `, "expires_in": 2678400`, nil, 31 * day, "", ""},
		{"400 days", "t", `, "expires_in": "400 days"`, nil, 400 * day, "", ""},
		{"400 days and an hour", "t", `, "expires_in": "9601 hours"`, nil, 0, "lifetime_too_large", `"max_lifetime": "9601h"`},
		{"58 weeks and a minute", "t", `, "expires_in": "58 weeks, 1 minute"`, nil, 0, "lifetime_too_large", `"max_lifetime": "9745h"`},
		{"eleven years", "t", `, "expires_in": "4000 days"`, nil, 0, "lifetime_too_large", `if it means that the token does not expire`},
		{"milliseconds since 1970", "t", fmt.Sprintf(`, "expires_in": %d`, (unix+1200)*1000+600), nil, 0, "lifetime_too_large", `which makes 20m1s, say`},
		{"the first moment that is milliseconds, in 1973", "t", `, "expires_at": 100000000000`, nil, 0, "token_over", "clock"},
		{"the first moment that is seconds, in 1973", "t", `, "expires_at": 100000000`, nil, 0, "token_over", "clock"},
		{"a number that is no time", "t", `, "expires_at": 99999999`, nil, 0, "bad_lifetime", "response.expires_in"},
		{"400 digits", "t", `, "expires_in": "` + strings.Repeat("0", 397) + `600"`, nil, 10 * time.Minute, "", ""},
		{"401 digits", "t", `, "expires_in": "` + strings.Repeat("0", 398) + `600"`, nil, 0, "bad_lifetime", ""},
		{"a JWT that expires before that", jwt(fmt.Sprintf(`{"exp": %d}`, unix+600)), `, "expires_in": 3600`, nil, 10 * time.Minute, "", ""},
		{"a JWT that expires before that, in nanoseconds", jwt(fmt.Sprintf(`{"exp": %d.000000000}`, unix+600)), `, "expires_in": 3600`, nil, 10 * time.Minute, "", ""},
		{"a JWT issued for less, in more digits than a float64 has", jwt(fmt.Sprintf(`{"exp": %d, "iat": %d.00000000000000000001}`, unix+7200, unix+6600)), `, "expires_in": 3600`, nil, 10 * time.Minute, "", ""},
		{"a JWT that expires after that", jwt(fmt.Sprintf(`{"exp": %d}`, unix+7200)), `, "expires_in": 3600`, nil, time.Hour, "", ""},
		{"weeks without end", "t", `, "expires_in": "999999 weeks"`, nil, 0, "lifetime_too_large", `"default_lifetime": "24h"`},
		{"58 weeks", "t", `, "expires_in": "58 weeks"`, nil, 0, "lifetime_too_large", `"max_lifetime": "9744h"`},
		{"57 weeks", "t", `, "expires_in": "57 weeks"`, nil, 57 * 7 * day, "", ""},
		{"58 weeks, where that is said to be right", "t", `, "expires_in": "58 weeks"`, func(s *answer.Shape) { s.MaxLifetime = 500 * day }, 58 * 7 * day, "", ""},
		{"stated as hours", "t", `, "expires_in": 876000`, func(s *answer.Shape) { s.Unit = "hours" }, 0, "lifetime_too_large", ""},
		{"stated as seconds, which are milliseconds", "t", `, "expires_in": 86400000`, func(s *answer.Shape) { s.Unit = "seconds" }, 0, "lifetime_too_large", `if these are milliseconds, which makes 24h0m0s, say "response": {"expires_in_unit": "milliseconds"}`},
		{"an ISO duration", "t", `, "expires_in": "P70W"`, nil, 0, "lifetime_too_large", ""},
		{"a date in the year 9999", "t", `, "expires_in": "9999-12-31T23:59:59Z"`, nil, 0, "lifetime_too_large", `"default_lifetime": "24h"`},
		{"expires_at in microseconds", "t", fmt.Sprintf(`, "expires_at": %d`, (unix+1200)*1e6), nil, 0, "lifetime_too_large",
			`if these are microseconds since 1970, which makes 20m0s, say "response": {"expires_at_format": "epoch_microseconds"}`},
		{"expires_at in microseconds, as text", "t", fmt.Sprintf(`, "expires_at": "%d"`, (unix+1200)*1e6), nil, 0, "lifetime_too_large", `"expires_at_format": "epoch_microseconds"`},
		{"expires_at in nanoseconds", "t", fmt.Sprintf(`, "expires_at": %d`, (unix+1200)*1e9), nil, 0, "lifetime_too_large", `"expires_at_format": "epoch_nanoseconds"`},
		{"expires_at in microseconds, said to be so", "t", fmt.Sprintf(`, "expires_at": %d`, (unix+1200)*1e6), func(s *answer.Shape) { s.Dates.Format = "epoch_microseconds" }, 20 * time.Minute, "", ""},
		{"expires_in in microseconds since 1970", "t", fmt.Sprintf(`, "expires_in": %d`, (unix+1200)*1e6), nil, 0, "lifetime_too_large", `"response": {"expires_in_unit": "epoch_microseconds"}`},
		{"said to be so", "t", fmt.Sprintf(`, "expires_in": %d`, (unix+1200)*1e6), func(s *answer.Shape) { s.Unit = "epoch_microseconds" }, 20 * time.Minute, "", ""},
		{"40 days without a unit", "t", `, "expires_in": 3456000`, nil, 0, "lifetime_too_large", `if it is right, say "response": {"expires_in_unit": "seconds"}`},
		{"500 days without a unit", "t", `, "expires_in": 43200000`, nil, 0, "lifetime_too_large", `if it is right, say "max_lifetime": "12000h"`},
		{"40 days without a unit, where that is said to be right", "t", `, "expires_in": 3456000`, func(s *answer.Shape) { s.MaxLifetime = 60 * day }, 40 * day, "", ""},

		{"40 years, where ten are said to be right", "t", `, "expires_in": "PT350400H"`, func(s *answer.Shape) { s.MaxLifetime = 3650 * day }, 0, "lifetime_too_large", `"default_lifetime": "24h"`},
		{"in 40 years, where ten are said to be right", "t", `, "expires_at": "2066-11-22T12:00:00Z"`, func(s *answer.Shape) { s.MaxLifetime = 3650 * day }, 0, "lifetime_too_large", `"default_lifetime": "24h"`},
		{"nine years, where ten are said to be right", "t", `, "expires_in": "3285 days"`, func(s *answer.Shape) { s.MaxLifetime = 3650 * day }, 3285 * day, "", ""},

		// For ever.
		{"zero for never", "t", `, "expires_in": 0`, nil, 0, "bad_lifetime", `"default_lifetime": "24h" and "response": {"expires_in": "not_stated"}`},
		{"minus one for never", "t", `, "expires_in": -1`, nil, 0, "bad_lifetime", `"response": {"expires_in": "not_stated"}`},
		{"zero as text for never", "t", `, "expires_in": "0"`, nil, 0, "bad_lifetime", `"response": {"expires_in": "not_stated"}`},
		{"zero with a unit for never", "t", `, "expires_in": "0s"`, nil, 0, "token_over", `"response": {"expires_in": "not_stated"}`},
		{"zero minutes for never", "t", `, "expires_in": 0`, func(s *answer.Shape) { s.Unit = "minutes" }, 0, "token_over", `"response": {"expires_in": "not_stated"}`},
		{"a duration of nothing for never", "t", `, "expires_in": "PT0S"`, nil, 0, "token_over", `"response": {"expires_in": "not_stated"}`},
		{"a time of zero in milliseconds for never", "t", `, "expires_at": 0`, func(s *answer.Shape) { s.Dates.Format = "epoch_milliseconds" }, 0, "token_over", `"default_lifetime": "24h", and remove response.expires_at`},
		{"a time that has passed", "t", `, "expires_at": "2026-11-22T11:59:00Z"`, nil, 0, "token_over", "clock"},
		{"a time in words", "t", `, "expires_at": "next Friday"`, nil, 0, "bad_lifetime", ""},
		{"a token that expired 400 days ago, by itself", jwt(fmt.Sprintf(`{"exp": %d}`, unix-400*86400)), `, "expires_in": 600`, nil, 0, "token_over", ""},
		{"a token that expired before, by itself", jwt(fmt.Sprintf(`{"exp": %d}`, unix-400*86400-1)), `, "expires_in": 600`, nil, 10 * time.Minute, "", ""},
		{"the way that this names", "t", `, "expires_in": 0`, func(s *answer.Shape) {
			s.ExpiresIn, s.DefaultLifetime = answer.Source{Path: path(t, "not_stated")}, day
		}, day, "", ""},
	} {
		s := shape(t)
		if row.change != nil {
			row.change(&s)
		}
		g, f := granted(s, message(`{"access_token": "`+row.token+`"`+row.rest+`}`))
		if f == nil {
			f = &answer.Fault{}
		}
		if g.Lifetime != row.want || f.Code != row.code || !strings.Contains(f.Remedy, row.remedy) {
			t.Errorf("%s: %v, %+v; want %v, %s, %s", row.name, g.Lifetime, f, row.want, row.code, row.remedy)
		}
	}
}

// A cookie that lives for ten years is no token that does.
func TestCookiesThatLiveTooLong(t *testing.T) {
	for cookie, want := range map[string]time.Duration{
		"sid=t; Max-Age=315360000":                     time.Hour,
		"sid=t; Max-Age=34560001":                      time.Hour,
		"sid=t; Max-Age=34560000":                      400 * day,
		"sid=t; Max-Age=1":                             time.Second,
		"sid=t; Expires=Fri, 31 Dec 9999 23:59:59 GMT": time.Hour,
		"sid=t; Max-Age=600":                           10 * time.Minute,
		"sid=t; Expires=Sun, 22 Nov 2026 12:20:00 GMT": 20 * time.Minute,
	} {
		s := shape(t)
		s.AccessToken, s.DefaultLifetime = answer.Source{Cookie: "sid"}, time.Hour
		if g, f := granted(s, message(`{}`, "Set-Cookie", cookie)); f != nil || g.Lifetime != want {
			t.Errorf("%s: %v, %+v", cookie, g.Lifetime, f)
		}
	}
}

// An answer that was stored on its way is as old as it says, and its Date is that of its origin.
// (RFC 9111 sections 4.2.3 and 5.1)
func TestStoredAnswers(t *testing.T) {
	sent := noon.Add(-10 * time.Minute).Format(http.TimeFormat)
	for _, row := range []struct {
		name, rest string
		headers    []string
		change     func(*answer.Shape)
		want       time.Duration
		code       string
	}{
		{"expires_in", `"expires_in": 3600`, []string{"Age", "600"}, nil, 50 * time.Minute, ""},
		{"a duration", `"expires_in": "PT1H"`, []string{"Age", "600"}, nil, 50 * time.Minute, ""},
		{"a time", `"expires_at": "2026-11-22T13:00:00Z"`, []string{"Age", "600"}, nil, time.Hour, ""},
		{"the default", `"x": 1`, []string{"Age", "600"}, func(s *answer.Shape) { s.DefaultLifetime = time.Hour }, 50 * time.Minute, ""},
		{"a cookie", `"x": 1`, []string{"Age", "600", "Set-Cookie", "sid=t; Max-Age=3600"}, func(s *answer.Shape) { s.AccessToken = answer.Source{Cookie: "sid"} }, 50 * time.Minute, ""},
		{"several ages", `"expires_in": 3600`, []string{"Age", "600", "Age", "1200"}, nil, 50 * time.Minute, ""},
		{"an age that is none", `"expires_in": 3600`, []string{"Age", "-5"}, nil, time.Hour, ""},
		{"an age of words", `"expires_in": 3600`, []string{"Age", "ten minutes"}, nil, time.Hour, ""},
		{"older than its token", `"expires_in": 300`, []string{"Age", "600"}, nil, 0, "token_over"},
		{"of last year", `"expires_in": 3600`, []string{"Age", "31536000"}, nil, 0, "token_over"},
	} {
		s := shape(t)
		if row.change != nil {
			row.change(&s)
		}
		m := message(`{"access_token": "t", `+row.rest+`}`, row.headers...)
		m.Header.Set("Date", sent)
		if m.Age() == 0 {
			m.Header.Set("Date", noon.Format(http.TimeFormat))
		}
		g, f := granted(s, m)
		if f == nil {
			f = &answer.Fault{}
		}
		if g.Lifetime != row.want || f.Code != row.code {
			t.Errorf("%s: %v, %+v", row.name, g.Lifetime, f)
		}
	}
	signed := jwt(fmt.Sprintf(`{"exp": %d, "iat": %d}`, noon.Unix()+3000, noon.Unix()-600))
	m := message(`{"access_token": "`+signed+`"}`, "Age", "600")
	m.Header.Set("Date", sent)
	if g, f := granted(shape(t), m); f != nil || g.Lifetime != 50*time.Minute {
		t.Errorf("a JWT: %v, %+v", g.Lifetime, f)
	}
}

// What says the lifetime is named, and how long one is that cannot be believed.
func TestWhatSaysTheLifetime(t *testing.T) {
	for _, row := range []struct {
		most time.Duration
		in   int
		from string
	}{
		{0, 3600, "expires_in"},
		{time.Hour, 3600, "expires_in"},
		{time.Hour, 3601, "max_lifetime"},
		{0, 3599, "expires_in"},
	} {
		s := shape(t)
		s.MaxLifetime = row.most
		signed := jwt(fmt.Sprintf(`{"exp": %d}`, noon.Unix()+int64(row.in)))
		g, f := granted(s, message(fmt.Sprintf(`{"access_token": %q, "expires_in": %d}`, signed, row.in)))
		if f != nil || !strings.Contains(g.LifetimeFrom, row.from) || row.most > 0 && g.Lifetime != time.Hour {
			t.Errorf("%d s where %v are wanted: %v from %s, %+v", row.in, row.most, g.Lifetime, g.LifetimeFrom, f)
		}
	}
	for text, want := range map[string]string{"58 weeks": "of 406 days", "5215 weeks": "more than 100 years", "5214 weeks": "of 36498 days"} {
		if _, f := granted(shape(t), message(`{"access_token": "t", "expires_in": "`+text+`"}`)); f == nil || !strings.Contains(f.Detail, want) {
			t.Errorf("%s: %+v", text, f)
		}
	}
	// What says that there is none is no mistake.
	for _, text := range []string{" ", "Never ", "null"} {
		s := shape(t)
		s.DefaultLifetime = time.Hour
		if g, f := granted(s, message(`{"access_token": "t", "expires_in": `+quoted(text)+`}`)); f != nil || g.Lifetime != time.Hour || len(g.Warnings) > 0 {
			t.Errorf("%q: %v, %q, %+v", text, g.Lifetime, g.Warnings, f)
		}
	}
	// Without a Date a time is counted from when the answer was asked for.
	m := message(`{"access_token": "t", "expires_at": "2026-11-22T13:00:00Z"}`)
	m.Header.Del("Date")
	if g, f := granted(shape(t), m); f != nil || g.Lifetime != time.Hour {
		t.Errorf("without a Date: %v, %+v", g.Lifetime, f)
	}
}

// How long a refresh token lives, as providers say beside it. What cannot be true says nothing.
func TestRefreshTokenLifetime(t *testing.T) {
	beside := answer.Source{Path: path(t, "refresh_token")}
	for _, row := range []struct {
		name, body string
		at         answer.Source
		cookie     string
		want       time.Duration
	}{
		{"nothing", `{"refresh_token": "r"}`, beside, "", 0},
		{"LinkedIn's", `{"refresh_token": "r", "refresh_token_expires_in": 86400}`, beside, "", day},
		{"Keycloak's", `{"refresh_token": "r", "refresh_expires_in": 1800}`, beside, "", 30 * time.Minute},
		{"Keycloak's of one that does not expire", `{"refresh_token": "r", "refresh_expires_in": 0}`, beside, "", 0},
		{"a time", `{"refresh_token": "r", "refresh_token_expires_at": "2026-11-23T12:00:00Z"}`, beside, "", day},
		{"a time that has passed", `{"refresh_token": "r", "refresh_token_expires_at": "2026-11-21T12:00:00Z"}`, beside, "", 0},
		{"ten years", `{"refresh_token": "r", "refresh_expires_in": 315360000}`, beside, "", 3650 * day},
		{"more than that", `{"refresh_token": "r", "refresh_expires_in": 315360001}`, beside, "", 0},
		{"beside it", `{"data": {"refresh_token": "r", "refresh_expires_in": 60}}`, answer.Source{Path: path(t, "data.refresh_token")}, "", time.Minute},
		{"of the whole answer", `{"data": {"refresh_token": "r"}, "refresh_expires_in": 60}`, answer.Source{Path: path(t, "data.refresh_token")}, "", time.Minute},
		{"a cookie's age", `{"refresh_expires_in": 60}`, answer.Source{Cookie: "rt"}, "rt=r; Max-Age=1", time.Second},
		{"a cookie's date", `{}`, answer.Source{Cookie: "rt"}, "rt=r; Expires=Mon, 23 Nov 2026 12:00:00 GMT", day},
		{"a refresh token that does not rotate", `{"refresh_expires_in": 60}`, answer.Source{}, "", 0},
	} {
		s := shape(t)
		s.RefreshToken, s.DefaultLifetime = row.at, time.Hour
		m := message(strings.Replace(row.body, "{", `{"access_token": "t" `+map[bool]string{false: ",", true: ""}[row.body == "{}"], 1))
		if row.cookie != "" {
			m.Header.Set("Set-Cookie", row.cookie)
		}
		if g, f := granted(s, m); f != nil || g.RefreshTokenLifetime != row.want {
			t.Errorf("%s: %v, %+v; want %v", row.name, g.RefreshTokenLifetime, f, row.want)
		}
	}
}

// Where what should say the lifetime cannot be read, a lesser source does, with a warning.
func TestLifetimesThatCannotBeRead(t *testing.T) {
	signed := jwt(fmt.Sprintf(`{"exp": %d, "iat": %d}`, noon.Unix()+3600, noon.Unix()))
	for _, row := range []struct {
		name, body string
		fallback   time.Duration
		want       time.Duration
	}{
		{"words, with a default", `{"access_token": "t", "expires_in": "soon"}`, time.Minute, time.Minute},
		{"an object, with a default", `{"access_token": "t", "expires_in": {"s": 60}}`, time.Minute, time.Minute},
		{"a date without a zone, beside a JWT", `{"access_token": "` + signed + `", "expires_at": "2026-11-27T23:23:18"}`, 0, time.Hour},
		{"words, beside expires_at", `{"access_token": "t", "expires_in": "soon", "expires_at": "2026-11-22T13:00:00Z"}`, 0, time.Hour},
		{"words", `{"access_token": "t", "expires_in": "soon"}`, 0, 0},
		{"slashes", `{"access_token": "t", "expires_at": "11/27/2026 7:00:00 AM +00:00"}`, 0, 0},
	} {
		s := shape(t)
		s.DefaultLifetime = row.fallback
		g, f := granted(s, message(row.body))
		switch {
		case row.want == 0:
			if f == nil || f.Code != answer.CodeBadLifetime || f.Remedy == "" {
				t.Errorf("%s: %v, %+v", row.name, g.Lifetime, f)
			}
		case f != nil || g.Lifetime != row.want || len(g.Warnings) != 1 || !strings.Contains(g.Warnings[0], g.LifetimeFrom):
			t.Errorf("%s: %v, %q, %+v", row.name, g.Lifetime, g.Warnings, f)
		}
	}
}

// Whatever a lifetime or a date is written as, what is believed is within bounds, and nothing
// panics.
func FuzzLifetime(f *testing.F) {
	for _, seed := range []string{"3600", "2026-11-25T23:00:00Z", "Wed, 25 Nov 2026 23:00:00 +0000", "2026-W48-3T23Z", "11/27/2026 7:00:00 AM +00:00", "P1DT2H", "1 day, 2 hours", "/Date(1)/", "20261125230000Z", "01:00:00", "2026-11-26T00:00:00[+01:00]"} {
		f.Add(seed, "day_first", "5")
	}
	f.Fuzz(func(t *testing.T, text, format, age string) {
		d := answer.Dates{Zone: time.UTC}
		d.Format, _ = answer.ParseDateFormat(format)
		for _, field := range []string{"expires_in", "expires_at"} {
			s := shape(t)
			s.Dates = d
			m := message(fmt.Sprintf(`{"access_token": "t", "%s": %q}`, field, "x"))
			doc := m.Decode("")
			doc.Value.(map[string]any)[field] = text
			m.Header.Set("Age", age)
			g, fault := answer.Wanted{Token: &s}.Select(m, doc).Grant(quoted)
			if fault == nil && (g.Lifetime < time.Second || g.Lifetime > answer.BelievableStated) {
				t.Errorf("%s = %q of the age %q lives %v", field, text, age, g.Lifetime)
			}
			if fault != nil && (fault.Code == "" || fault.Detail == "") {
				t.Errorf("%s = %q: %+v", field, text, fault)
			}
		}
	})
}
