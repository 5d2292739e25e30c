package answer_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"example.com/tokenkeeper/internal/answer"
	"example.com/tokenkeeper/internal/strictjson"
)

// What is no token, or no good one, is refused, and said to be what it is.
func TestTokens(t *testing.T) {
	longest := strings.Repeat("t", answer.MaxToken)
	for _, row := range []struct {
		name, body           string
		code, detail, remedy string
	}{
		{"all that a token may have in it", `{"access_token": "!#$%&'()*+,-./09:;=?@AZ[]^_az{|}~", "expires_in": 60}`, "", "", ""},
		{"the longest", `{"access_token": "` + longest + `", "expires_in": 60}`, "", "", ""},
		{"a longer one", `{"access_token": "` + longest + `t", "expires_in": 60}`, "bad_token", "has 49153 bytes; at most 49152 can be stored", ""},
		{"a DEL", `{"access_token": "t\u007f", "expires_in": 60}`, "bad_token", "other than visible ASCII", ""},
		{"a tab", `{"access_token": "t\t", "expires_in": 60}`, "bad_token", "other than visible ASCII", ""},
		{"an empty one", `{"access_token": "", "expires_in": 60}`, "bad_token", "is empty", ""},
		{"its type before it", `{"access_token": "BEARER t", "expires_in": 60}`, "bad_token", "begins with its type", "response.access_token"},
		{"a space", `{"access_token": "a b", "expires_in": 60}`, "bad_token", "has a space in it", ""},
		{"a space after it", `{"access_token": "a ", "expires_in": 60}`, "bad_token", "has a space in it", ""},
		{"a number", `{"access_token": 5, "expires_in": 60}`, "bad_token", "is a number, and not a string", ""},
		{"null", `{"access_token": null}`, "no_token", "with null as the token", ""},
		{"a list", `["t"]`, "no_token", "with JSON that is a list, and has nothing at \"access_token\"", "say where it is"},
		{"an empty object", `{}`, "no_token", "with an empty object", "say where it is"},
		{"a mistyped name", `{"acces_token": "t"}`, "no_token", `it has "acces_token"`, `"response": {"access_token": "acces_token"}`},
		{"an error by names of its own", `{"errcode": 40013, "errmsg": "invalid appid"}`, "no_token", `it has "errcode", "errmsg", and says "invalid appid"`, ""},
		{"an error of several errors", `{"errors": [{"detail": "No such client."}]}`, "no_token", `and says "No such client."`, ""},
		{"a token as a message", `{"ok": true, "message": "k7Qz93LmXp21"}`, "no_token", `it has "message", "ok"`, ""},
		{"a token as a reason", `{"data": {"id": 1}, "reason": " k7Qz93LmXp21\n"}`, "no_token", `it has "data", "reason"`, ""},
		{"another name", `{"jwt": "t", "a": 1}`, "no_token", `it has "a", "jwt"`, `"response": {"access_token": "jwt"}`},
		{"eight names", `{"a": 1, "b": 1, "c": 1, "d": 1, "e": 1, "f": 1, "g": 1, "h": 1}`, "no_token", `"a", "b", "c", "d", "e", "f", "g", "h"`, "say where it is"},
		{"nine names", `{"a": 1, "b": 1, "c": 1, "d": 1, "e": 1, "f": 1, "g": 1, "h": 1, "i": 1}`, "no_token", `"g", "h" and 1 more`, "say where it is"},
		{"a name of 64 bytes", `{"` + strings.Repeat("n", 64) + `": 1}`, "no_token", "nnn", ""},
		{"a name of 65 bytes", `{"` + strings.Repeat("n", 65) + `": 1}`, "no_token", `it has "`, ""},
	} {
		g, f := granted(shape(t), message(row.body))
		if f == nil {
			f = &answer.Fault{}
			if !strings.Contains(row.body, quoted(g.AccessToken.Reveal())) || g.TokenType != "Bearer" {
				t.Errorf("%s: the token is %v", row.name, g.AccessToken)
			}
		}
		if f.Code != row.code || !strings.Contains(f.Detail, row.detail) || !strings.Contains(f.Remedy, row.remedy) || strings.Contains(f.Detail, strings.Repeat("n", 65)) || strings.Contains(f.Detail, "k7Qz93LmXp21") || strings.Contains(f.Detail, "0 more") {
			t.Errorf("%s: %+v", row.name, f)
		}
	}
}

