package answer_test

import (
	"fmt"
	"strings"
	"testing"

	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/unicode"

	"example.com/tokenkeeper/internal/answer"
)

// latin1 and utf16 write text in other charsets than UTF-8.
func latin1(text string) string {
	out, _ := charmap.ISO8859_1.NewEncoder().String(text)
	return out
}

func utf16(text string, order unicode.Endianness, mark unicode.BOMPolicy) string {
	out, _ := unicode.UTF16(order, mark).NewEncoder().String(text)
	return out
}

// A body is decoded as what it says it is, or reported as what it is.
func TestBodiesInOtherCharsets(t *testing.T) {
	const body = `{"access_token": "t", "name": "Zoë"}`
	for _, row := range []struct{ name, kind, body, want string }{
		{"UTF-8", "application/json", body, "Zoë"},
		{"UTF-8 with a mark", "application/json; charset=utf-8", "\uFEFF" + body, "Zoë"},
		{"Latin-1", "application/json; charset=ISO-8859-1", latin1(body), "Zoë"},
		{"Latin-1 by another name", `text/plain; charset="latin1"`, latin1(body), "Zoë"},
		{"Windows-1252", "application/json;charset=windows-1252", strings.Replace(latin1(body), "Zo", "\x80Zo", 1), "€Zoë"},
		{"UTF-16", "application/json; charset=UTF-16", utf16(body, unicode.LittleEndian, unicode.UseBOM), "Zoë"},
		{"UTF-16 without a mark", "application/json; charset=utf-16", utf16(body, unicode.BigEndian, unicode.IgnoreBOM), "Zoë"},
		{"UTF-16LE", "application/json; charset=utf-16le", utf16(body, unicode.LittleEndian, unicode.IgnoreBOM), "Zoë"},

		{"Latin-1 that does not say so", "application/json", latin1(body), "!text that is not in UTF-8"},
		{"one bad byte", "application/json; charset=utf-8", "{\"access_token\": \"t\xff\"}", "!text that is not in UTF-8"},
		{"UTF-16 that does not say so", "application/json", utf16(body, unicode.LittleEndian, unicode.UseBOM), "!text in UTF-16"},
		{"UTF-16 of the other order that does not say so", "application/json", utf16(body, unicode.BigEndian, unicode.UseBOM), "!text in UTF-16"},
		{"half of a mark", "application/json", "\xff" + body, "!text that is not in UTF-8"},
		{"a charset that is not read", "application/json; charset=gbk", latin1(body), "!text in a charset that is not read (gbk)"},
	} {
		m := message(row.body, "Content-Type", row.kind)
		d := m.Decode("token_endpoint")
		if fault, bad := strings.CutPrefix(row.want, "!"); bad {
			if d.Fault == nil || d.Fault.Code != answer.CodeNotJSON || !strings.Contains(d.Fault.Detail, fault) || d.Fault.Remedy == "" {
				t.Errorf("%s: %+v", row.name, d.Fault)
			}
			continue
		}
		object, _ := d.Value.(map[string]any)
		if object["name"] != row.want {
			t.Errorf("%s: %v, %+v", row.name, object["name"], d.Fault)
		}
	}
	packed := message("\x28\xb5\x2f\xfd", "Content-Encoding", "zstd").Decode("token_endpoint")
	if packed.Fault == nil || !strings.Contains(packed.Fault.Detail, "zstd") {
		t.Errorf("packed otherwise: %+v", packed.Fault)
	}
}

