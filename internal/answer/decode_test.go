package answer_test

import (
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
	const body = `{"data": {"auth": "Bearer abc", "payload": "{\"token\": \"inner\", \"list\": [{\"k\": \"a\", \"v\": \"x\"}]}", "n": 5}}`
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