func TestTokenTypes(t *testing.T) {
	for _, row := range []struct {
		kind   any
		stated bool
		want   string
		code   string
	}{
		{"bearer", false, "Bearer", ""},
		{" BEARER ", false, "Bearer", ""},
		{"", false, "Bearer", ""},
		{"ApiKey", false, "", "bad_token_type"},
		{"ApiKey", true, "ApiKey", ""},
		{"api key", true, "", "bad_token_type"},
		{"DPoP", true, "", "bad_token_type"},
		{"mac", true, "", "bad_token_type"},
		{7, true, "", "bad_token_type"},
	} {
		s := shape(t)
		s.TypeStated = row.stated
		kind := fmt.Sprint(row.kind)
		if text, ok := row.kind.(string); ok {
			kind = quoted(text)
		}
		g, f := granted(s, message(`{"access_token": "t", "expires_in": 60, "token_type": `+kind+`}`))
		if f == nil {
			f = &answer.Fault{}
		}
		if g.TokenType != row.want || f.Code != row.code {
			t.Errorf("%v, stated %t: %s, %+v", row.kind, row.stated, g.TokenType, f)
		}
	}
}

// What is asked for beside the token and is not there is a warning.
func TestExtra(t *testing.T) {
	s := shape(t)
	s.Extra = map[string]answer.Source{"instance": {Path: path(t, "instance_url")}, "user": {Path: path(t, "id")}}
	g, f := granted(s, message(`{"access_token": "t", "expires_in": 60, "instance_url": "https://a.test"}`))
	if f != nil || len(g.Extra) != 1 || g.Extra["instance"] != "https://a.test" || len(g.Warnings) != 1 || !strings.Contains(g.Warnings[0], "response.extra.user") {
		t.Errorf("%+v, %+v", g, f)
	}
}

// Of a list of scopes what is a text counts.
func TestScopesInAList(t *testing.T) {
	g, f := granted(shape(t), message(`{"access_token": "t", "expires_in": 60, "scope": ["a", 5, "b"]}`))
	if f != nil || g.Scope != "a b" {
		t.Errorf("%q, %+v", g.Scope, f)
	}
}

// Values for later requests are texts that can be sent, or there is a fault where one is needed.
func TestKept(t *testing.T) {
	longest := strings.Repeat("v", answer.MaxToken)
	for _, row := range []struct {
		body   string
		needed bool
		want   string
		bad    bool
	}{
		{`{"v": "a"}`, true, "a", false},
		{`{"v": 5}`, true, "5", false},
		{`{"v": {}}`, false, "", true},
		{`{}`, false, "", false},
		{`{}`, true, "", true},
		{`{"v": ""}`, true, "", true},
		{`{"v": "` + longest + `"}`, true, longest, false},
		{`{"v": "` + longest + `v"}`, false, "", true},
	} {
		w := answer.Wanted{Keep: []answer.Kept{{Source: answer.Source{Path: path(t, "v")}, Name: "steps.a.v", Field: "steps[0].response.keep.v", Needed: row.needed}}}
		m := message(row.body)
		kept, f := w.Select(m, m.Decode("")).Kept()
		if (f != nil) != row.bad || f == nil && kept[0] != row.want {
			t.Errorf("%.40s: %.40q, %+v", row.body, kept, f)
		}
		if f != nil && (f.Code != answer.CodeNoValue || !strings.Contains(f.Remedy, "steps[0].response.keep.v")) {
			t.Errorf("%.40s: %+v", row.body, f)
		}
	}
}

