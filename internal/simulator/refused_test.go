package simulator_test

import (
	"net/http/httptest"
	"strings"
	"testing"

	"example.com/tokenkeeper/internal/simulator"
)

// pairs are the names and values of a request's parameters in turn.
type pairs []string

// with returns the pairs with one value changed, or one parameter added.
func (p pairs) with(name, value string) pairs {
	changed := append(pairs{}, p...)
	for i := 0; i < len(changed); i += 2 {
		if changed[i] == name {
			changed[i+1] = value
			return changed
		}
	}
	return append(changed, name, value)
}

func (p pairs) without(name string) pairs {
	var rest pairs
	for i := 0; i < len(p); i += 2 {
		if p[i] != name {
			rest = append(rest, p[i], p[i+1])
		}
	}
	return rest
}

// secret is the one that hides in the pairs.
func (p pairs) secret() string {
	for i := 0; i < len(p); i += 2 {
		if p[i] == "client_secret" || p[i] == "password" {
			return p[i+1]
		}
	}
	return ""
}

func clientPairs(s *served, name string) pairs {
	c := s.Credential(name)
	return pairs{"grant_type", "client_credentials", "client_id", c["client_id"], "client_secret", c["client_secret"]}
}

func TestRefusedAsOAuthSays(t *testing.T) {
	type encoder func(...string) body
	systems := []struct {
		title, name, path string
		encode            encoder
		wrongTypes        []encoder
		extra             pairs
	}{
		{"meitner", simulator.Meitner, "/meitner/oauth/token", form, []encoder{object, multipartForm}, nil},
		{"educloud multipart", simulator.EduCloud, "/educloud/connect/token", multipartForm, []encoder{object}, nil},
		{"educloud form", simulator.EduCloud, "/educloud/connect/token", form, []encoder{object}, nil},
		{"meti", simulator.METI, "/meti/oauth/token", object, []encoder{form, multipartForm}, pairs{"audience", "https://api.meti.millpont.com"}},
	}
	tests := []struct {
		name   string
		change func(pairs) pairs
		status int
		code   string
		says   string
	}{
		{"no grant type", func(p pairs) pairs { return p.without("grant_type") }, 400, "invalid_request", "missing parameter: grant_type"},
		{"empty grant type", func(p pairs) pairs { return p.with("grant_type", "") }, 400, "invalid_request", "missing parameter: grant_type"},
		{"another grant type", func(p pairs) pairs { return p.with("grant_type", "password") }, 400, "unsupported_grant_type", "must be client_credentials"},
		{"a parameter twice", func(p pairs) pairs { return append(p, "grant_type", "client_credentials") }, 400, "invalid_request", "grant_type comes twice"},
		{"an unknown parameter", func(p pairs) pairs { return append(p, "resource", "x") }, 400, "invalid_request", "unknown parameter: resource"},
		{"no client", func(p pairs) pairs { return p.without("client_id") }, 401, "invalid_client", "missing parameter: client_id"},
		{"no secret", func(p pairs) pairs { return p.without("client_secret") }, 401, "invalid_client", "missing parameter: client_secret"},
		{"unknown client", func(p pairs) pairs { return p.with("client_id", "somebody") }, 401, "invalid_client", "unknown client or wrong secret"},
		{"wrong secret", func(p pairs) pairs { return p.with("client_secret", "guess") }, 401, "invalid_client", "unknown client or wrong secret"},
		{"secret form-encoded twice", func(p pairs) pairs { return p.with("client_secret", simulator.AsForm(p.secret())) }, 401, "invalid_client", "wrong secret"},
	}
	for _, system := range systems {
		good := append(clientPairs(New(t), system.name), system.extra...)
		t.Run(system.title+"/nothing wrong", func(t *testing.T) {
			s := New(t)
			s.do(s.post(system.path, system.encode(good...))).token(t)
		})
		for _, test := range tests {
			t.Run(system.title+"/"+test.name, func(t *testing.T) {
				s := New(t)
				got := s.do(s.post(system.path, system.encode(test.change(good)...)))
				wantError(t, got, test.status, test.code, test.says)
			})
		}
		for _, encode := range system.wrongTypes {
			b := encode(good...)
			t.Run(system.title+"/sent as "+b.mediaType[:15], func(t *testing.T) {
				s := New(t)
				wantError(t, s.do(s.post(system.path, b)), 400, "invalid_request", "the Content-Type must be")
			})
		}
		t.Run(system.title+"/no Content-Type", func(t *testing.T) {
			s := New(t)
			r := s.post(system.path, system.encode(good...))
			r.Header.Del("Content-Type")
			wantError(t, s.do(r), 400, "invalid_request", "the Content-Type must be")
		})
		t.Run(system.title+"/broken body", func(t *testing.T) {
			s := New(t)
			b := system.encode(good...)
			b.text = "%" + b.text[:len(b.text)/2]
			wantError(t, s.do(s.post(system.path, b)), 400, "invalid_request", "the body is not")
		})
		t.Run(system.title+"/parameters in the URL", func(t *testing.T) {
			s := New(t)
			r := s.post(system.path, system.encode(good...))
			r.URL.RawQuery = "grant_type=client_credentials"
			wantError(t, s.do(r), 400, "invalid_request", "not in the URL")
		})
		t.Run(system.title+"/GET", func(t *testing.T) {
			s := New(t)
			got := s.get(system.path, "")
			wantError(t, got, 405, "invalid_request", "must be POST")
			if allow := got.header.Get("Allow"); allow != "POST" {
				t.Errorf("Allow: %q", allow)
			}
		})
	}
}

