package refresh

import (
	"regexp"
	"slices"
)

// ownCommand is one of our command lines, as remedies quote it.
var (
	ownCommand  = regexp.MustCompile(`'tokenkeeper [^']+'`)
	placeholder = regexp.MustCompile(`\bNAME\b`)
)

// A remedies completes remedies by the flags that lead a command to the place where a run was, so
// that it can be pasted as it is.
type remedies string

// complete returns a remedy for a provider. What does not know the provider writes NAME.
func (r remedies) complete(provider, remedy string) string {
	return ownCommand.ReplaceAllStringFunc(remedy, func(quoted string) string {
		command := placeholder.ReplaceAllLiteralString(quoted[1:len(quoted)-1], provider)
		if r != "" {
			command += " " + string(r)
		}
		return "'" + command + "'"
	})
}

// completed returns e with its remedies completed. What others hold of it stays as it is.
func (r remedies) completed(provider string, e *Error) *Error {
	if e == nil {
		return nil
	}
	copied := *e
	copied.Remedy = r.complete(provider, e.Remedy)
	if ps := slices.Clone(e.problems()); ps != nil {
		for i := range ps {
			ps[i].Remedy = r.complete(provider, ps[i].Remedy)
		}
		copied.Err = ps
	}
	return &copied
}

// completeRemedies completes those of errors and warnings.
func (r *Report) completeRemedies() {
	for i, res := range r.Results {
		r.Results[i].Err = r.remedies.completed(res.Provider, res.Err)
		for j, w := range res.Warnings {
			res.Warnings[j] = r.remedies.complete(res.Provider, w)
		}
	}
}
