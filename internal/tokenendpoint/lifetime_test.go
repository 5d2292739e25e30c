package tokenendpoint_test

import (
	"encoding/base64"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"example.com/tokenkeeper/internal/refresh"
)

// jwt returns a token with these claims.
func jwt(claims string) string {
	part := base64.RawURLEncoding.EncodeToString
	return part([]byte(`{"alg":"none"}`)) + "." + part([]byte(claims)) + ".c2ln"
}

// read has an answer understood that was asked for at noon, by a provider whose clock
// says date, or nothing if that is zero. The config is an ordinary one with the fields.
func read(t *testing.T, fields, body string, date time.Time) (refresh.Grant, error) {
	t.Helper()
	if fields != "" {
		fields = ", " + fields
	}
	e := endpoint(t, onLoopback(), `{"token_endpoint": "https://id.example.com/token"`+fields+`}`)
	header := http.Header{}
	if !date.IsZero() {
		header.Set("Date", date.Format(http.TimeFormat))
	}
	return e.Read(client("https://id.example.com"), 200, header, []byte(body), noon)
}

func TestLifetimes(t *testing.T) {
	const day = 24 * time.Hour
	unit := func(word string) string { return `"response": {"expires_in_unit": "` + word + `"}` }
	const at = `"response": {"expires_at": "expires_at"}`
	in := func(v string) string { return `"expires_in": ` + v }
	end := func(v string) string { return `"expires_at": ` + v }
	for _, row := range []struct {
		name, config, answer string
		want                 time.Duration // 0: refused
		code                 string
	}{
		// As numbers.
		{"a number", "", in(`3600`), time.Hour, ""},
		{"a float", "", in(`3600.0`), time.Hour, ""},
		{"an exponent", "", in(`3.6e3`), time.Hour, ""},
		{"a fraction", "", in(`1.5`), 1500 * time.Millisecond, ""},
		{"one second", "", in(`1`), time.Second, ""},
		{"a string", "", in(`"3600"`), time.Hour, ""},
		{"a padded string", "", in(`" 3600 "`), time.Hour, ""},
		{"a float in a string", "", in(`"3600.0"`), time.Hour, ""},
		{"an exponent in a string", "", in(`"3.6E+3"`), time.Hour, ""},
		{"a sign", "", in(`"+3600"`), time.Hour, ""},
		{"31 days to the second", "", in(`2678400`), 31 * day, ""},

		// Too small, too large, no number.
		{"zero", "", in(`0`), 0, "bad_lifetime"},
		{"zero in a string", "", in(`"0"`), 0, "bad_lifetime"},
		{"less than a second", "", in(`0.9`), 0, refresh.CodeTokenOver},
		{"negative", "", in(`-1`), 0, "bad_lifetime"},
		{"a second over 31 days", "", in(`2678401`), 0, "lifetime_too_large"},
		{"milliseconds taken as seconds", "", in(`3600000`), 0, "lifetime_too_large"},
		{"an epoch taken as seconds", "", in(`1795356000`), 0, "lifetime_too_large"},
		{"beyond 32 bits", "", in(`4294967296`), 0, "lifetime_too_large"},
		{"beyond 64 bits", "", in(`18446744073709551616`), 0, "lifetime_too_large"},
		{"beyond a float", "", in(`1e999`), 0, "lifetime_too_large"},
		{"a negative beyond a float", "", in(`-1e999`), 0, "bad_lifetime"},
		{"a boolean", "", in(`true`), 0, "bad_lifetime"},
		{"a list", "", in(`[3600]`), 0, "bad_lifetime"},
		{"an object", "", in(`{"s": 3600}`), 0, "bad_lifetime"},
		{"words", "", in(`"soon"`), 0, "bad_lifetime"},
		{"a hexadecimal", "", in(`"0xe10"`), 0, "bad_lifetime"},
		{"not a number", "", in(`"NaN"`), 0, "bad_lifetime"},
		{"infinity", "", in(`"Infinity"`), 0, "bad_lifetime"},

		// Units.
		{"seconds, stated", unit("seconds"), in(`5184000`), 60 * day, ""},
		{"seconds, stated, beyond what can be true", unit("seconds"), in(`1e999`), 0, "lifetime_too_large"},
		{"milliseconds", unit("milliseconds"), in(`3600000`), time.Hour, ""},
		{"milliseconds in a string", unit("milliseconds"), in(`"3600000"`), time.Hour, ""},
		{"minutes", unit("minutes"), in(`60`), time.Hour, ""},
		{"hours", unit("hours"), in(`1`), time.Hour, ""},
		{"zero minutes", unit("minutes"), in(`0`), 0, refresh.CodeTokenOver},
		{"text where a number is stated", unit("minutes"), in(`"1h"`), 0, "bad_lifetime"},
		{"seconds since 1970", unit("epoch_seconds"), in(`1795352400`), time.Hour, ""},
		{"milliseconds since 1970", unit("epoch_milliseconds"), in(`1795352400500`), time.Hour + 500*time.Millisecond, ""},
		{"a time that has passed", unit("epoch_seconds"), in(`1795348800`), 0, refresh.CodeTokenOver},
		{"a lifetime where a time is stated", unit("epoch_seconds"), in(`3600`), 0, refresh.CodeTokenOver},

		// Text that says its own unit.
		{"ISO 8601", "", in(`"PT1H"`), time.Hour, ""},
		{"as Python writes it", "", in(`"1 day, 2:00:00"`), 26 * time.Hour, ""},
		{"as Python writes more of it", "", in(`"2 days, 0:30:00"`), 48*time.Hour + 30*time.Minute, ""},
		{"ISO 8601, of all parts", "", in(`"P1W2DT3H4M5.5S"`), 9*day + 3*time.Hour + 4*time.Minute + 5500*time.Millisecond, ""},
		{"ISO 8601, a month, which has no length", "", in(`"P1M"`), 0, "bad_lifetime"},
		{"ISO 8601, of nothing", "", in(`"PT"`), 0, "bad_lifetime"},
		{"Go's notation", "", in(`"1h30m"`), 90 * time.Minute, ""},
		{"seconds as Google writes them", "", in(`"3600s"`), time.Hour, ""},
		{"days", "", in(`"7d"`), 7 * day, ""},
		{"days in words", "", in(`"90 days"`), 90 * day, ""},
		{"ISO 8601, of hours", "", in(`"PT2H"`), 2 * time.Hour, ""},
		{"a negative duration", "", in(`"-1h"`), 0, refresh.CodeTokenOver},
		{"RFC 3339", "", in(`"2026-11-22T13:00:00Z"`), time.Hour, ""},
		{"RFC 3339 with a zone and a fraction", "", in(`"2026-11-22T15:00:00.5+02:00"`), time.Hour + 500*time.Millisecond, ""},
		{"RFC 3339 with a space", "", in(`"2026-11-22 13:00:00Z"`), time.Hour, ""},
		{"a date without a zone", "", in(`"2026-11-22T13:00:00"`), 0, "bad_lifetime"},
		{"an HTTP date", "", in(`"Sun, 22 Nov 2026 13:00:00 GMT"`), time.Hour, ""},
		{"the year 9999", "", in(`"9999-12-31T23:59:59Z"`), 0, "lifetime_too_large"},

		// At another place.
		{"expires_at as RFC 3339", at, end(`"2026-11-22T13:00:00Z"`), time.Hour, ""},
		{"expires_at in seconds", at, end(`1795352400`), time.Hour, ""},
		{"expires_at in seconds, in a string", at, end(`"1795352400"`), time.Hour, ""},
		{"expires_at in milliseconds", at, end(`1795352400000`), time.Hour, ""},
		{"expires_at as a lifetime", at, end(`3600`), 0, "bad_lifetime"},
		{"expires_at in the past", at, end(`"2026-11-22T11:59:59Z"`), 0, refresh.CodeTokenOver},
		{"expires_in before expires_at", at, in(`60`) + `, ` + end(`"2026-11-22T13:00:00Z"`), time.Minute, ""},
		{"expires_at where expires_in is null", at, in(`null`) + `, ` + end(`"2026-11-22T13:00:00Z"`), time.Hour, ""},
		{"expires_at that nobody asked for", "", end(`"2026-11-22T13:00:00Z"`), 0, "no_lifetime"},
		{"nested", `"response": {"expires_in": "data.ttl"}`, `"data": {"ttl": 3600}`, time.Hour, ""},

		// Absent.
		{"absent", "", `"x": 1`, 0, "no_lifetime"},
		{"null", "", in(`null`), 0, "no_lifetime"},
		{"an empty string", "", in(`""`), 0, "no_lifetime"},
		{"never", "", in(`"Never"`), 0, "no_lifetime"},
		{"absent, with a default", `"default_lifetime": "20m"`, `"x": 1`, 20 * time.Minute, ""},
		{"never, with a default", `"default_lifetime": "20m"`, in(`"never"`), 20 * time.Minute, ""},
		{"stated, with a default", `"default_lifetime": "20m"`, in(`3600`), time.Hour, ""},
		{"zero, with a default", `"default_lifetime": "20m"`, in(`0`), 0, "bad_lifetime"},
		{"in capitals", "", `"Expires_In": 3600`, 0, "no_lifetime"},

		// Capped.
		{"more than is believed", `"max_lifetime": "10m"`, in(`3600`), 10 * time.Minute, ""},
		{"less than is believed", `"max_lifetime": "2h"`, in(`3600`), time.Hour, ""},
	} {
		g, err := read(t, row.config, `{"access_token": "t0k3n", `+row.answer+`}`, noon)
		check(t, row.name, g, err, row.want, row.code)
	}
}

