package tokenendpoint_test

import (
	"encoding/xml"
	"net/http"
	"strings"
	"testing"

	"example.com/tokenkeeper/internal/refresh"
)

// Where a place has an encoding of its own, a value is given it; where it has none, a
// value that would need one is refused.
func TestValuesLand(t *testing.T) {
	const evil = `x' y="1"/><admin>&"\, other=1`
	s := serve(t, answer(200, granted))
	c := login(s.URL, "v", evil)

	e := endpoint(t, onLoopback(), `{"request": {"url": "`+s.URL+`/login", "text": "<login key='${v}'>${v}</login>", "headers": {"Content-Type": "text/xml; charset=utf-8"}}}`)
	if _, err := e.Grant(t.Context(), refresh.Login{Credential: c}); err != nil {
		t.Fatal(err)
	}
	var got struct {
		Key  string `xml:"key,attr"`
		Text string `xml:",chardata"`
	}
	if _, body := s.last(t); xml.Unmarshal([]byte(body), &got) != nil || got.Key != evil || got.Text != evil {
		t.Errorf("in XML the value became %s", body)
	}

	e = endpoint(t, onLoopback(), `{"request": {"url": "`+s.URL+`/login", "headers": {"Authorization": "Key user=\"${v}\", id=\"${base64(v)}\"", "X-Plain": "a \" b"}}}`)
	if _, err := e.Grant(t.Context(), refresh.Login{Credential: c}); err != nil {
		t.Fatal(err)
	}
	r, _ := s.last(t)
	if got, want := r.Header.Get("Authorization"), `Key user="`+strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(evil)+`", id="`; !strings.HasPrefix(got, want) {
		t.Errorf("in a header the value became %s, want %s", got, want)
	}

	before := s.requests()
	e = endpoint(t, onLoopback(), `{"request": {"url": "`+s.URL+`/login", "headers": {"Cookie": "a=1; key=${v}; b=2"}}}`)
	for _, v := range []string{"x; admin=1", "x y", `"x"`, "x,y", "ü"} {
		if err := failed(t, e, login(s.URL, "v", v)); err.Code != refresh.CodeBadCredential || s.requests() > before {
			t.Errorf("in a cookie %q is %s, %v", v, err.Code, err)
		}
	}
	if _, err := e.Grant(t.Context(), refresh.Login{Credential: login(s.URL, "v", "k-1")}); err != nil {
		t.Fatal(err)
	}
	r, _ = s.last(t)
	if k, err := r.Cookie("key"); err != nil || k.Value != "k-1" {
		t.Errorf("the cookie is %v, %v", k, err)
	}
}

func TestMethods(t *testing.T) {
	for _, method := range []string{"GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "LOGIN"} {
		s := serve(t, answer(200, granted))
		e := endpoint(t, onLoopback(), `{"request": {"method": "`+method+`", "url": "`+s.URL+`/login"}}`)
		if _, err := e.Grant(t.Context(), refresh.Login{Credential: login(s.URL)}); err != nil {
			t.Errorf("%s: %v", method, err)
			continue
		}
		if r, _ := s.last(t); r.Method != method {
			t.Errorf("sent %s, want %s", r.Method, method)
		}
	}
	s := serve(t, func(w http.ResponseWriter, _ *http.Request) { w.Header().Set("X-Token", "t-1") })
	e := endpoint(t, onLoopback(), `{"request": {"method": "HEAD", "url": "`+s.URL+`/login"}, "response": {"access_token": {"header": "X-Token"}}, "default_lifetime": "1h"}`)
	if g, err := e.Grant(t.Context(), refresh.Login{Credential: login(s.URL)}); err != nil || g.AccessToken.Reveal() != "t-1" {
		t.Errorf("HEAD: %v", err)
	}
}
