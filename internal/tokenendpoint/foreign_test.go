package tokenendpoint_test

import (
	"encoding/base64"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"unicode"

	"example.com/tokenkeeper/internal/refresh"
	"example.com/tokenkeeper/internal/secret"
	"example.com/tokenkeeper/internal/secret/secrettest"
	"example.com/tokenkeeper/internal/simulator"
	"example.com/tokenkeeper/internal/tokenendpoint"
)

// A provider may repeat in its answer whatever it was sent, in any encoding: none of it
// comes out again. (54)
func TestEchoes(t *testing.T) {
	for name, fault := range map[string]func(secret string) simulator.Fault{
		"as it is":          func(s string) simulator.Fault { return simulator.Echo(s, simulator.AsIs) },
		"as in a form":      func(s string) simulator.Fault { return simulator.Echo(s, simulator.AsForm) },
		"as in a path":      func(s string) simulator.Fault { return simulator.Echo(s, simulator.AsPath) },
		"in base64":         func(s string) simulator.Fault { return simulator.Echo(s, simulator.AsBase64) },
		"as in JSON":        func(s string) simulator.Fault { return simulator.Echo(s, simulator.AsJSON) },
		"broken over lines": func(s string) simulator.Fault { return simulator.Echo(s, simulator.AsLines) },
		"in all encodings, far apart": func(s string) simulator.Fault {
			return simulator.OAuthError(400, "invalid_request", strings.Repeat("so far so good ", 12)+s+" "+simulator.AsBase64("user:"+s))
		},
		"the whole request":      func(string) simulator.Fault { return simulator.EchoRequest() },
		"as the error code":      func(s string) simulator.Fault { return simulator.OAuthError(400, s, "") },
		"as a name in an answer": func(s string) simulator.Fault { return simulator.Field(s, `1`) },
		"as the token type":      func(s string) simulator.Fault { return simulator.Field("token_type", quoteJSON(s)) },
		"as a lifetime":          func(s string) simulator.Fault { return simulator.Lifetime(quoteJSON(s)) },
		"as where a redirect leads": func(s string) simulator.Fault {
			return simulator.Redirect(302, "https://evil.example/"+simulator.AsPath(s)+"?s="+simulator.AsForm(s))
		},
		"as the type of the body": func(s string) simulator.Fault { return simulator.Reply(400, "text/"+s, "x") },
		"again and again":         func(s string) simulator.Fault { return simulator.OAuthError(400, "x", strings.Repeat(s, 3000)) },
		"at the edge of what is shown": func(s string) simulator.Fault {
			return simulator.OAuthError(400, "x", strings.Repeat("a ", 120)+s)
		},
	} {
		bubble(t, func(t *testing.T, sim *simulator.Simulator, p *tokenendpoint.Parser) {
			for _, provided := range []string{simulator.Meitner, simulator.METILogin} {
				e, c := provider(t, sim, p, provided)
				secret := c.Values["client_secret"].Reveal() + c.Values["password"].Reveal()
				f := fault(secret)
				if strings.HasPrefix(name, "as a name") {
					f = simulator.Join(f, simulator.Drop("access_token"), simulator.Drop("token"))
				}
				sim.Break(provided, f)
				g, err := e.Grant(t.Context(), refresh.Login{Credential: c})
				if err == nil {
					if strings.HasPrefix(name, "as the token type") && provided == simulator.METILogin {
						continue // such an answer has no type: the field was added
					}
					t.Errorf("%s, %s: no error: %+v", provided, name, g)
					continue
				}
				checkError(t, err.(*refresh.Error), c)
			}
		})
	}
}

func quoteJSON(s string) string { return `"` + simulator.AsJSON(s) + `"` }

