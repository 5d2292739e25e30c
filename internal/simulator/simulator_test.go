package simulator_test

import (
	"bytes"
	"encoding/json"
	"io"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"example.com/tokenkeeper/internal/simulator"
)

// noon is when the tests' clock starts.
var noon = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)

// A clock does not move until it is set.
type clock struct {
	mu  sync.Mutex
	now time.Time
}

func newClock() *clock { return &clock{now: noon} }

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

// A served is a simulator on loopback, and how to reach it.
type served struct {
	*simulator.Simulator
	t      *testing.T
	URL    string
	client *http.Client
	clock  *clock
}

// New serves a simulator at noon until the test ends.
func New(t *testing.T) *served {
	t.Helper()
	c := newClock()
	sim := simulator.New(simulator.Options{Now: c.Now})
	server := httptest.NewServer(sim)
	t.Cleanup(server.Close)
	t.Cleanup(sim.Close)
	client := server.Client()
	client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	client.Transport.(*http.Transport).DisableCompression = true
	return &served{Simulator: sim, t: t, URL: server.URL, client: client, clock: c}
}

// A response is an answer, read to its end.
type response struct {
	status int
	header http.Header
	body   string
}

// member returns a member of the answer's JSON object as a string or number.
func (r response) member(t *testing.T, name string) any {
	t.Helper()
	var object map[string]any
	if err := json.Unmarshal([]byte(r.body), &object); err != nil {
		t.Fatalf("answer %q is no JSON object: %v", r.body, err)
	}
	return object[name]
}

// token returns the token that the answer hands over.
func (r response) token(t *testing.T) string {
	t.Helper()
	for _, name := range []string{"access_token", "token"} {
		if token, ok := r.member(t, name).(string); ok {
			return token
		}
	}
	t.Fatalf("no token in the answer: %d %s", r.status, r.body)
	return ""
}

func (s *served) do(r *http.Request) response {
	s.t.Helper()
	got, err := s.try(r)
	if err != nil {
		s.t.Fatal(err)
	}
	return got
}

func (s *served) try(r *http.Request) (response, error) {
	resp, err := s.client.Do(r)
	if err != nil {
		return response{}, err
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	return response{resp.StatusCode, resp.Header, string(body)}, err
}

// login sends the named provider its documented token request.
func (s *served) login(name string) response {
	s.t.Helper()
	return s.do(s.loginRequest(name))
}

func (s *served) loginRequest(name string) *http.Request {
	s.t.Helper()
	credential := s.Credential(name)
	switch name {
	case simulator.Meitner:
		return s.post("/meitner/oauth/token", form("grant_type", "client_credentials",
			"client_id", credential["client_id"], "client_secret", credential["client_secret"]))
	case simulator.EduCloud:
		return s.post("/educloud/connect/token", multipartForm("grant_type", "client_credentials",
			"client_id", credential["client_id"], "client_secret", credential["client_secret"]))
	case simulator.METI:
		return s.post("/meti/oauth/token", object("client_id", credential["client_id"],
			"client_secret", credential["client_secret"], "audience", "https://api.meti.millpont.com",
			"grant_type", "client_credentials", "scope", "read:sources write:sources delete:sources"))
	default:
		return s.post("/meti-login/token", object("email", credential["email"], "password", credential["password"]))
	}
}

func (s *served) post(path string, b body) *http.Request {
	s.t.Helper()
	r, err := http.NewRequest(http.MethodPost, s.URL+path, strings.NewReader(b.text))
	if err != nil {
		s.t.Fatal(err)
	}
	r.Header.Set("Content-Type", b.mediaType)
	return r
}

// apiPaths are the documented resources.
var apiPaths = map[string]string{
	simulator.Meitner:   "/meitner/directory/v1/school",
	simulator.EduCloud:  "/educloud/example",
	simulator.METI:      "/meti/sources",
	simulator.METILogin: "/meti-login/sources",
}

// get asks the named provider's API with the Authorization header given.
func (s *served) get(path, authorization string) response {
	s.t.Helper()
	r, err := http.NewRequest(http.MethodGet, s.URL+path, nil)
	if err != nil {
		s.t.Fatal(err)
	}
	if authorization != "" {
		r.Header.Set("Authorization", authorization)
	}
	return s.do(r)
}

// A body is what a request carries.
type body struct{ mediaType, text string }

// form, multipartForm and object make bodies of names and values in turn, in
// that order.
func form(pairs ...string) body {
	var list []string
	for i := 0; i < len(pairs); i += 2 {
		list = append(list, url.QueryEscape(pairs[i])+"="+url.QueryEscape(pairs[i+1]))
	}
	return body{"application/x-www-form-urlencoded", strings.Join(list, "&")}
}

func multipartForm(pairs ...string) body {
	var b bytes.Buffer
	w := multipart.NewWriter(&b)
	for i := 0; i < len(pairs); i += 2 {
		w.WriteField(pairs[i], pairs[i+1])
	}
	w.Close()
	return body{w.FormDataContentType(), b.String()}
}

func object(pairs ...string) body {
	var list []string
	for i := 0; i < len(pairs); i += 2 {
		list = append(list, quoted(pairs[i])+":"+quoted(pairs[i+1]))
	}
	return body{"application/json", "{" + strings.Join(list, ",") + "}"}
}

func quoted(s string) string {
	text, err := json.Marshal(s)
	if err != nil {
		panic(err)
	}
	return string(text)
}

func TestEachProviderAloneIsServedAtItsDocumentedPaths(t *testing.T) {
	paths := map[string]string{
		simulator.Meitner:   "/oauth/token",
		simulator.EduCloud:  "/connect/token",
		simulator.METI:      "/oauth/token",
		simulator.METILogin: "/token",
	}
	for _, name := range simulator.Names() {
		t.Run(name, func(t *testing.T) {
			s := New(t)
			r := s.loginRequest(name)
			r.URL.Path = paths[name]
			w := httptest.NewRecorder()
			s.Provider(name).ServeHTTP(w, r)
			if w.Code != http.StatusOK {
				t.Errorf("POST %s answered %d", paths[name], w.Code)
			}
			if got := s.Requests(name)[0].Path; got != paths[name] {
				t.Errorf("the recorded path is %s, want %s", got, paths[name])
			}
		})
	}
}

func TestUnknownPathsAreNotFound(t *testing.T) {
	s := New(t)
	for _, path := range []string{"/", "/meitner", "/meitner/", "/meitner/oauth/token/", "/meitner//oauth/token", "/oauth/token", "/metilogin/token"} {
		if got := s.get(path, ""); got.status != http.StatusNotFound {
			t.Errorf("GET %s answered %d, want 404", path, got.status)
		}
	}
}

func TestAnUnknownNameSaysWhichThereAre(t *testing.T) {
	defer func() {
		want := `simulator: no provider "meitnr"; there are meitner, educloud, meti, meti-login`
		if got := recover(); got != want {
			t.Errorf("panicked with %v, want %s", got, want)
		}
	}()
	New(t).Break("meitnr", simulator.Hang())
}
