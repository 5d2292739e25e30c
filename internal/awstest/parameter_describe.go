package awstest

import (
	"slices"
	"strings"
)

type parameterFilter struct {
	Key    string
	Option string
	Values []string
}

func (f parameterFilter) check(keys ...string) error {
	key, _, _ := strings.Cut(f.Key, ":")
	options := []string{"", "Equals", "BeginsWith"}
	switch key {
	case "Path":
		options = []string{"", "Recursive", "OneLevel"}
	case "Name":
		options = append(options, "Contains")
	}
	switch {
	case !slices.Contains(keys, key):
		return refuse("InvalidFilterKey", "The filter key %q is not one of this operation, or not modelled.", f.Key)
	case !slices.Contains(options, f.Option):
		return refuse("InvalidFilterOption", "The filter %s has no option %q.", f.Key, f.Option)
	case len(f.Values) > 50 || len(f.Values) < 1 && key != "tag":
		return refuse("InvalidFilterValue", "The filter %s has %d values, want 1 to 50.", f.Key, len(f.Values))
	}
	return nil
}

// matches reports whether the parameter has any of the values; a tag filter
// without values asks for the tag alone.
func (f parameterFilter) matches(p *parameter) bool {
	text, exists := f.text(p)
	if !exists || len(f.Values) == 0 {
		return exists
	}
	return slices.ContainsFunc(f.Values, func(v string) bool {
		switch {
		case f.Key == "Path":
			return p.under(v, f.Option == "Recursive")
		case f.Option == "BeginsWith":
			return strings.HasPrefix(text, v)
		case f.Option == "Contains":
			return strings.Contains(text, v)
		}
		return text == v
	})
}

func (f parameterFilter) text(p *parameter) (text string, exists bool) {
	switch key, name, _ := strings.Cut(f.Key, ":"); key {
	case "Name":
		return p.name, true
	case "Type":
		return p.kind, true
	case "Tier":
		return p.tier, true
	case "KeyId":
		return p.keyID(), p.kind == kindSecure
	case "tag":
		i := slices.IndexFunc(p.tags, func(t tag) bool { return t.Key == name })
		if i < 0 {
			return "", false
		}
		return p.tags[i].Value, true
	}
	return "", true // Path, which is compared by itself
}

// keyID is the key of a SecureString, by name where AWS manages it.
func (p *parameter) keyID() string {
	if p.kind == kindSecure && p.key == "" {
		return "alias/aws/ssm"
	}
	return p.key
}

func matchesAll(filters []parameterFilter, p *parameter) bool {
	return !slices.ContainsFunc(filters, func(f parameterFilter) bool { return !f.matches(p) })
}

type describeParametersInput struct {
	ParameterFilters []parameterFilter
	MaxResults       *int
	NextToken        string
}

func (in *describeParametersInput) check() error {
	if in.MaxResults != nil && (*in.MaxResults < 1 || *in.MaxResults > 50) {
		return invalid("MaxResults is %d, want 1 to 50.", *in.MaxResults)
	}
	for _, f := range in.ParameterFilters {
		if err := f.check("Name", "Path", "Type", "Tier", "KeyId", "tag"); err != nil {
			return err
		}
	}
	return nil
}

// needs: the action has no resource-level permissions.
func (in *describeParametersInput) needs(*AWS) []Access { return []Access{{Resource: "*"}} }

type describeParametersOutput struct {
	Parameters []describedParameter
	NextToken  string `json:",omitempty"`
}

type describedParameter struct {
	ARN, Name, Type  string
	Description      string `json:",omitempty"`
	KeyId            string `json:",omitempty"`
	Tier             string
	DataType         string
	Version          int64
	LastModifiedDate timestamp
	LastModifiedUser string
	Policies         []struct{}
}

func (a *AWS) describeParameters(_ *request, in *describeParametersInput) (any, error) {
	some, next, err := a.pageOfParameters("DescribeParameters "+string(encode(in.ParameterFilters)), in.NextToken, in.MaxResults, 50,
		func(p *parameter) bool { return matchesAll(in.ParameterFilters, p) })
	if err != nil {
		return nil, err
	}
	out := describeParametersOutput{[]describedParameter{}, next}
	for _, p := range some {
		v := p.current()
		out.Parameters = append(out.Parameters, describedParameter{
			ARN: a.parameterARN(p.name), Name: p.name, Type: p.kind,
			Description: p.description, KeyId: p.keyID(),
			Tier: p.tier, DataType: "text", Version: v.number,
			LastModifiedDate: timestamp(v.changed),
			LastModifiedUser: "arn:aws:iam::" + a.options.Account + ":root",
			Policies:         []struct{}{},
		})
	}
	return out, nil
}
