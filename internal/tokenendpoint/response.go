package tokenendpoint

import (
	"fmt"
	"maps"
	"math"
	"regexp"
	"slices"
	"time"

	"example.com/tokenkeeper/internal/answer"
	"example.com/tokenkeeper/internal/problem"
	"example.com/tokenkeeper/internal/strictjson"
)

// validExtra is what an extra field of a record may be called.
var validExtra = regexp.MustCompile(`^[A-Za-z0-9_.-]{1,64}$`)

// compileReader compiles what the config says of the answer that has the token.
func compileReader(ps *problem.List, cfg config) answer.Shape {
	res := cfg.Response
	r := answer.Shape{
		AccessToken:     compileSource(ps, "response.access_token", res.AccessToken, "access_token"),
		TokenType:       compileType(ps, "response.token_type", res.TokenType),
		TypeStated:      res.TokenType.Type != strictjson.Absent,
		ExpiresIn:       compileSource(ps, "response.expires_in", res.ExpiresIn, "expires_in"),
		ExpiresAt:       compileSource(ps, "response.expires_at", res.ExpiresAt, ""),
		Scope:           compileSource(ps, "response.scope", res.Scope, "scope"),
		Extra:           map[string]answer.Source{},
		DefaultLifetime: ps.Duration("default_lifetime", cfg.DefaultLifetime, time.Second, answer.MostBelievable, 0),
		MaxLifetime:     ps.Duration("max_lifetime", cfg.MaxLifetime, time.Second, answer.MostBelievable, 0),
	}
	if r.MaxLifetime > 0 && r.DefaultLifetime > r.MaxLifetime {
		ps.Add("default_lifetime", problem.Show(cfg.DefaultLifetime.Text), fmt.Sprintf("is more than max_lifetime, which is %v", r.MaxLifetime), "")
	}
	if r.MaxLifetime == 0 && r.DefaultLifetime > answer.BelievableStated {
		ps.Add("default_lifetime", problem.Show(cfg.DefaultLifetime.Text), "is more than 400 days, which is believed only if it is said twice",
			fmt.Sprintf("if it is right, add %q: %q", "max_lifetime", cfg.DefaultLifetime.Text))
	}
	r.Unit = understand(ps, "response.expires_in_unit", res.ExpiresInUnit, answer.ParseUnit)
	r.Dates.Format = understand(ps, "response.expires_at_format", res.DateFormat, answer.ParseDateFormat)
	r.Dates.Zone = understand(ps, "response.expires_at_zone", res.DateZone, answer.ParseZone)
	for _, name := range slices.Sorted(maps.Keys(res.Extra)) {
		path := "response.extra." + name
		if !validExtra.MatchString(name) {
			ps.Add("response.extra", problem.Show(name), "is not a name for a field of the record", "use at most 64 letters, digits, _, - and .")
			continue
		}
		r.Extra[name] = compileSource(ps, path, res.Extra[name], "")
	}
	return r
}

// compileType compiles where the token type is, which may also be written out.
func compileType(ps *problem.List, path string, v strictjson.Value) answer.Source {
	if v.Type == strictjson.String {
		return answer.Source{Path: understand(ps, path, &v.Text, answer.ParseType)}
	}
	return compileSource(ps, path, v, "token_type")
}

// compileOutcomes returns the index of the request whose answer has the token, and completes
// it with what the config says of a good answer.
func compileOutcomes(ps *problem.List, res responseConfig, requests []Request) (from int) {
	if len(requests) == 0 {
		return 0
	}
	from = len(requests) - 1
	if res.Step == nil {
		requests[from].Outcome = compileOutcome(ps, "response", res.outcomeConfig)
		return from
	}
	refuse(ps, "is set beside response.step", "write it in that step's own response",
		stated{"response.status", res.Status != nil},
		stated{"response.success", res.Success != nil},
		stated{"response.error", res.Error.Type != strictjson.Absent},
		stated{"response.error_description", res.ErrorDescription.Type != strictjson.Absent})
	return stepNamed(ps, *res.Step, requests)
}

// compileOutcome compiles what a response says of success.
func compileOutcome(ps *problem.List, path string, cfg outcomeConfig) answer.Outcome {
	return answer.Outcome{
		Success:     understand(ps, path+".success", cfg.Success, answer.ParseCondition),
		Statuses:    compileStatuses(ps, path+".status", cfg.Status),
		Error:       compileSource(ps, path+".error", cfg.Error, ""),
		Description: compileSource(ps, path+".error_description", cfg.ErrorDescription, ""),
	}
}

// compileStatuses checks a list of statuses that say success.
func compileStatuses(ps *problem.List, path string, given []*float64) []int {
	if given != nil && len(given) == 0 {
		ps.Add(path, "", "is an empty list", "leave it out for any status of 2xx")
	}
	var list []int
	for i, n := range given {
		switch {
		case n == nil: // it is no number, which has been reported
		case *n < 200 || *n > 399 || *n != math.Trunc(*n):
			ps.Add(problem.Indexed(path, i), fmt.Sprint(*n), "is not a status that can mean success", "write numbers from 200 to 399; an error is never a success")
		default:
			list = append(list, int(*n))
		}
	}
	return list
}
