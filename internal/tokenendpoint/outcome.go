package tokenendpoint

import (
	"fmt"
	"strconv"

	"example.com/tokenkeeper/internal/answer"
	"example.com/tokenkeeper/internal/problem"
	"example.com/tokenkeeper/internal/strictjson"
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

// compileStatuses reads a list of statuses that say success.
func compileStatuses(ps *problem.List, path string, v strictjson.Value) []int {
	const remedy = "write a list, such as [200, 201]"
	switch v.Type {
	case strictjson.Absent:
		return nil
	case strictjson.List:
	default:
		ps.Add(path, "", fmt.Sprintf("must be a list of numbers, not %s", v.Type), remedy)
		return nil
	}
	var list []int
	for i, item := range v.Items {
		if item.Type != strictjson.Num {
			ps.Add(problem.Indexed(path, i), "", fmt.Sprintf("must be a number, not %s", item.Type), remedy)
			continue
		}
		n, err := strconv.Atoi(item.Text)
		if err != nil || n < 200 || n > 399 {
			ps.Add(problem.Indexed(path, i), item.Text, "is not a status that can mean success", "write numbers from 200 to 399; an error is never a success")
			continue
		}
		list = append(list, n)
	}
	if len(v.Items) == 0 {
		ps.Add(path, "", "is an empty list", "leave it out for any status of 2xx")
	}
	return list
}