func check(t *testing.T, name string, g refresh.Grant, err error, want time.Duration, code string) {
	t.Helper()
	e, _ := err.(*refresh.Error)
	switch {
	case want == 0 && e == nil:
		t.Errorf("%s: accepted, as %v; want it refused as %s", name, g.Lifetime, code)
	case want == 0 && (e.Code != code || e.Class != refresh.Transient || !e.Suspect):
		t.Errorf("%s: refused as %s, want %s: %v", name, e.Code, code, err)
	case want == 0:
		checkError(t, e, client("https://id.example.com"))
	case err != nil:
		t.Errorf("%s: %v", name, err)
	case g.Lifetime != want:
		t.Errorf("%s: %v, want %v", name, g.Lifetime, want)
	}
}

// What a token says of itself is a limit; and clocks are those of the provider, where it
// says what they show.
func TestLifetimeOfJWT(t *testing.T) {
	claims := func(iat, exp time.Duration) string {
		return jwt(fmt.Sprintf(`{"iat": %d, "exp": %d}`, noon.Add(iat).Unix(), noon.Add(exp).Unix()))
	}
	exp := func(d time.Duration) string { return jwt(fmt.Sprintf(`{"exp": %d}`, noon.Add(d).Unix())) }
	const hour = time.Hour
	for _, row := range []struct {
		name, token, config, answer string
		date                        time.Time
		want                        time.Duration
		code                        string
	}{
		{"the token alone says it", claims(0, hour), "", "", noon, hour, ""},
		{"without iat", exp(hour), "", "", noon, hour, ""},
		{"the answer says more", claims(0, hour), "", `, "expires_in": 7200`, noon, hour, ""},
		{"the answer says less", claims(0, hour), "", `, "expires_in": 600`, noon, 10 * time.Minute, ""},
		{"the config says less", claims(0, hour), `"default_lifetime": "1m"`, "", noon, hour, ""},
		{"half of it has passed", claims(-hour/2, hour/2), "", `, "expires_in": 3600`, noon, hour / 2, ""},
		{"the provider's clock is two hours ahead", claims(2*hour, 3*hour), "", "", noon.Add(2 * hour), hour, ""},
		{"the provider's clock is two hours behind", claims(-2*hour, -hour), "", "", noon.Add(-2 * hour), hour, ""},
		{"ahead, and it does not say so", claims(2*hour, 3*hour), "", "", time.Time{}, hour, ""},
		{"behind, and it does not say so", claims(-2*hour, -hour), "", "", time.Time{}, 0, refresh.CodeTokenOver},
		{"over on arrival, by the provider's clock", claims(-hour, 0), "", `, "expires_in": 3600`, noon, 0, refresh.CodeTokenOver},
		{"over by our clock, but not by the provider's", claims(-2*hour, -hour), "", `, "expires_in": 3600`, noon.Add(-90 * time.Minute), hour / 2, ""},
		{"never valid", claims(hour, hour), "", "", noon, 0, refresh.CodeTokenOver},
		{"90 days", claims(0, 90*24*hour), "", "", noon, 90 * 24 * hour, ""},
		{"too large a number beside it", claims(0, hour), "", `, "expires_in": 3600000`, noon, 0, "lifetime_too_large"},
		{"exp as a float", jwt(`{"exp": 1795352400.5}`), "", "", noon, hour + 500*time.Millisecond, ""},
		{"exp as text, which is none", jwt(`{"exp": "1795352400"}`), "", "", noon, 0, "no_lifetime"},
		{"exp beyond measure, which says nothing", jwt(`{"exp": 1e300}`), "", "", noon, 0, "no_lifetime"},
		{"claims that are not JSON", jwt(`exp`), "", `, "expires_in": 3600`, noon, hour, ""},
		{"claims in which a name stands twice", jwt(`{"exp": 1795352400, "exp": 1795349000}`), "", `, "expires_in": 3600`, noon, hour, ""},
		{"three parts that are no JWT", "a.b.c", "", `, "expires_in": 3600`, noon, hour, ""},
		{"capped by the config", claims(0, hour), `"max_lifetime": "5m"`, "", noon, 5 * time.Minute, ""},
	} {
		g, err := read(t, row.config, `{"access_token": "`+row.token+`"`+row.answer+`}`, row.date)
		check(t, row.name, g, err, row.want, row.code)
		if !g.AskedAt.IsZero() && !g.AskedAt.Equal(noon) {
			t.Errorf("%s: asked at %v", row.name, g.AskedAt)
		}
	}
}