// A form is read whatever it says it is, if it has what is looked for, and so is an error.
func TestForms(t *testing.T) {
	for _, row := range []struct{ name, kind, body, token, code string }{
		{"that says so", "application/x-www-form-urlencoded", "access_token=t&expires_in=60", "t", ""},
		{"as text", "text/plain", "access_token=t%2F1&expires_in=60\n", "t/1", ""},
		{"of no type", "", "expires_in=60&access_token=t", "t", ""},
		{"as JSON, which it is not", "application/json; charset=utf-8", "access_token=t&expires_in=60", "t", ""},
		{"as HTML", "text/html", "token_type=bearer&access_token=t&expires_in=60", "t", ""},
		{"an error", "text/plain", "error=invalid_grant&error_description=The+grant+is+old", "", "invalid_grant"},
		{"an error that says so", "application/x-www-form-urlencoded; charset=utf-8", "error=invalid_client", "", "invalid_client"},
		{"a name twice", "text/plain", "access_token=t&access_token=u", "", "!not_json"},
		{"none of the names", "text/plain", "a=b&c=d", "", "!not_json"},
		{"a page", "text/html", "<a href=x?access_token=t&expires_in=60>", "", "!not_json"},
		{"a sentence", "text/plain", "access_token = t and so on", "", "!not_json"},
	} {
		s := shape(t)
		w := answer.Wanted{Token: &s}
		m := message(row.body, "Content-Type", row.kind)
		sel := w.Select(m, m.Decode("token_endpoint", w.Names()...))
		if code, bad := strings.CutPrefix(row.code, "!"); bad {
			if f := sel.Fault(); f == nil || f.Code != code {
				t.Errorf("%s: %+v", row.name, f)
			}
			continue
		}
		token, _ := sel.AccessToken.(string)
		if token != row.token || sel.Said().Code != row.code || sel.Denied() != (row.code != "") {
			t.Errorf("%s: %q, %+v, %v", row.name, token, sel.Said(), sel.Denied())
		}
	}
}

// Several cookies of a name are what a client would have after them.
func TestCookies(t *testing.T) {
	for _, row := range []struct {
		name  string
		lines []string
		want  any
	}{
		{"one", []string{"sid=a; Path=/"}, "a"},
		{"a later one", []string{"sid=a; Path=/", "sid=b; Path=/"}, "b"},
		{"removed, and set", []string{"sid=; Max-Age=0; Path=/", "sid=b; Path=/"}, "b"},
		{"set, and removed", []string{"sid=a; Path=/", "sid=gone; Path=/; Expires=Thu, 01 Jan 1970 00:00:00 GMT"}, nil},
		{"set, and another one removed", []string{"sid=a; Path=/", "sid=; Path=/old; Max-Age=0"}, "a"},
		{"two paths", []string{"sid=a; Path=/", "sid=b; Path=/api", "sid=c; Path=/"}, "b"},
		{"two domains", []string{"sid=a; Domain=example.com; Path=/", "sid=b; Path=/"}, "b"},
		{"in quotes", []string{`sid="a"; Path=/`}, "a"},
		{"others", []string{"other=a", "Sid=b"}, nil},
	} {
		s := shape(t)
		s.AccessToken = answer.Source{Cookie: "sid"}
		m := message(`{}`)
		for _, l := range row.lines {
			m.Header.Add("Set-Cookie", l)
		}
		if got := (answer.Wanted{Token: &s}).Select(m, m.Decode("")).AccessToken; got != row.want {
			t.Errorf("%s: %v, want %v", row.name, got, row.want)
		}
	}
}

