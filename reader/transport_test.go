package reader_test

import (
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"example.com/tokenkeeper/reader"
)

// An api answers 200 to the tokens that it takes, 401 to all others, and keeps
// what it was sent.
type api struct {
	mu    sync.Mutex
	takes string
	seen  []string // Authorization, a space, the body
	then  func()   // called before a 401 is answered
}

func (a *api) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	a.mu.Lock()
	defer a.mu.Unlock()
	got := r.Header.Get("Authorization")
	a.seen = append(a.seen, strings.TrimSpace(got+" "+string(body)))
	if got == "Bearer "+a.takes {
		_, _ = io.WriteString(w, "welcome")
		return
	}
	if a.then != nil {
		a.then()
	}
	w.WriteHeader(http.StatusUnauthorized)
	_, _ = io.WriteString(w, "who are you?")
}

func (a *api) wantSeen(t *testing.T, want ...string) {
	t.Helper()
	a.mu.Lock()
	defer a.mu.Unlock()
	if !slices.Equal(a.seen, want) {
		t.Errorf("the API saw %q, want %q", a.seen, want)
	}
}

// client returns a client with the token of store for the server, and its URL.
func client(t *testing.T, store *shelf, handler http.Handler) (*http.Client, string) {
	t.Helper()
	server := httptest.NewServer(handler)
	t.Cleanup(server.Close)
	transport := &reader.Transport{
		Reader: reader.New(store, reader.Options{}),
		Hosts:  []string{host(t, server.URL)},
		Base:   server.Client().Transport,
	}
	return &http.Client{Transport: transport}, server.URL
}

func host(t *testing.T, raw string) string {
	t.Helper()
	u, err := url.Parse(raw)
	if err != nil {
		t.Fatal(err)
	}
	return u.Host
}

func wantAnswer(t *testing.T, resp *http.Response, err error, status int, body string) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	got, err := io.ReadAll(resp.Body)
	if err != nil || resp.StatusCode != status || string(got) != body {
		t.Errorf("got %d %q (%v), want %d %q", resp.StatusCode, got, err, status, body)
	}
}

func TestTransportAddsTheToken(t *testing.T) {
	a := &api{takes: "A"}
	c, at := client(t, &shelf{record: hourly("A", time.Now())}, a)
	req, err := http.NewRequest("GET", at, nil)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := c.Do(req)
	wantAnswer(t, resp, err, 200, "welcome")
	if got := req.Header.Get("Authorization"); got != "" {
		t.Errorf("the caller's request was changed")
	}
	a.wantSeen(t, "Bearer A")
}

func TestTransportSpellsBearerAsAPIsWantIt(t *testing.T) {
	record := strings.Replace(string(hourly("A", time.Now())), `"Bearer"`, `"bearer"`, 1)
	a := &api{takes: "A"}
	c, at := client(t, &shelf{record: []byte(record)}, a)
	resp, err := c.Get(at)
	wantAnswer(t, resp, err, 200, "welcome")
}

func TestA401WithAReplacedTokenIsRepeatedOnce(t *testing.T) {
	for name, body := range map[string]io.Reader{
		"no body":       nil,
		"an empty body": http.NoBody,
		"a string":      strings.NewReader("order"),
	} {
		t.Run(name, func(t *testing.T) {
			store := &shelf{record: hourly("A", time.Now())}
			a := &api{takes: "B", then: func() { store.put(hourly("B", time.Now())) }}
			c, at := client(t, store, a)
			sent := ""
			if name == "a string" {
				sent = " order"
			}
			resp, err := c.Post(at, "text/plain", body)
			wantAnswer(t, resp, err, 200, "welcome")
			a.wantSeen(t, "Bearer A"+sent, "Bearer B"+sent)
			store.wantReads(t, 2)
		})
	}
}

func TestA401WithTheSameTokenIsReturnedAsItCame(t *testing.T) {
	a := &api{takes: "other"}
	store := &shelf{record: hourly("A", time.Now())}
	c, at := client(t, store, a)
	resp, err := c.Get(at)
	wantAnswer(t, resp, err, 401, "who are you?")
	a.wantSeen(t, "Bearer A")
	store.wantReads(t, 2)
}