// Where a lifetime is refused, the message has the lines to paste.
func TestLinesToPaste(t *testing.T) {
	for _, row := range []struct{ answer, line string }{
		{`"x": 1`, `"default_lifetime": "1h"`},
		{`"expires_in": 3600000`, `if these are milliseconds, which makes 1h0m0s, say "response": {"expires_in_unit": "milliseconds"}`},
		{`"expires_in": 1795352400`, `if these are seconds since 1970, which makes 1h0m0s, say "response": {"expires_in_unit": "epoch_seconds"}`},
		{`"expires_in": 1795352400000`, `if these are milliseconds since 1970, which makes 1h0m0s, say "response": {"expires_in_unit": "epoch_milliseconds"}`},
		{`"expires_in": 5184000`, `if it is right, say "response": {"expires_in_unit": "seconds"}`},
		{`"expires_in": 1e999`, `"default_lifetime": "24h"`},
	} {
		_, err := read(t, "", `{"access_token": "t0k3n", `+row.answer+`}`, noon)
		if err == nil || !strings.Contains(err.Error(), row.line) {
			t.Errorf("%s: %v\nwant in it: %s", row.answer, err, row.line)
		}
	}
}

// A grant says what states its lifetime.
func TestLifetimeFrom(t *testing.T) {
	signed := jwt(fmt.Sprintf(`{"exp": %d}`, noon.Add(30*time.Minute).Unix()))
	for _, row := range []struct{ name, more, answer, from string }{
		{"the answer", ``, `{"access_token": "t0k3n", "expires_in": 3600}`, `the answer, at "expires_in"`},
		{"a time in it", `, "response": {"expires_at": "until"}`, `{"access_token": "t0k3n", "until": "2026-11-22T13:00:00Z"}`, `the answer, at "until"`},
		{"the token, which ends before", ``, `{"access_token": "` + signed + `", "expires_in": 3600}`, "the token itself, a JWT"},
		{"the token alone", ``, `{"access_token": "` + signed + `"}`, "the token itself, a JWT"},
		{"the config", `, "default_lifetime": "20m"`, `{"access_token": "t0k3n"}`, "default_lifetime of the config"},
		{"its limit", `, "max_lifetime": "20m"`, `{"access_token": "t0k3n", "expires_in": 3600}`, "max_lifetime of the config"},
	} {
		t.Run(row.name, func(t *testing.T) {
			s := serve(t, answer(200, row.answer))
			e := endpoint(t, onLoopback(), fmt.Sprintf(`{"token_endpoint": "%s/token"%s}`, s.URL, row.more))
			g, err := e.Grant(t.Context(), refresh.Login{Credential: client(s.URL)})
			if err != nil || g.LifetimeFrom != row.from {
				t.Errorf("by %q, want %q; %v", g.LifetimeFrom, row.from, err)
			}
		})
	}
}
