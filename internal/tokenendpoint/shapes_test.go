package tokenendpoint_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"mime"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"example.com/tokenkeeper/internal/refresh"
	"example.com/tokenkeeper/internal/tokenendpoint"
)

// A shape is a login as a provider documents it: see the head of testdata/shapes.txt.
type shape struct {
	Name               string
	Config, Credential string
	Requests, Answers  []string
	Result             string
}

func shapes(t *testing.T) []shape {
	t.Helper()
	text, err := os.ReadFile("testdata/shapes.txt")
	if err != nil {
		t.Fatal(err)
	}
	_, cases, _ := strings.Cut(string(text), "\n== ")
	var list []shape
	for c := range strings.SplitSeq(cases, "\n== ") {
		var s shape
		sections := strings.Split(c, "\n-- ")
		s.Name, s.Config, _ = strings.Cut(sections[0], "\n")
		for _, section := range sections[1:] {
			kind, content, _ := strings.Cut(section, "\n")
			content = strings.TrimSuffix(content, "\n")
			switch kind {
			case "credential":
				s.Credential = content
			case "request":
				s.Requests = append(s.Requests, content)
			case "answer":
				s.Answers = append(s.Answers, content)
			case "token":
				s.Result = strings.TrimSpace(content)
			default:
				t.Fatalf("%s: there is no section %q", s.Name, kind)
			}
		}
		list = append(list, s)
	}
	return list
}

// A strict server plays one shape: it answers what is exactly as documented, in the order
// of the documentation, and refuses everything else.
type strict struct {
	mu    sync.Mutex
	shape shape
	next  int
	fault string // why the last request was refused
}

func (s *strict) begin() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.next, s.fault = 0, ""
}

func (s *strict) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.next == len(s.shape.Requests) {
		s.fault = "a request too many"
	} else {
		s.fault = cmp.Diff(documented(s.shape.Requests[s.next]), sent(r))
	}
	if s.fault != "" {
		w.WriteHeader(400)
		return
	}
	head, body, _ := strings.Cut(s.shape.Answers[s.next], "\n\n")
	lines := strings.Split(head, "\n")
	for _, line := range lines[1:] {
		name, value, _ := strings.Cut(line, ": ")
		w.Header().Set(name, value)
	}
	w.Header().Set("Date", noon.Format(http.TimeFormat))
	var status int
	fmt.Sscan(lines[0], &status)
	w.WriteHeader(status)
	io.WriteString(w, body)
	s.next++
}

// A wire is a request in the form in which two are compared.
type wire struct {
	Method, Target string
	Header         map[string]string
	Body           any
}

// documented returns a request as the corpus has it.
func documented(text string) wire {
	head, body, _ := strings.Cut(text, "\n\n")
	lines := strings.Split(head, "\n")
	w := wire{Header: map[string]string{"Accept": "application/json", "User-Agent": "tokenkeeper"}}
	w.Method, w.Target, _ = strings.Cut(lines[0], " ")
	for _, line := range lines[1:] {
		name, value, _ := strings.Cut(line, ": ")
		w.Header[name] = value
	}
	w.Body = comparable(w.Header["Content-Type"], body)
	return w
}

var anyUUID = regexp.MustCompile(`[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}`)

// sent returns a request as it came.
func sent(r *http.Request) wire {
	body, _ := io.ReadAll(r.Body)
	w := wire{Method: r.Method, Target: r.RequestURI, Header: map[string]string{}}
	id := anyUUID.FindString(string(body))
	blank := func(text string) string {
		if id == "" {
			return text
		}
		return strings.ReplaceAll(text, id, "<uuid>")
	}
	for name, values := range r.Header {
		if name != "Content-Length" && name != "Accept-Encoding" && name != "Connection" {
			w.Header[name] = blank(strings.Join(values, "\n"))
		}
	}
	kind, params, _ := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if kind == "multipart/form-data" {
		w.Header["Content-Type"] = kind
		var lines []string
		for part := range strings.SplitSeq(string(body), "--"+params["boundary"]) {
			head, value, ok := strings.Cut(part, "\r\n\r\n")
			_, disposition, err := mime.ParseMediaType(strings.TrimPrefix(strings.TrimSpace(head), "Content-Disposition: "))
			if ok && err == nil {
				lines = append(lines, disposition["name"]+"="+strings.TrimSuffix(value, "\r\n"))
			}
		}
		body = []byte(strings.Join(lines, "\n"))
	}
	w.Body = comparable(r.Header.Get("Content-Type"), blank(string(body)))
	return w
}

