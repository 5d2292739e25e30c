package tokenendpoint

import (
	"fmt"
	"math"

	"example.com/tokenkeeper/internal/answer"
	"example.com/tokenkeeper/internal/problem"
)

// compileOutcome compiles what a response says of success.
func compileOutcome(ps *problem.List, path string, cfg outcomeConfig) answer.Outcome {
	var good answer.Condition
	if cfg.Success != nil {
		good = understand(ps, path+".success", *cfg.Success, answer.ParseCondition)
	}
	return answer.Outcome{
		Statuses:    compileStatuses(ps, path+".status", cfg.Status),
		Success:     good,
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