// Where else than at a path a value may be, for any of them.
func TestSources(t *testing.T) {
	const body = `{"data": {"auth": "Bearer abc", "signed": "v1 {\"list\": [{\"k\": \"a\", \"v\": \"x\"}]}", "payload": "{\"token\": \"inner\", \"list\": [{\"k\": \"a\", \"v\": \"x\"}]}", "n": 5}}`
	header := []string{"X-Token", "t-1", "X-Twice", "same", "X-Twice", "same", "X-Two", "a", "X-Two", "b",
		"Authorization", "Basic xyz", "Authorization", "Bearer t-2", "X-Json", `{"token": "t-3"}`}
	for _, row := range []struct {
		name     string
		source   answer.Source
		want     any
		compared int
	}{
		{"after, at a path", answer.Source{Path: path(t, "data.auth"), After: "bearer "}, "abc", 1},
		{"after something else, at a path", answer.Source{Path: path(t, "data.auth"), After: "Token "}, nil, 1},
		{"JSON in JSON", answer.Source{Path: path(t, "data.payload"), Inner: path(t, "token")}, "inner", 0},
		{"a filter in JSON in JSON", answer.Source{Path: path(t, "data.payload"), Inner: path(t, "list[?k=='a'].v | [0]")}, "x", 1},
		{"no JSON in JSON", answer.Source{Path: path(t, "data.auth"), Inner: path(t, "token")}, nil, 0},
		{"JSON in a number", answer.Source{Path: path(t, "data.n"), Inner: path(t, "@")}, nil, 0},
		{"a header", answer.Source{Header: "X-Token"}, "t-1", 0},
		{"a header twice", answer.Source{Header: "X-Twice"}, "same", 0},
		{"two headers", answer.Source{Header: "X-Two"}, "a, b", 0},
		{"one header that begins otherwise", answer.Source{Header: "X-Token", After: "Bearer "}, nil, 1},
		{"a word with nothing after it", answer.Source{Header: "X-Token", After: "T-1"}, "", 1},
		{"JSON after a word", answer.Source{Path: path(t, "data.signed"), After: "v1 ", Inner: path(t, "list[?k=='a'].v | [0]")}, "x", 2},
		{"one of two headers", answer.Source{Header: "Authorization", After: "Bearer "}, "t-2", 1},
		{"JSON in a header", answer.Source{Header: "X-Json", Inner: path(t, "token")}, "t-3", 0},
		{"the body", answer.Source{Whole: true, Inner: path(t, "data.n")}, 5.0, 0},
	} {
		m := message(body, header...)
		s := shape(t)
		s.AccessToken, s.TokenType, s.Scope, s.RefreshToken = row.source, row.source, row.source, row.source
		s.Extra = map[string]answer.Source{"x": row.source}
		sel := answer.Wanted{
			Outcome: answer.Outcome{Error: row.source, Description: row.source},
			Keep:    []answer.Kept{{Source: row.source, Name: "steps.a.x", Field: "steps[0].response.keep.x"}},
			Token:   &s,
		}.Select(m, m.Decode(""))
		for field, got := range map[string]any{"access_token": sel.AccessToken, "token_type": sel.TokenType, "scope": sel.Scope, "refresh_token": sel.RefreshToken, "extra": sel.Extra["x"]} {
			if got != row.want {
				t.Errorf("%s as %s: %v, want %v", row.name, field, got, row.want)
			}
		}
		texts, f := sel.Kept()
		text, _ := answer.PlainText(row.want)
		if f != nil || texts[0] != text || len(sel.Compared) != 8*row.compared {
			t.Errorf("%s: kept %q, %+v, compared %v", row.name, texts, f, sel.Compared)
		}
	}
}

// JSON in a text is read as deep as an answer is, and no deeper.
func TestDeepJSONInJSON(t *testing.T) {
	for depth, read := range map[int]bool{63: true, 64: true, 65: false} {
		s := shape(t)
		s.Extra = map[string]answer.Source{"x": {Path: path(t, "payload"), Inner: path(t, "@")}}
		m := message(`{"payload": "` + strings.Repeat("[", depth) + strings.Repeat("]", depth) + `"}`)
		if sel := (answer.Wanted{Token: &s}).Select(m, m.Decode("")); (sel.Extra["x"] != nil) != read {
			t.Errorf("at a depth of %d: %v", depth, sel.Extra["x"])
		}
	}
}