// comparable returns a body as text, or if it is JSON as what it means, with its numbers
// as they were written.
func comparable(contentType, body string) any {
	if kind, _, _ := mime.ParseMediaType(contentType); kind != "application/json" && !strings.HasSuffix(kind, "+json") {
		return body
	}
	dec := json.NewDecoder(strings.NewReader(body))
	dec.UseNumber()
	var v any
	if dec.Decode(&v) != nil {
		return body
	}
	return v
}

// play logs in to a shape's server as a config and a credential say.
func play(ctx context.Context, p *tokenendpoint.Parser, at, config, credential string) (result string, err error) {
	u, err := url.Parse(at)
	if err != nil {
		return "", err
	}
	provider, err := p.Provider(document("erp", strings.ReplaceAll(config, "URL", at)))
	if err != nil {
		return "", err
	}
	c, err := p.Credential(document("erp", credential))
	if err != nil {
		return "", err
	}
	c.AllowedHosts = []string{u.Host}
	g, err := provider.Endpoint.Grant(ctx, refresh.Login{Credential: c})
	if err != nil {
		return "", err
	}
	result = fmt.Sprint(g.AccessToken.Reveal(), " ", g.Lifetime)
	if g.TokenType != "Bearer" {
		result += " " + g.TokenType
	}
	if g.Extra != nil {
		extra, err := json.Marshal(g.Extra)
		if err != nil {
			return "", err
		}
		result += " " + string(extra)
	}
	return result, nil
}

// Every shape is served as documented; and with one thing changed in the config or the
// credential, whatever it is, none is.
func TestShapes(t *testing.T) {
	all := shapes(t)
	if len(all) < 60 {
		t.Fatalf("there are %d shapes", len(all))
	}
	p := onLoopback()
	tried, slips := 0, 0
	for _, shape := range all {
		server := &strict{shape: shape}
		ts := httptest.NewServer(server)
		got, err := play(t.Context(), p, ts.URL, shape.Config, shape.Credential)
		if err != nil || got != shape.Result || server.next != len(shape.Requests) {
			t.Errorf("%s: %v\ngot  %s\nwant %s\n%s", shape.Name, err, got, shape.Result, server.fault)
			ts.Close()
			continue
		}
		for what, v := range slipsOf(t, shape) {
			tried++
			server.begin()
			if got, err := play(t.Context(), p, ts.URL, v.config, v.credential); err == nil && got == shape.Result && server.next == len(shape.Requests) {
				slips++
				t.Errorf("%s: %s, and the login succeeds all the same", shape.Name, what)
			}
		}
		ts.Close()
	}
	t.Logf("%d shapes are served; of %d variants with one thing wrong, %d slipped through", len(all), tried, slips)
	if tried < 1000 {
		t.Errorf("%d variants were tried", tried)
	}
}

// Answers name their own host, in scopes, as issuer, audience and instance: none of it is
// taken for a value of the credential, whose hosts are those.
func TestShapesThatStateTheirHost(t *testing.T) {
	stating := 0
	for _, shape := range shapes(t) {
		server := &strict{shape: shape}
		ts := httptest.NewServer(server)
		host := strings.TrimPrefix(ts.URL, "http://")
		last := len(shape.Answers) - 1
		head, body, _ := strings.Cut(shape.Answers[last], "\n\n")
		members := map[string]json.RawMessage{}
		if json.Unmarshal([]byte(body), &members) == nil {
			stating++
			for name, value := range map[string]any{"iss": ts.URL, "aud": []string{host, ts.URL + "/token"}, "instance_url": ts.URL + "/",
				"scope": ts.URL + "/.default openid " + host} {
				if _, ok := members[name]; ok && name != "scope" {
					continue
				}
				text, err := json.Marshal(value)
				if err != nil {
					t.Fatal(err)
				}
				members[name] = text
			}
			stated, err := json.Marshal(members)
			if err != nil {
				t.Fatal(err)
			}
			server.shape.Answers = slices.Clone(shape.Answers)
			server.shape.Answers[last] = head + "\n\n" + string(stated)
		}
		if got, err := play(t.Context(), onLoopback(), ts.URL, shape.Config, shape.Credential); err != nil || got != shape.Result {
			t.Errorf("%s: %v\ngot  %s\nwant %s", shape.Name, err, got, shape.Result)
		}
		ts.Close()
	}
	if stating < 40 {
		t.Errorf("%d answers are objects", stating)
	}
}