// Where one value is wanted and a filter finds two, the answer is refused, wherever that is: also
// in what says success, which is compared all the same.
func TestTwoValuesWhereOneIsWanted(t *testing.T) {
	const two = "rows[?k=='a'].v | [0]"
	success, wrong := answer.ParseCondition(two)
	if wrong != nil {
		t.Fatal(wrong)
	}
	s := shape(t)
	m := message(`{"access_token": "t", "rows": [{"k": "a", "v": 1}, {"k": "a", "v": 2}]}`)
	sel := answer.Wanted{Outcome: answer.Outcome{Success: success}, Token: &s}.Select(m, m.Decode(""))
	if f := sel.Fault(); f == nil || f.Code != answer.CodeAmbiguous || !strings.Contains(f.Detail, "2 values where response.success leads") {
		t.Errorf("%+v", f)
	}
	if !slices.Contains(sel.Compared, any("a")) {
		t.Errorf("compared %v", sel.Compared)
	}
	m = message(`{"access_token": "t", "rows": [{"k": "a", "v": 1}, {"k": "b", "v": 2}]}`)
	if f := (answer.Wanted{Outcome: answer.Outcome{Success: success}, Token: &s}).Select(m, m.Decode("")).Fault(); f != nil {
		t.Errorf("one value: %+v", f)
	}
}

// A body is needed where something that is needed is in it.
func TestBodiesThatAreNotNeeded(t *testing.T) {
	for _, row := range []struct {
		at     answer.Source
		inBody bool
		said   string
	}{
		{answer.Source{Path: path(t, "a")}, true, `at "a"`},
		{answer.Source{Header: "X-Token"}, false, "in the header X-Token"},
		{answer.Source{Cookie: "sid"}, false, `in the cookie "sid"`},
		{answer.Source{Whole: true}, false, "in the body as a whole"},
		{answer.Source{Whole: true, Inner: path(t, "a")}, false, `at "a" in the JSON in the body as a whole`},
		{answer.Source{Path: path(t, strings.Repeat("a.", 60)+"a")}, true, `at "` + strings.Repeat("a.", 38)},
	} {
		s := shape(t)
		s.AccessToken, s.DefaultLifetime = row.at, time.Hour
		m := message("no JSON")
		f := answer.Wanted{Token: &s}.Select(m, m.Decode("")).Fault()
		if (f != nil) != row.inBody || row.at.InBody() != row.inBody {
			t.Errorf("%s: %+v", row.at, f)
		}
		if got := row.at.String(); !strings.HasPrefix(got, row.said) || len(got) > len(row.said)+10 {
			t.Errorf("%s is said to be %s", row.said, got)
		}
	}
	done, _ := answer.ParseCondition("done")
	keep := func(at answer.Source, needed bool) []answer.Kept { return []answer.Kept{{Source: at, Needed: needed}} }
	for name, row := range map[string]struct {
		answer.Wanted
		needed bool
	}{
		"nothing":                        {answer.Wanted{}, false},
		"what says success":              {answer.Wanted{Outcome: answer.Outcome{Success: done}}, true},
		"a value for later":              {answer.Wanted{Keep: keep(answer.Source{Path: path(t, "a")}, true)}, true},
		"a value that may be missing":    {answer.Wanted{Keep: keep(answer.Source{Path: path(t, "a")}, false)}, false},
		"a value for later, of a header": {answer.Wanted{Keep: keep(answer.Source{Header: "A"}, true)}, false},
	} {
		m := message("no JSON")
		if f := row.Select(m, m.Decode("")).Fault(); (f != nil) != row.needed {
			t.Errorf("%s: %+v", name, f)
		}
	}
	if !(answer.Source{}).IsZero() || (answer.Source{Whole: true}).IsZero() || (answer.Source{Path: path(t, "a")}).IsZero() {
		t.Error("what leads nowhere is something else than the zero Source")
	}
}