func TestASecond401IsReturned(t *testing.T) {
	store := &shelf{record: hourly("A", time.Now())}
	issued := "A"
	a := &api{takes: "none", then: func() { issued += "A"; store.put(hourly(issued, time.Now())) }}
	c, at := client(t, store, a)
	resp, err := c.Get(at)
	wantAnswer(t, resp, err, 401, "who are you?")
	a.wantSeen(t, "Bearer A", "Bearer AA")
}

func TestA401WhileTheStoreIsDownIsReturned(t *testing.T) {
	store := &shelf{record: hourly("A", time.Now())}
	a := &api{takes: "B", then: store.breakDown}
	c, at := client(t, store, a)
	resp, err := c.Get(at)
	wantAnswer(t, resp, err, 401, "who are you?")
	a.wantSeen(t, "Bearer A")
}

func TestABodyThatCannotBeSentAgainIsNot(t *testing.T) {
	store := &shelf{record: hourly("A", time.Now())}
	a := &api{takes: "B", then: func() { store.put(hourly("B", time.Now())) }}
	c, at := client(t, store, a)
	stream := io.MultiReader(strings.NewReader("order")) // http.NewRequest knows no GetBody for it
	resp, err := c.Post(at, "text/plain", stream)
	wantAnswer(t, resp, err, 401, "who are you?")
	a.wantSeen(t, "Bearer A order")
	store.wantReads(t, 1)
}

func TestNothingIsSentWithoutALiveToken(t *testing.T) {
	for name, store := range map[string]*shelf{
		"over":       {record: hourly("A", time.Now().Add(-time.Hour))},
		"store down": {err: errStoreDown},
	} {
		t.Run(name, func(t *testing.T) {
			a := &api{takes: "A"}
			c, at := client(t, store, a)
			body := &watched{Reader: strings.NewReader("order")}
			_, err := c.Post(at, "text/plain", body)
			var expired *reader.ExpiredError
			if !errors.As(err, &expired) && !errors.Is(err, errStoreDown) {
				t.Errorf("got %v", err)
			}
			if !body.closed {
				t.Error("the body was not closed")
			}
			a.wantSeen(t)
		})
	}
}

func TestWhereTheTokenIsNotSent(t *testing.T) {
	for name, tc := range map[string]struct {
		hosts []string
		to    string
		says  string // "" where it is sent
	}{
		"the named host":                 {[]string{"api.meitner.se"}, "https://api.meitner.se/v1", ""},
		"in capitals":                    {[]string{"api.meitner.se"}, "https://API.Meitner.SE/", ""},
		"with the port said":             {[]string{"api.meitner.se"}, "https://api.meitner.se:443/", ""},
		"a named port":                   {[]string{"api.meitner.se:8443"}, "https://api.meitner.se:8443/", ""},
		"loopback without TLS":           {[]string{"127.0.0.1:8080"}, "http://127.0.0.1:8080/", ""},
		"loopback version 6":             {[]string{"[::1]"}, "http://[::1]/", ""},
		"localhost":                      {[]string{"localhost:8080"}, "http://localhost:8080/", ""},
		"another of two":                 {[]string{"a.example", "b.example"}, "https://b.example/", ""},
		"no hosts":                       {nil, "https://api.meitner.se/", "Hosts does not name it"},
		"another host":                   {[]string{"api.meitner.se"}, "https://evil.example/", `"evil.example"`},
		"a subdomain":                    {[]string{"meitner.se"}, "https://api.meitner.se/", "Hosts does not name it"},
		"a longer name":                  {[]string{"api.meitner.se"}, "https://api.meitner.se.evil.example/", "Hosts does not name it"},
		"a user name that looks like it": {[]string{"api.meitner.se"}, "https://api.meitner.se@evil.example/", "Hosts does not name it"},
		"another port":                   {[]string{"api.meitner.se"}, "https://api.meitner.se:8443/", "Hosts does not name it"},
		"the port of TLS without TLS":    {[]string{"api.meitner.se"}, "http://api.meitner.se:443/", "Hosts does not name it"},
		"without TLS":                    {[]string{"api.meitner.se"}, "http://api.meitner.se/", "use https"},
		"loopback in a name":             {[]string{"127.0.0.1.evil.example"}, "http://127.0.0.1.evil.example/", "use https"},
		"a private address without TLS":  {[]string{"10.0.0.7"}, "http://10.0.0.7/", "use https"},
	} {
		t.Run(name, func(t *testing.T) {
			store := &shelf{record: hourly("A", time.Now())}
			sent := 0
			transport := &reader.Transport{
				Reader: reader.New(store, reader.Options{}),
				Hosts:  tc.hosts,
				Base: roundTrip(func(r *http.Request) (*http.Response, error) {
					sent++
					return answer(r, 200), nil
				}),
			}
			body := &watched{Reader: strings.NewReader("order")}
			resp, err := (&http.Client{Transport: transport}).Post(tc.to, "text/plain", body)
			if tc.says == "" {
				if err != nil || sent != 1 {
					t.Fatalf("%v, sent %d times, want it sent", err, sent)
				}
				resp.Body.Close()
				return
			}
			if err == nil || !strings.Contains(err.Error(), tc.says) {
				t.Errorf("got %v, want it to say %q", err, tc.says)
			}
			if sent != 0 || store.reads != 0 || !body.closed {
				t.Errorf("sent %d times, read the record %d times, body closed: %v", sent, store.reads, body.closed)
			}
		})
	}
}