type slip struct{ config, credential string }

// slipsOf returns the shape with one thing wrong, by what that is: a field gone or renamed,
// a value changed or of another type, an encoding replaced.
func slipsOf(t *testing.T, s shape) map[string]slip {
	t.Helper()
	list := map[string]slip{}
	eachChange(t, s.Config, func(what, changed string) { list["config: "+what] = slip{changed, s.Credential} })
	eachChange(t, s.Credential, func(what, changed string) { list["credential: "+what] = slip{s.Config, changed} })
	return list
}

// neutral are changes that a good answer does not show: what marks bad answers, and what
// may be left out by declaration.
func neutral(name string, value any) bool {
	if object, ok := value.(map[string]any); ok && len(object) > 0 {
		for name, v := range object {
			if !neutral(name, v) {
				return false
			}
		}
		return true
	}
	text, _ := value.(string)
	return slices.Contains([]string{"success", "error", "error_description"}, name) || strings.Contains(text, "?}")
}

func eachChange(t *testing.T, document string, f func(what, changed string)) {
	t.Helper()
	var root any
	dec := json.NewDecoder(strings.NewReader(document))
	dec.UseNumber()
	if err := dec.Decode(&root); err != nil {
		t.Fatalf("%s: %v", document, err)
	}
	note := func(format string, args ...any) {
		text, err := json.Marshal(root)
		if err != nil {
			t.Fatal(err)
		}
		if bytes.Equal(text, canonical(t, document)) {
			return
		}
		f(fmt.Sprintf(format, args...), string(text))
	}
	var change func(path string, v any, set func(any))
	change = func(path string, v any, set func(any)) {
		switch v := v.(type) {
		case map[string]any:
			for _, name := range slices.Sorted(maps.Keys(v)) {
				old, at := v[name], path+"."+name
				if neutral(name, old) {
					continue
				}
				delete(v, name)
				note("%s is gone", at)
				v[name+"_x"] = old
				note("%s is renamed", at)
				delete(v, name+"_x")
				v[name] = old
				change(at, old, func(other any) { v[name] = other })
				v[name] = old
			}
		case []any:
			for i, item := range v {
				at := fmt.Sprintf("%s[%d]", path, i)
				set(append(slices.Clone(v[:i]), v[i+1:]...))
				note("%s is gone", at)
				set(v)
				change(at, item, func(other any) { v[i] = other })
				v[i] = item
			}
			set(append(slices.Clone(v), "x"))
			note("%s has one more", path)
			set(v)
		case string:
			for _, other := range mistaken(v) {
				set(other)
				note("%s is %q", path, other)
			}
		case json.Number:
			for _, other := range []any{string(v), json.Number(string(v) + "1")} {
				set(other)
				note("%s is %#v", path, other)
			}
		case bool:
			for _, other := range []any{!v, fmt.Sprint(v)} {
				set(other)
				note("%s is %#v", path, other)
			}
		case nil:
			set("null")
			note("%s is a text", path)
		}
	}
	change("", root, func(other any) { root = other })
}

func canonical(t *testing.T, document string) []byte {
	t.Helper()
	var v any
	dec := json.NewDecoder(strings.NewReader(document))
	dec.UseNumber()
	if err := dec.Decode(&v); err != nil {
		t.Fatal(err)
	}
	text, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// mistaken returns what a text may be mistaken for: something longer, another case, and
// any other of the words that mean something in its place.
func mistaken(text string) []string {
	list := []string{text + "x"}
	for _, words := range [][]string{
		{"client_secret_basic", "client_secret_post", "none"},
		{"form", "json", "multipart"},
		{"form", "raw"},
		{"GET", "POST", "PUT", "PATCH", "DELETE"},
		{"seconds", "milliseconds", "minutes", "hours", "epoch_seconds", "epoch_milliseconds"},
	} {
		if slices.Contains(words, text) {
			list = append(list, slices.DeleteFunc(slices.Clone(words), func(w string) bool { return w == text })...)
		}
	}
	for _, functions := range [][]string{{"base64(", "base64url(", "hex("}, {"'unix'", "'unix_ms'", "'rfc3339'", "'date'"}, {"Basic ", "Bearer ", "Token "}} {
		for _, from := range functions {
			for _, to := range functions {
				if from != to && strings.Contains(text, from) {
					list = append(list, strings.Replace(text, from, to, 1))
				}
			}
		}
	}
	return list
}