// Foreign text is one line of at most 256 printable characters, and holds nothing that
// looks like a token, of any provider. (55)
func TestForeignText(t *testing.T) {
	token := jwt(`{"sub": "somebody else"}`)
	const uuid = "0b6e4d5f-3a53-4f0e-9f0c-6a2f3b6d3c11"
	for _, row := range []struct{ name, text, want string }{
		{"plain", "The client is not known.", `"The client is not known."`},
		{"other languages", "Klienten är okänd", `"Klienten är okänd"`},
		{"a secret", "you sent " + hard, `"you sent [secret]"`},
		{"colours", "\x1b[31mred\x1b[0m", `"\u001b[31mred\u001b[0m"`},
		{"line breaks", "one\r\ntwo\tthree", `"one\r\ntwo\tthree"`},
		{"what breaks JSON", `","level":"INFO`, `"\",\"level\":\"INFO"`},
		{"backslashes", `a\nb`, `"a\\nb"`},
		{"the other reading direction", "a\u202eb\u2066c\u200bd", `"a\u202eb\u2066c\u200bd"`},
		{"beyond 16 bits", "a\U000e0041b", `"a\udb40\udc41b"`},
		{"no UTF-8", "a\xffb", `"a\ufffdb"`},
		{"a token", "use " + token + " instead", `"use [masked] instead"`},
		{"a key", "key 4f9a8b7c6d5e4f3a2b1c0d9e8f7a6b5c is over", `"key [masked] is over"`},
		{"base64", "got Y2xpZW50OnNlY3JldC1zZWNyZXQ9PQ==", `"got [masked]"`},
		{"what support asks for", "Trace ID: " + uuid + ".", `"Trace ID: ` + uuid + `."`},
		{"names of OAuth", "unsupported_grant_type of urn:ietf:params:oauth:grant-type:jwt-bearer", `"unsupported_grant_type of urn:ietf:params:oauth:grant-type:jwt-bearer"`},
		{"an address", "see https://docs.example.com/oauth2/errors", `"see https://docs.example.com/oauth2/errors"`},
		{"254 characters", strings.Repeat("ab ", 84) + "ab", `"` + strings.Repeat("ab ", 84) + `ab"`},
		{"255 characters", strings.Repeat("ab ", 85), `"` + strings.Repeat("ab ", 84) + `a…"`},
		{"very many", strings.Repeat("ab ", 5000), "(a text too long to be shown)"},
	} {
		got := tokenendpoint.Quote(client("https://id.example.com").Searcher(), row.text)
		if got != row.want {
			t.Errorf("%s:\n got %s\nwant %s", row.name, got, row.want)
		}
	}
}

func FuzzForeignText(f *testing.F) {
	for _, s := range []string{"", "plain", hard, "\x1b[0m", "\xff", jwt("{}"), strings.Repeat("a", 300), base64.StdEncoding.EncodeToString([]byte("x:" + hard))} {
		f.Add(s)
	}
	c := client("https://id.example.com")
	f.Fuzz(func(t *testing.T, text string) {
		for _, s := range []string{text, text + hard, hard + text} {
			got := tokenendpoint.Quote(c.Searcher(), s)
			if n := len([]rune(got)); n > 256 {
				t.Fatalf("%d characters", n)
			}
			if strings.ContainsFunc(got, func(r rune) bool { return !unicode.IsPrint(r) }) {
				t.Fatalf("not printable: %q", got)
			}
			if form := secrettest.Leaked(got, hard); form != "" {
				t.Fatalf("the secret is left as %s: %s", form, got)
			}
		}
	})
}

// What is quoted of an error is what is meant for people, and never the whole body.
func TestWhereErrorsAreFound(t *testing.T) {
	for _, row := range []struct{ body, want string }{
		{`{"error": "invalid_client", "error_description": "no"}`, `400 invalid_client: "no"`},
		{`{"error": "invalid_client", "message": "no"}`, `400 invalid_client: "no"`},
		{`{"error": {"code": "E1", "message": "no"}}`, `400 with the error "E1": "no"`},
		{`{"error": {"status": "UNAUTHENTICATED", "code": 401, "message": "no"}}`, `400 with the error "UNAUTHENTICATED": "no"`},
		{`{"error": "You cannot."}`, `400: "You cannot."`},
		{`{"errorCode": "E0000011", "errorSummary": "no"}`, `400: "no"`},
		{`{"type": "about:blank", "title": "Forbidden", "status": 403, "detail": "no"}`, `400: "no"`},
		{`{"message": "no"}`, `400: "no"`},
		{`{"result": "no"}`, `400 with 16 bytes of JSON that hold no error message`},
		{`["no"]`, `400 with 6 bytes of JSON that hold no error message`},
		{`no`, `400 with 2 bytes of application/json`},
		{` `, `400 with an empty body`},
	} {
		e := endpoint(t, onLoopback(), `{"token_endpoint": "https://id.example.com/token?tenant=1"}`)
		header := http.Header{"Content-Type": {"application/json"}}
		_, err := e.Read(client("https://id.example.com"), 400, header, []byte(row.body), noon)
		want := "https://id.example.com/token answered " + row.want
		if got := err.(*refresh.Error).Detail; got != want {
			t.Errorf("%s\n got %s\nwant %s", row.body, got, want)
		}
	}
}

func ExampleParser_Provider() {
	p := tokenendpoint.New(tokenendpoint.Options{})
	_, err := p.Provider(refresh.Document{
		Name:  "erp",
		Where: "/tokenkeeper/providers/erp",
		Data:  secret.New(`{"token_endpoint": "https://id.example.com/token", "scopes": "read", "timeout": 10}`),
	})
	fmt.Println(err)
	// Output:
	// /tokenkeeper/providers/erp: scopes: there is no such field (line 1, column 52); did you mean "scope"?
	// /tokenkeeper/providers/erp: timeout: must be a string with a duration, not a number; write it in quotes with a unit, such as "10s"
}
