package tokenendpoint_test

import (
	"strings"
	"testing"

	"example.com/tokenkeeper/internal/refresh"
	"example.com/tokenkeeper/internal/secret"
	"example.com/tokenkeeper/internal/tokenendpoint"
)

// A pinned path holds for every request of a config, and for paths that are written out.
func TestAPinnedPathHoldsForEveryRequest(t *testing.T) {
	const step = `"steps": [{"name": "one", "request": {"url": "https://api.example.com/STEP"}, "response": {"keep": {"x": "x"}}}], "request": {"url": "https://api.example.com/app/token", "json": {"x": "${steps.one.x}", "s": "${client_secret}"}}`
	for _, row := range []struct {
		config string
		at     string // the field that is refused, or empty
	}{
		{`{"token_endpoint": "https://api.example.com/app/token"}`, ""},
		{`{"token_endpoint": "https://api.example.com/app/1/token?x=/../y"}`, ""},
		{`{"token_endpoint": "https://api.example.com/gists"}`, "token_endpoint"},
		{`{"token_endpoint": "https://api.example.com/APP/token"}`, "token_endpoint"},
		{`{"token_endpoint": "https://api.example.com/app/..%2fgists"}`, "token_endpoint"},
		{`{"request": {"url": "https://api.example.com/app/${client_id}", "json": {"s": "${client_secret}"}}}`, "request.url"},
		{`{"request": {"url": "https://api.example.com/app/${client_id?''}token", "json": {"s": "${client_secret}"}}}`, "request.url"},
		{`{` + strings.Replace(step, "STEP", "app/login", 1) + `}`, ""},
		{`{` + strings.Replace(step, "STEP", "gists", 1) + `}`, "steps[0].request.url"},
		{`{"token_endpoint": "https://api.example.com/app/token", "probe": {"request": {"url": "https://api.example.com/app/me"}}}`, ""},
		{`{"token_endpoint": "https://api.example.com/app/token", "probe": {"request": {"url": "https://api.example.com/me"}}}`, "probe.request.url"},
	} {
		parser := tokenendpoint.New(tokenendpoint.Options{})
		p, err := parser.Provider(refresh.Document{Name: "acme", Data: secret.New(row.config)})
		if err != nil {
			t.Fatalf("%s: %v", row.config, err)
		}
		c, err := parser.Credential(refresh.Document{Name: "acme",
			Data: secret.New(`{"client_id": "x", "client_secret": "hidden-secret", "allowed_hosts": ["api.example.com/app/"]}`)})
		if err != nil {
			t.Fatal(err)
		}
		ps := p.Endpoint.(*tokenendpoint.Endpoint).Check(c)
		if row.at == "" && len(ps) != 0 || row.at != "" && (len(ps) != 1 || ps[0].Path != row.at || !strings.Contains(ps[0].Detail, "may only be sent to")) {
			t.Errorf("%s: %v, want one at %q", row.config, ps, row.at)
		}
	}
}