// A form is known by any name that a path begins with.
func TestNames(t *testing.T) {
	at := func(text string) answer.Source { return answer.Source{Path: path(t, text)} }
	success, _ := answer.ParseCondition("done=='yes'")
	w := answer.Wanted{Outcome: answer.Outcome{Success: success, Error: at("err"), Description: at("why.text")}, Keep: []answer.Kept{{Source: at("session")}},
		Token: &answer.Shape{AccessToken: at("at"), RefreshToken: at("rt"), ExpiresIn: at("[0].in"), Extra: map[string]answer.Source{"x": at("extra"), "h": {Header: "H"}}}}
	if got, want := w.Names(), []string{"done", "err", "why", "session", "at", "rt", "extra"}; !slices.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
}

func TestTypeOf(t *testing.T) {
	for text, want := range map[string]strictjson.Type{
		"null": strictjson.Null, "true": strictjson.Bool, "5": strictjson.Num, `"a"`: strictjson.String, "[]": strictjson.List, "{}": strictjson.Object,
	} {
		if got := answer.TypeOf(document(t, text)); got != want {
			t.Errorf("%s is %v, want %v", text, got, want)
		}
	}
}

// A word that is not known names what it may be.
func TestWordsForUnits(t *testing.T) {
	for word, want := range map[string]string{
		"seconds": "", "epoch_nanoseconds": "",
		"date": "leave it out: a text is read as what it says", "duration": "leave it out: a text is read as what it says",
		"secnods": `did you mean "seconds"?`, "Epoch-Seconds": `did you mean "epoch_seconds"?`,
		"fortnights": `use "seconds", "milliseconds", "minutes", "hours", "epoch_seconds", "epoch_milliseconds", "epoch_microseconds" or "epoch_nanoseconds"`,
	} {
		u, wrong := answer.ParseUnit(word)
		if want == "" && (wrong != nil || string(u) != word) || want != "" && (wrong == nil || wrong.Remedy != want) {
			t.Errorf("%s: %q, %+v", word, u, wrong)
		}
	}
	for word, known := range map[string]bool{"day_first": true, "month_first": true, "epoch_microseconds": true, "year_first": false, "seconds": false} {
		if f, wrong := answer.ParseDateFormat(word); (wrong == nil) != known || known && string(f) != word {
			t.Errorf("%s: %q, %+v", word, f, wrong)
		}
	}
}

func TestIsJWT(t *testing.T) {
	for token, want := range map[string]bool{jwt(`{"exp": 5}`): true, jwt(`{"iat": 5}`): true, jwt(`{"sub": "x"}`): false, "opaque": false, "a.b.c": false, "a." + jwt(`{"exp": 5}`): false,
		jwt(`{"exp": 5, "x": ` + strings.Repeat("[", 63) + strings.Repeat("]", 63) + `}`): true, jwt(`{"exp": 5, "x": ` + strings.Repeat("[", 64) + strings.Repeat("]", 64) + `}`): false} {
		if answer.IsJWT(token) != want {
			t.Errorf("%s", token)
		}
	}
}

// All parts of a value are gone through, with their names, until no more are wanted.
func TestParts(t *testing.T) {
	v := document(t, `{"b": [1, {"c": "x"}], "a": null}`)
	var got []string
	for name, part := range answer.Parts(v) {
		got = append(got, name+" "+string(answer.TypeOf(part)))
	}
	want := []string{" an object", "a null", "b a list", " a number", " an object", "c a string"}
	if !slices.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
	for most := range want {
		n := 0
		for range answer.Parts(v) {
			if n++; n > most {
				break
			}
		}
		if n != most+1 {
			t.Errorf("%d parts after %d were enough", n, most+1)
		}
	}
}
