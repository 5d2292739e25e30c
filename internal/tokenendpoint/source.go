package tokenendpoint

import (
	"fmt"
	"net/http"
	"slices"
	"strings"

	"example.com/tokenkeeper/internal/answer"
	"example.com/tokenkeeper/internal/httprequest"
	"example.com/tokenkeeper/internal/problem"
	"example.com/tokenkeeper/internal/strictjson"
)

// source compiles the notation of a source: a path into the body, or an object that says
// where else the value is. Where none is stated, the path is that of missing.
func compileSource(ps *problem.List, path string, v strictjson.Value, missing string) answer.Source {
	const remedy = `write a path, or {"header": "…"}, {"cookie": "…"} or {"body": "text"}`
	switch v.Type {
	case strictjson.Absent:
		if missing == "" {
			return answer.Source{}
		}
		return answer.Source{Path: understand(ps, path, &missing, answer.ParsePath)}
	case strictjson.String:
		return answer.Source{Path: understand(ps, path, &v.Text, answer.ParsePath)}
	case strictjson.Object:
	default:
		ps.Add(path, "", fmt.Sprintf("must be a string or an object, not %s", v.Type), remedy)
		return answer.Source{}
	}
	var s answer.Source
	places, before := 0, len(ps.Found)
	for _, m := range v.Members {
		at := problem.Member(path, m.Name)
		known := []string{"path", "header", "cookie", "body", "after", "json"}
		if !slices.Contains(known, m.Name) {
			ps.Add(at, "", "there is no such field", strictjson.DidYouMean(m.Name, known, "there are: "+strings.Join(known, ", ")))
			continue
		}
		if m.Value.Type != strictjson.String {
			ps.Add(at, "", fmt.Sprintf("must be a string, not %s", m.Value.Type), "")
			continue
		}
		text := m.Value.Text
		switch m.Name {
		case "path":
			places++
			s.Path = understand(ps, at, &text, answer.ParsePath)
		case "header", "cookie":
			places++
			if !httprequest.ValidHeader(text) {
				ps.Add(at, problem.Show(text), "is not the name of a "+m.Name, "")
			}
			if m.Name == "header" {
				s.Header = http.CanonicalHeaderKey(text)
			} else {
				s.Cookie = text
			}
		case "body":
			places++
			if text != "text" {
				ps.Add(at, problem.Show(text), "is not known here", `write {"body": "text"} where the whole body is the value, or a path into it`)
			}
			s.Whole = true
		case "after":
			s.After = text
		case "json":
			s.Inner = understand(ps, at, &text, answer.ParsePath)
		}
	}
	if places != 1 && len(ps.Found) == before {
		ps.Add(path, "", fmt.Sprintf("names %d places where one is wanted", places), remedy)
	}
	return s
}

// understand returns what a text of the config means, and notes what is wrong with it; nil means
// nothing.
func understand[T any](ps *problem.List, path string, text *string, parse func(string) (T, *answer.Misreading)) (v T) {
	if text == nil {
		return v
	}
	v, wrong := parse(*text)
	if wrong != nil {
		ps.Add(path, problem.Show(*text), wrong.Detail, wrong.Remedy)
	}
	return v
}
