package tokenendpoint

import (
	"fmt"
	"maps"
	"slices"
	"time"

	paths "example.com/tokenkeeper/internal/answer"
	"example.com/tokenkeeper/internal/refresh"
	"example.com/tokenkeeper/internal/strictjson"
)

// compileReader compiles what the config says of the answer that has the token.
func compileReader(ps *problems, cfg config) reader {
	res := cfg.Response
	r := reader{
		accessToken:     compileSource(ps, "response.access_token", res.AccessToken, "access_token"),
		tokenType:       understand(ps, "response.token_type", textOr(res.TokenType, "token_type"), paths.ParseType),
		typeStated:      res.TokenType != nil,
		expiresIn:       compileSource(ps, "response.expires_in", res.ExpiresIn, "expires_in"),
		expiresAt:       compileSource(ps, "response.expires_at", res.ExpiresAt, ""),
		scope:           compilePath(ps, "response.scope", res.Scope, "scope"),
		defaultLifetime: ps.duration("default_lifetime", cfg.DefaultLifetime, time.Second, refresh.MaxLifetime, 0),
		maxLifetime:     ps.duration("max_lifetime", cfg.MaxLifetime, time.Second, refresh.MaxLifetime, 0),
	}
	if r.maxLifetime > 0 && r.defaultLifetime > r.maxLifetime {
		ps.add("default_lifetime", show(cfg.DefaultLifetime.Text), fmt.Sprintf("is more than max_lifetime, which is %v", r.maxLifetime), "")
	}
	if res.ExpiresInUnit != nil {
		r.unit = unit(*res.ExpiresInUnit)
		checkUnit(ps, "response.expires_in_unit", *res.ExpiresInUnit)
	}
	if len(res.Extra) > 0 {
		r.extra = make(map[string]paths.Path)
	}
	for _, name := range slices.Sorted(maps.Keys(res.Extra)) {
		path := "response.extra." + name
		if !validExtra.MatchString(name) {
			ps.add("response.extra", show(name), "is not a name for a field of the record", "use at most 64 letters, digits, _, - and .")
			continue
		}
		text := res.Extra[name]
		r.extra[name] = compilePath(ps, path, &text, "")
	}
	return r
}

// compileOutcomes returns the index of the request whose answer has the token, and completes
// it with what the config says of a good answer.
func compileOutcomes(ps *problems, res responseConfig, requests []request) (from int) {
	if len(requests) == 0 {
		return 0
	}
	from = len(requests) - 1
	if res.Step == nil {
		requests[from].outcome = compileOutcome(ps, "response", res.Status, res.Success, res.Error, res.ErrorDescription)
		return from
	}
	for _, f := range []struct {
		name string
		set  bool
	}{
		{"status", res.Status.Type != strictjson.Absent},
		{"success", res.Success != nil},
		{"error", res.Error != nil},
		{"error_description", res.ErrorDescription != nil},
	} {
		if f.set {
			ps.add("response."+f.name, "", "stands beside response.step", "write it in that step's own response")
		}
	}
	return stepNamed(ps, *res.Step, requests)
}
