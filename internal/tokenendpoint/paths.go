package tokenendpoint

import (
	"example.com/tokenkeeper/internal/answer"
	"example.com/tokenkeeper/internal/problem"
)

// compilePath compiles a path into an answer, or the one that is used where none is stated.
func compilePath(ps *problem.List, path string, given *string, missing string) answer.Path {
	if given == nil && missing == "" {
		return answer.Path{}
	}
	return understand(ps, path, textOr(given, missing), answer.ParsePath)
}

// understand returns what a text of the config means, and notes what is wrong with it.
func understand[T any](ps *problem.List, path, text string, parse func(string) (T, *answer.Misreading)) T {
	v, wrong := parse(text)
	if wrong != nil {
		ps.Add(path, problem.Show(text), wrong.Detail, wrong.Remedy)
	}
	return v
}