func TestRedirects(t *testing.T) {
	elsewhere := &api{}
	other := httptest.NewServer(elsewhere)
	defer other.Close()

	a := &api{takes: "A"}
	mux := http.NewServeMux()
	mux.Handle("/", a)
	mux.Handle("/here", http.RedirectHandler("/", http.StatusFound))
	mux.Handle("/elsewhere", http.RedirectHandler(other.URL, http.StatusTemporaryRedirect))
	mux.Handle("/open", http.RedirectHandler("http://api.example/", http.StatusFound))
	store := &shelf{record: hourly("A", time.Now())}
	c, at := client(t, store, mux)

	t.Run("to a named host", func(t *testing.T) {
		resp, err := c.Get(at + "/here")
		wantAnswer(t, resp, err, 200, "welcome")
		a.wantSeen(t, "Bearer A")
	})
	t.Run("to another host, without the token", func(t *testing.T) {
		resp, err := c.Get(at + "/elsewhere")
		wantAnswer(t, resp, err, 401, "who are you?")
		elsewhere.wantSeen(t, "")
		store.wantReads(t, 1) // its 401 says nothing about our token
	})
	t.Run("to a named host without TLS", func(t *testing.T) {
		c.Transport.(*reader.Transport).Hosts = append(c.Transport.(*reader.Transport).Hosts, "api.example")
		if _, err := c.Get(at + "/open"); err == nil || !strings.Contains(err.Error(), "use https") {
			t.Errorf("got %v", err)
		}
	})
}

// TestASingleSessionProviderUnderLoad: the provider ends A the moment it issues
// B, while 64 requests with A are under way.
func TestASingleSessionProviderUnderLoad(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := &shelf{record: hourly("A", time.Now())}
		replaced := make(chan struct{})
		transport := &reader.Transport{
			Reader: reader.New(store, reader.Options{}),
			Hosts:  []string{"api.meitner.se"},
			Base: roundTrip(func(r *http.Request) (*http.Response, error) {
				<-replaced
				if r.Header.Get("Authorization") == "Bearer B" {
					return answer(r, 200), nil
				}
				return answer(r, 401), nil
			}),
		}
		c := &http.Client{Transport: transport}
		var callers sync.WaitGroup
		for range 64 {
			callers.Go(func() {
				resp, err := c.Get("https://api.meitner.se/")
				wantAnswer(t, resp, err, 200, "")
			})
		}
		synctest.Wait()
		store.put(hourly("B", time.Now()))
		close(replaced)
		callers.Wait()
		store.wantReads(t, 2)
	})
}

type roundTrip func(*http.Request) (*http.Response, error)

func (f roundTrip) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

func answer(r *http.Request, status int) *http.Response {
	return &http.Response{StatusCode: status, Request: r, Header: http.Header{}, Body: http.NoBody}
}

// watched is a request body that knows whether it was closed.
type watched struct {
	io.Reader
	closed bool
}

func (w *watched) Close() error {
	w.closed = true
	return nil
}