func TestRefusedWithTheAuthorizationHeader(t *testing.T) {
	s := New(t)
	grantOnly := pairs{"grant_type", "client_credentials"}
	edu := s.Credential(simulator.EduCloud)
	id, secret := edu["client_id"], edu["client_secret"]
	tests := []struct {
		name          string
		path          string
		body          body
		authorization string
		status        int
		code          string
		says          string
	}{
		{"Meitner takes no Basic", "/meitner/oauth/token", form(clientPairs(s, simulator.Meitner)...),
			basic("simulated-meitner-client", s.Credential(simulator.Meitner)["client_secret"]), 401, "invalid_client", "in the body"},
		{"METI takes no Basic", "/meti/oauth/token", object(grantOnly...),
			basic("simulated-meti-client", s.Credential(simulator.METI)["client_secret"]), 401, "invalid_client", "in the body"},
		{"EduCloud: both ways at once", "/educloud/connect/token", form(clientPairs(s, simulator.EduCloud)...),
			basic(id, secret), 400, "invalid_request", "in the header and in the body"},
		{"EduCloud: wrong secret", "/educloud/connect/token", form(grantOnly...),
			basic(id, "guess"), 401, "invalid_client", "wrong secret"},
		{"EduCloud: pair not form-encoded", "/educloud/connect/token", form(grantOnly...),
			"Basic " + simulator.AsBase64(id+":"+secret), 401, "invalid_client", "not HTTP Basic with form-encoded"},
		{"EduCloud: no colon", "/educloud/connect/token", form(grantOnly...),
			"Basic " + simulator.AsBase64(id), 401, "invalid_client", "not HTTP Basic"},
		{"EduCloud: no base64", "/educloud/connect/token", form(grantOnly...),
			"Basic " + id + ":" + "guess", 401, "invalid_client", "not HTTP Basic"},
		{"EduCloud: another scheme", "/educloud/connect/token", form(grantOnly...),
			"Bearer abc", 401, "invalid_client", "not HTTP Basic"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			s := New(t)
			r := s.post(test.path, test.body)
			r.Header.Set("Authorization", test.authorization)
			got := s.do(r)
			wantError(t, got, test.status, test.code, test.says)
			challenge := got.header.Get("WWW-Authenticate")
			if challenged := strings.HasPrefix(challenge, "Basic realm="); challenged != (test.status == 401) {
				t.Errorf("WWW-Authenticate: %q with status %d", challenge, test.status)
			}
		})
	}
}

func TestRefusedScopesAndAudiences(t *testing.T) {
	s := New(t)
	edu := clientPairs(s, simulator.EduCloud)
	meti := append(clientPairs(s, simulator.METI), "audience", "https://api.meti.millpont.com")
	tests := []struct {
		name   string
		path   string
		body   body
		status int
		code   string
		says   string
	}{
		{"EduCloud: unknown scope", "/educloud/connect/token", multipartForm(edu.with("scope", "skolid.profile skolid.admin")...),
			400, "invalid_scope", "may not have skolid.admin"},
		{"EduCloud: two blanks between scopes", "/educloud/connect/token", form(edu.with("scope", "skolid.profile  skolid.profile")...),
			400, "invalid_scope", "may not have"},
		{"METI: no audience", "/meti/oauth/token", object(meti.without("audience")...), 403, "access_denied", "audience"},
		{"METI: wrong audience", "/meti/oauth/token", object(meti.with("audience", "https://api.meti.millpont.com/")...), 403, "access_denied", "audience"},
		{"METI: a scope not granted", "/meti/oauth/token", object(meti.with("scope", "read:sources admin:sources")...), 403, "access_denied", "admin:sources"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			s := New(t)
			wantError(t, s.do(s.post(test.path, test.body)), test.status, test.code, test.says)
		})
	}
}

