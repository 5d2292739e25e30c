package tokenendpoint_test

import (
	"encoding/json"
	"encoding/xml"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"
	"unicode"

	"example.com/tokenkeeper/internal/refresh"
	"example.com/tokenkeeper/internal/secret"
	"example.com/tokenkeeper/internal/tokenendpoint"
)

// Whatever a template is and whatever its values are: it is refused with words that can be
// printed, or what it comes to is read back unchanged by what decodes the place where it
// lands, and is not larger than a request may be.
func FuzzNotation(f *testing.F) {
	for _, s := range []string{
		"${a}", "${a?}", "${a?'x'}", "${base64(join(':', a, b))}", "${hex(hmac(a, now('unix', '-5m')))}", "${sha256(a)}", "${hex('It''s ${')}x",
		"${join('}', a, '{', b)}", "${base64url(sha256(base64(a)))}", "$${${a}$${", "${ a }", "${a", "${hex(a}", "${hex(a b)}", "${f(a)}", "${steps.x.y}",
		"${base64(base64(base64(base64(base64(base64(base64(base64(base64(a)))))))))}", "${'a'}", "${hex(a?)}${b?''}",
	} {
		f.Add(s, "v'\"&<\\\x00ü", "")
	}
	p := onLoopback()
	f.Fuzz(func(t *testing.T, text, a, b string) {
		c := refresh.Credential{Name: "erp", AllowedHosts: []string{"127.0.0.1:1"}, Values: map[string]secret.Text{
			"a": secret.New(strings.ToValidUTF8(a, "?")), "b": secret.New(strings.ToValidUTF8(b, "?"))}}
		want, names, ok := tokenendpoint.Expand(text, c)
		if ok && len(want) > 1<<20 {
			t.Fatalf("%q has become %d bytes", text, len(want))
		}
		if strings.Contains(text, "uuid") || strings.Contains(text, "now") || json.Valid([]byte(text)) {
			return // another each time
		}
		quoted, err := json.Marshal(text)
		if err != nil || strings.ToValidUTF8(text, "") != text {
			return
		}
		for _, name := range names {
			if name != "a" && name != "b" {
				return
			}
		}
		for place, decode := range map[string]func(body string) (string, bool){
			`"json": [TEXT]`: func(body string) (string, bool) {
				var list []string
				err := json.Unmarshal([]byte(body), &list)
				return strings.Join(list, ""), err == nil && len(list) <= 1
			},
			`"form": {"x": TEXT}`: func(body string) (string, bool) {
				form, err := url.ParseQuery(body)
				return form.Get("x"), err == nil && len(form) <= 1 && len(form["x"]) <= 1
			},
			`"headers": {"Content-Type": "text/xml"}, "text": TEXT`: nil,
		} {
			config := `{"request": {"url": "http://127.0.0.1:1/", ` + strings.Replace(place, "TEXT", string(quoted), 1) + `}}`
			provider, err := p.Provider(document("erp", config))
			if err != nil {
				if said := err.Error(); strings.ContainsAny(strings.ReplaceAll(said, "\n/tokenkeeper/", ""), "\n\x1b\x00") {
					t.Fatalf("not to be printed: %q", said)
				}
				continue
			}
			e := provider.Endpoint.(*tokenendpoint.Endpoint)
			if len(e.Check(c)) > 0 {
				continue
			}
			requests, err := e.Build(c)
			if err != nil {
				t.Fatalf("nothing was wrong, and yet: %v", err)
			}
			body, err := io.ReadAll(requests[0].Body)
			if err != nil {
				t.Fatal(err)
			}
			if decode == nil {
				if strings.ContainsAny(text, "<>&") || strings.ContainsFunc(text, unicode.IsControl) || !ok {
					continue // the config's own, which is not escaped
				}
				var root string
				if err := xml.Unmarshal([]byte("<r>"+string(body)+"</r>"), &root); err != nil {
					t.Fatalf("%q breaks XML: %q", text, body)
				}
				continue
			}
			got, good := decode(string(body))
			if !good || got != want && !(got == "" && !ok) {
				t.Fatalf("%q comes to %q, and in %s to %q", text, want, place, body)
			}
		}
	})
}

// Wherever a config says that the token is: what is found there is visible ASCII and was in
// the answer, or the answer is refused in words that can be printed.
func FuzzSources(f *testing.F) {
	sources := []string{`{"header": "X-Token"}`, `{"header": "X-Token", "after": "Bearer "}`, `{"cookie": "sid"}`, `{"body": "text"}`, `{"body": "text", "after": "token="}`, `"a.b"`}
	for i := range sources {
		f.Add(uint8(i), "Bearer t-1", []byte(`{"a": {"b": "t-1"}}`))
		f.Add(uint8(i), "sid=t-1; Max-Age=60", []byte("\uFEFFtoken=t-1\r\n"))
		f.Add(uint8(i), "application/x-www-form-urlencoded", []byte("a=b&c=%zz"))
	}
	c := client("https://id.example.com")
	var endpoints []*tokenendpoint.Endpoint
	for _, s := range sources {
		provider, err := onLoopback().Provider(document("erp", `{"token_endpoint": "https://id.example.com/token", "default_lifetime": "1h",
			"response": {"access_token": `+s+`, "expires_at": {"cookie": "end"}, "error": "c", "success": "a"}}`))
		if err != nil {
			f.Fatal(err)
		}
		endpoints = append(endpoints, provider.Endpoint.(*tokenendpoint.Endpoint))
	}
	f.Fuzz(func(t *testing.T, which uint8, header string, body []byte) {
		h := http.Header{"X-Token": {header}, "Set-Cookie": {header}, "Content-Type": {header}}
		g, err := endpoints[int(which)%len(endpoints)].Read(c, 200, h, body, noon)
		if err != nil {
			checkError(t, err.(*refresh.Error), c)
			return
		}
		token := g.AccessToken.Reveal()
		if token == "" || strings.ContainsFunc(token, func(r rune) bool { return r < ' ' || r > '~' }) || g.Lifetime < time.Second || g.Lifetime > refresh.MaxLifetime {
			t.Fatalf("the token is %q, for %v", token, g.Lifetime)
		}
		if int(which)%len(sources) != 5 && !strings.Contains(header, token) && !strings.Contains(string(body), token) {
			t.Fatalf("the token %q was not in the answer", token)
		}
	})
}