// Bodies that are no documents are reported as what they are.
func TestBodiesThatAreNoDocuments(t *testing.T) {
	nested := func(n int) string { return strings.Repeat("[", n) + strings.Repeat("]", n) }
	for _, row := range []struct{ name, kind, body, code, detail string }{
		{"nothing", "application/json", "", "empty_answer", "an empty body"},
		{"spaces", "application/json", " \r\n", "empty_answer", "an empty body"},
		{"a mark alone", "application/json", "\uFEFF", "empty_answer", "an empty body"},
		{"one digit", "application/json", "1", "", ""},
		{"one byte of another charset", "application/json", "\xff", "not_json", "not in UTF-8"},
		{"a text that breaks off", "application/json", `"abc`, "not_json", "4 bytes of application/json"},
		{"a text that breaks off at an escape", "application/json", `"abc\`, "not_json", "5 bytes of application/json"},
		{"a page", "text/html; charset=utf-8", "<html>", "not_json", "an HTML page of 6 bytes"},
		{"text", "text/plain", "sorry", "not_json", "5 bytes of text/plain"},
		{"text of no type", "", "sorry", "not_json", "5 bytes of no stated type"},
		{"text of a type that is none", "nonsense", "sorry", "not_json", "5 bytes of no stated type"},
		{"a duplicate name", "application/json", `{"a": 1, "a": 2}`, "bad_json", "duplicate name"},
		{"as deep as may be", "application/json", nested(64), "", ""},
		{"too deep", "application/json", nested(65), "bad_json", "nested deeper than 64"},
	} {
		f := message(row.body, "Content-Type", row.kind).Decode("token_endpoint").Fault
		if f == nil {
			f = &answer.Fault{}
		}
		if f.Code != row.code || !strings.Contains(f.Detail, row.detail) {
			t.Errorf("%s: %+v", row.name, f)
		}
	}
	cut := message("{}")
	cut.Cut = true
	if f := cut.Decode("token_endpoint").Fault; f == nil || f.Code != answer.CodeTooLarge || !strings.Contains(f.Detail, "more than 1048576 bytes") {
		t.Errorf("cut: %+v", f)
	}
	good, lost := message(`{"a": 1}`), message("")
	lost.Lost = true
	for want, m := range map[string]*answer.Message{"an empty body": message(" "), "8 bytes of JSON that hold no error message": good, "a body that broke off": lost} {
		if got := m.Describe(m.Decode("").Fault == nil); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}

// The memory that an answer takes is bounded by its values: a list counts as two more than its
// elements, an object as four. What a text has in it is no value.
func TestMostValues(t *testing.T) {
	list := func(n int, item string) string { return "[" + strings.Repeat(item+",", n-1) + item + "]" }
	for _, row := range []struct {
		name string
		text func(n int) string
		most int
	}{
		{"numbers", func(n int) string { return list(n, "1") }, answer.MostValues - 1},
		{"lists", func(n int) string { return list(n, "[]") }, (answer.MostValues - 1) / 3},
		{"objects", func(n int) string { return list(n, "{}") }, (answer.MostValues - 1) / 5},
		{"texts with all that separates values", func(n int) string { return list(n, `"\",[{&]}\\"`) }, answer.MostValues - 1},
	} {
		if f := message(row.text(row.most)).Decode("").Fault; f != nil {
			t.Errorf("%d %s: %+v", row.most, row.name, f)
		}
		if f := message(row.text(row.most + 1)).Decode("").Fault; f == nil || f.Code != answer.CodeTooLarge || !strings.Contains(f.Detail, "32768") {
			t.Errorf("%d %s: %+v", row.most+1, row.name, f)
		}
	}
	for depth, code := range map[int]string{63: answer.CodeTooLarge, 64: answer.CodeBadJSON} {
		deep := strings.Repeat("[", depth) + list(answer.MostValues, "1") + strings.Repeat("]", depth)
		if f := message(deep).Decode("").Fault; f == nil || f.Code != code {
			t.Errorf("many values at the depth %d: %+v", depth+1, f)
		}
	}
	form := func(n int) string { return "access_token=t" + strings.Repeat("&a", n) }
	for n, code := range map[int]string{answer.MostValues: answer.CodeNotJSON, answer.MostValues + 1: answer.CodeTooLarge} {
		if f := message(form(n)).Decode("", "access_token").Fault; f == nil || f.Code != code {
			t.Errorf("a form with %d names: %+v", n, f)
		}
	}
}

// Numbers are numbers where nothing of them is lost, and else texts.
func TestNumbers(t *testing.T) {
	for text, want := range map[string]any{
		"5": 5.0, "-0.5": -0.5, "1e3": 1000.0, "0.1234567890123": 0.1234567890123, "123456789012345": 123456789012345.0, "1234567890123.50": 1234567890123.5,
		"9007199254740993": "9007199254740993", "0.12345678901234567": "0.12345678901234567", "1e999": "1e999", "9007199254740992": 9007199254740992.0,
	} {
		if got := document(t, text); got != want {
			t.Errorf("%s is %v", text, got)
		}
	}
}

// What can be had of an answer that is no good is enough to keep the refresh token that it has.
func TestDecodeLeniently(t *testing.T) {
	guard := func(n int) string { return strings.Repeat(" ", n-1) + "x" }
	many := strings.Repeat("[],", answer.MostValues)
	names := func(n int) string {
		var b strings.Builder
		for i := range n {
			fmt.Fprintf(&b, `"n%d": 1, `, i)
		}
		return b.String()
	}
	for _, row := range []struct {
		name, kind, body string
		want             any
		code             string
	}{
		{"good JSON", "", `{"refresh_token": "r"}`, "r", ""},
		{"a duplicate name", "", `{"refresh_token": "q", "refresh_token": "r"}`, "r", ""},
		{"something after it", "", `{"refresh_token": "r"} and so on`, "r", ""},
		{"a number", "", `{"refresh_token": 5}`, 5.0, ""},
		{"a long number", "", `{"refresh_token": 9007199254740993}`, "9007199254740993", ""},
		{"a number with a zero at its end", "", `{"refresh_token": 1.50}`, "1.50", ""},
		{"a guard", "", ")]}',\n" + `{"refresh_token": "r"}`, "r", ""},
		{"a function", "", `callback({"refresh_token": 1.50})`, "1.50", ""},
		{"a byte before it", "", `x{"refresh_token": "r"}`, "r", ""},
		{"a text of 64 bytes before it", "", guard(64) + `{"refresh_token": "r"}`, "r", ""},
		{"a text of 65 bytes before it", "", guard(65) + `{"refresh_token": "r"}`, nil, "not_json"},
		{"an object that breaks off", "", `{"refresh_token": "r"`, nil, "not_json"},
		{"UTF-16 that does not say so", "", utf16(`{"refresh_token": "r"}`, unicode.LittleEndian, unicode.UseBOM), "r", ""},
		{"Latin-1 that does not say so", "", latin1(`{"refresh_token": "r", "name": "Zoë"}`), "r", ""},
		{"a form", "", "refresh_token=r&a=b", "r", ""},
		{"a form with a duplicate name", "", "refresh_token=q&refresh_token=r", "r", ""},
		{"a form that says so", "application/x-www-form-urlencoded", "[a]=b&refresh_token=r", "r", ""},
		{"what is no form", "", "[a]=b&refresh_token=r", nil, "not_json"},
		{"too many values", "", `{"list": [` + many + `[]], "n": [], "refresh_token": "q", "refresh_token": "r"}`, "r", "answer_too_large"},
		{"too many values, and a long number", "", `{"list": [` + many + `[]], "refresh_token": 1.50}`, "1.50", "answer_too_large"},
		{"too many values, the token in an object", "", `{"list": [` + many + `[]], "refresh_token": {"a": 1}}`, nil, "answer_too_large"},
		{"too many values, the token in a list", "", `{"list": [` + many + `[]], "refresh_token": ["r"]}`, nil, "answer_too_large"},
		{"too many values, and then it breaks off", "", `{"refresh_token": "r", "list": [` + many, "r", "answer_too_large"},
		{"too many values, and no object", "", `[` + many + `"refresh_token"]`, nil, "answer_too_large"},
		{"many names", "", `{` + names(answer.MostValues/4-1) + `"refresh_token": "r", "list": [` + many + `[]]}`, "r", "answer_too_large"},
		{"too many names", "", `{` + names(answer.MostValues/4) + `"refresh_token": "r", "list": [` + many + `[]]}`, nil, "answer_too_large"},
	} {
		d := message(row.body, "Content-Type", row.kind).DecodeLeniently()
		object, _ := d.Value.(map[string]any)
		code := ""
		if d.Fault != nil {
			code = d.Fault.Code
		}
		if object["refresh_token"] != row.want || code != row.code || len(d.Text) == 0 {
			t.Errorf("%s: %v, %+v", row.name, object["refresh_token"], d.Fault)
		}
	}
}

// While something takes long, others have the message's place.
func TestRoom(t *testing.T) {
	room := make(chan struct{}, 1)
	m := message("")
	m.Leave() // it has none
	m.Outside(func() {})
	m.Enter(room)
	called := false
	m.Outside(func() { called = true; room <- struct{}{}; <-room })
	if !called || len(room) != 1 {
		t.Errorf("called %t, %d in the room", called, len(room))
	}
	m.Leave()
	m.Leave()
	if len(room) != 0 {
		t.Error("it is still in the room")
	}
}