// wantError checks an error response of RFC 6749 section 5.2.
func wantError(t *testing.T, got response, status int, code, says string) {
	t.Helper()
	if got.status != status || got.member(t, "error") != code {
		t.Errorf("answered %d %s, want %d %s", got.status, got.body, status, code)
	}
	description, _ := got.member(t, "error_description").(string)
	if !strings.Contains(description, says) {
		t.Errorf("the description is %q, want one with %q", description, says)
	}
	if strings.ContainsFunc(description, func(c rune) bool { return c < ' ' || c > '~' || c == '"' || c == '\\' }) {
		t.Errorf("the description %q has characters that RFC 6749 section 5.2 forbids", description)
	}
	if got.header.Get("Cache-Control") != "no-store" {
		t.Error("the error may be cached")
	}
}

func TestMETILoginRefusesInItsOwnWay(t *testing.T) {
	s := New(t)
	c := s.Credential(simulator.METILogin)
	good := pairs{"email", c["email"], "password", c["password"]}
	tests := []struct {
		name   string
		body   body
		status int
		says   string
	}{
		{"wrong password", object(good.with("password", "guess")...), 401, "wrong email or password"},
		{"unknown e-mail", object(good.with("email", "somebody@login.example")...), 401, "wrong email or password"},
		{"no password", object(good.without("password")...), 400, "missing parameter: password"},
		{"empty e-mail", object(good.with("email", "")...), 400, "missing parameter: email"},
		{"an unknown parameter", object(good.with("grant_type", "password")...), 400, "unknown parameter: grant_type"},
		{"a parameter twice", object(append(good, "email", c["email"])...), 400, "email comes twice"},
		{"sent as a form", form(good...), 415, "the Content-Type must be application/json"},
		{"a number for a password", body{"application/json", `{"email":"a","password":1}`}, 400, "password is not a string"},
		{"null for a password", body{"application/json", `{"email":"a","password":null}`}, 400, "password is not a string"},
		{"an array", body{"application/json", `["a"]`}, 400, "not one JSON object"},
		{"two objects", body{"application/json", `{}{}`}, 400, "not one JSON object"},
		{"half an object", body{"application/json", `{"email":`}, 400, "not one JSON object"},
		{"nothing", body{"application/json", ``}, 400, "not one JSON object"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			s := New(t)
			got := s.do(s.post("/meti-login/token", test.body))
			if got.status != test.status {
				t.Errorf("answered %d %s, want %d", got.status, got.body, test.status)
			}
			if message, _ := got.member(t, "message").(string); !strings.Contains(message, test.says) {
				t.Errorf("the message is %q, want one with %q", message, test.says)
			}
			if got.member(t, "error") != nil {
				t.Errorf("the answer looks like OAuth: %s", got.body)
			}
		})
	}
	t.Run("an Authorization header", func(t *testing.T) {
		s := New(t)
		r := s.post("/meti-login/token", object(good...))
		r.Header.Set("Authorization", basic(c["email"], c["password"]))
		if got := s.do(r); got.status != 400 {
			t.Errorf("answered %d, want 400", got.status)
		}
	})
}

func TestMultipartFilesAreNotParameters(t *testing.T) {
	s := New(t)
	b := multipartForm(clientPairs(s, simulator.EduCloud)...)
	b.text = strings.Replace(b.text, `name="client_secret"`, `name="client_secret"; filename="secret.txt"`, 1)
	wantError(t, s.do(s.post("/educloud/connect/token", b)), 400, "invalid_request", "not a multipart form of plain fields")
}

func TestHostileParameterNamesAreSpeltHarmlessly(t *testing.T) {
	s := New(t)
	hostile := append(clientPairs(s, simulator.Meitner), "a\"\\\x1b[0m\né", "x")
	for path, b := range map[string]body{"/meitner/oauth/token": form(hostile...), "/meti/oauth/token": object(hostile...)} {
		wantError(t, s.do(s.post(path, b)), 400, "invalid_request", "unknown parameter: a???[0m??")
	}
}

func TestTooLargeABodyIsRefused(t *testing.T) {
	s := New(t)
	r := s.post("/oauth/token", form("client_secret", strings.Repeat("a", 1<<20)))
	w := httptest.NewRecorder()
	s.Provider(simulator.Meitner).ServeHTTP(w, r)
	wantError(t, response{w.Code, w.Header(), w.Body.String()}, 413, "invalid_request", "larger than 1048576 bytes")
}
