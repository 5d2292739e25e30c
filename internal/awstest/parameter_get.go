package awstest

import (
	"cmp"
	"slices"
	"strconv"
	"strings"
)

type gotParameter struct {
	ARN, Name, Type  string
	Value            string
	Version          int64
	Selector         string `json:",omitempty"`
	DataType         string
	LastModifiedDate timestamp
}

// get makes one parameter of an answer, in the version that a selector names.
func (a *AWS) get(r *request, p *parameter, selector string, decrypt bool) (gotParameter, error) {
	v := p.current()
	if selector != "" {
		i := slices.IndexFunc(p.versions, func(v parameterVersion) bool { return strconv.FormatInt(v.number, 10) == selector })
		if i < 0 {
			return gotParameter{}, refuse("ParameterVersionNotFound", "The parameter has no version or label %s.", selector)
		}
		v, selector = p.versions[i], ":"+selector
	}
	got := gotParameter{
		ARN: a.parameterARN(p.name), Name: p.name, Type: p.kind,
		Value: v.value, Version: v.number, Selector: selector,
		DataType: "text", LastModifiedDate: timestamp(v.changed),
	}
	if p.kind == kindSecure && !decrypt {
		got.Value = v.cipher
	} else if p.kind == kindSecure {
		if err := a.decryptParameter(r, p); err != nil {
			return got, err
		}
	}
	return got, nil
}

type getParameterInput struct {
	parameterRef
	WithDecryption bool
}

type getParameterOutput struct {
	Parameter gotParameter
}

func (a *AWS) getParameter(r *request, in *getParameterInput) (any, error) {
	name, selector := a.parameterName(in.Name)
	p := a.parameters[name]
	if p == nil {
		return nil, refuse("ParameterNotFound", "")
	}
	got, err := a.get(r, p, selector, in.WithDecryption)
	if err != nil {
		return nil, err
	}
	return getParameterOutput{got}, nil
}

type getParametersInput struct {
	Names          []string
	WithDecryption bool
}

func (in *getParametersInput) check() error {
	if len(in.Names) < 1 || len(in.Names) > 10 {
		return invalid("%d names, want 1 to 10.", len(in.Names))
	}
	for i, name := range in.Names {
		if err := (&parameterRef{name}).check(); err != nil {
			return err
		}
		if slices.Contains(in.Names[:i], name) {
			return invalid("A name is there twice.")
		}
	}
	return nil
}

func (in *getParametersInput) needs(a *AWS) []Access {
	needed := []Access{}
	for _, name := range in.Names {
		needed = append(needed, a.parameterAccess(name))
	}
	return needed
}

type getParametersOutput struct {
	Parameters        []gotParameter
	InvalidParameters []string
}

// getParameters: "results for GetParameters requests are listed in alphabetical
// order"; what is not there is named and no error.
func (a *AWS) getParameters(r *request, in *getParametersInput) (any, error) {
	out := getParametersOutput{[]gotParameter{}, []string{}}
	for _, given := range in.Names {
		name, selector := a.parameterName(given)
		p := a.parameters[name]
		if p == nil {
			out.InvalidParameters = append(out.InvalidParameters, given)
			continue
		}
		got, err := a.get(r, p, selector, in.WithDecryption)
		if err, ok := err.(*Error); ok && err.Code == "ParameterVersionNotFound" {
			out.InvalidParameters = append(out.InvalidParameters, given)
			continue
		}
		if err != nil {
			return nil, err
		}
		out.Parameters = append(out.Parameters, got)
	}
	slices.SortFunc(out.Parameters, func(x, y gotParameter) int { return cmp.Compare(x.Name, y.Name) })
	return out, nil
}

type getParametersByPathInput struct {
	Path             string
	Recursive        bool
	ParameterFilters []parameterFilter
	WithDecryption   bool
	MaxResults       *int
	NextToken        string
}

func (in *getParametersByPathInput) check() error {
	switch {
	case in.MaxResults != nil && (*in.MaxResults < 1 || *in.MaxResults > 10):
		return invalid("MaxResults is %d, want 1 to 10.", *in.MaxResults)
	case !strings.HasPrefix(in.Path, "/"):
		return invalid("Path does not begin with a slash.")
	case strings.Contains(in.Path, "//") || in.Path != "/" && !parameterText.MatchString(in.Path):
		return invalid("Path has an empty level, or a character that names do not have.")
	case strings.Count(strings.TrimSuffix(in.Path, "/"), "/") > maxDepth:
		return refuse("HierarchyLevelLimitExceededException", "The hierarchy has more than %d levels.", maxDepth)
	}
	for _, f := range in.ParameterFilters {
		if err := f.check("Type", "KeyId"); err != nil {
			return err
		}
	}
	return nil
}

// needs asks for the path and for what is under it, since the user guide's
// policies name both; a denial for one parameter below changes nothing ("even if
// a user has explicitly been denied access … they can still call").
func (in *getParametersByPathInput) needs(a *AWS) []Access {
	path := strings.Trim(in.Path, "/")
	keys := func() map[string][]string {
		return map[string][]string{"ssm:Recursive": {strconv.FormatBool(in.Recursive)}}
	}
	return []Access{
		{Resource: a.parameterARN(path), Keys: keys()},
		{Resource: a.parameterARN(path + "/"), Keys: keys()},
	}
}

type getParametersByPathOutput struct {
	Parameters []gotParameter
	NextToken  string `json:",omitempty"`
}

func (a *AWS) getParametersByPath(r *request, in *getParametersByPathInput) (any, error) {
	list := "GetParametersByPath " + in.Path + strconv.FormatBool(in.Recursive) + string(encode(in.ParameterFilters))
	some, next, err := a.pageOfParameters(list, in.NextToken, in.MaxResults, 10, func(p *parameter) bool {
		return p.under(in.Path, in.Recursive) && matchesAll(in.ParameterFilters, p)
	})
	if err != nil {
		return nil, err
	}
	out := getParametersByPathOutput{[]gotParameter{}, next}
	for _, p := range some {
		got, err := a.get(r, p, "", in.WithDecryption)
		if err != nil {
			return nil, err
		}
		out.Parameters = append(out.Parameters, got)
	}
	return out, nil
}

func (a *AWS) pageOfParameters(list, token string, asked *int, size int, shows func(*parameter) bool) ([]*parameter, string, error) {
	var all []*parameter
	for _, p := range a.parameters {
		if shows(p) {
			all = append(all, p)
		}
	}
	slices.SortFunc(all, func(x, y *parameter) int { return cmp.Compare(x.name, y.name) })
	some, next, ok := page(a.options, list, token, all, func(p *parameter) string { return p.name }, asked, size)
	if !ok {
		return nil, "", refuse("InvalidNextToken", "The NextToken is not one of this listing.")
	}
	return some, next, nil
}
