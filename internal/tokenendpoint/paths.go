package tokenendpoint

import (
	"example.com/tokenkeeper/internal/answer"
	"example.com/tokenkeeper/internal/problem"
)

// understand returns what a text of the config means, and notes what is wrong with it.
func understand[T any](ps *problem.List, path, text string, parse func(string) (T, *answer.Misreading)) T {
	v, wrong := parse(text)
	if wrong != nil {
		ps.Add(path, problem.Show(text), wrong.Detail, wrong.Remedy)
	}
	return v
}
