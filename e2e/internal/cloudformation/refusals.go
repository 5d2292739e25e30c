package cloudformation

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/dlclark/regexp2"
	"go.yaml.in/yaml/v3"
)

// A parameter is what a template says of one, as far as it bears on what may be given.
type parameter struct {
	Type       string   `yaml:"Type"`
	Default    *string  `yaml:"Default"`
	Pattern    string   `yaml:"AllowedPattern"`
	Values     []string `yaml:"AllowedValues"`
	MaxLength  int      `yaml:"MaxLength"`
	Min        *float64 `yaml:"MinValue"`
	Max        *float64 `yaml:"MaxValue"`
	Constraint string   `yaml:"ConstraintDescription"`
}

type rule struct {
	Assertions []struct {
		Assert      yaml.Node `yaml:"Assert"`
		Description string    `yaml:"AssertDescription"`
	} `yaml:"Assertions"`
}

// Refusals are the reasons for which CloudFormation would not begin with such parameters,
// by their own constraints and by the template's rules; none: it would.
func (t *Template) Refusals(pseudo Pseudo, parameters map[string]string) (refusals []string, err error) {
	defer recovered(&err)
	r := t.resolver(pseudo, parameters)
	for _, name := range slices.Sorted(maps.Keys(parameters)) {
		p := t.parameters[name]
		values := []string{parameters[name]}
		if p.Type == "CommaDelimitedList" { // the constraints apply to each
			values = strings.Split(parameters[name], ",")
		}
		for _, value := range values {
			if !r.allows(p, value) {
				refusals = append(refusals, fmt.Sprintf("%s is %q: %s", name, value, p.Constraint))
			}
		}
	}
	for _, rule := range t.rules {
		for _, a := range rule.Assertions {
			if r.value(&a.Assert) != true {
				refusals = append(refusals, a.Description)
			}
		}
	}
	return refusals, nil
}

// allows reports whether a parameter may have a value. Patterns are those of Java, and
// those of .NET are close enough: RE2 has no lookahead.
func (r *resolver) allows(p parameter, value string) bool {
	if p.Values != nil && !slices.Contains(p.Values, value) || p.MaxLength > 0 && len(value) > p.MaxLength {
		return false
	}
	if p.Type == "Number" {
		n, err := strconv.ParseFloat(value, 64)
		if err != nil || p.Min != nil && n < *p.Min || p.Max != nil && n > *p.Max {
			return false
		}
	}
	if p.Pattern == "" {
		return true
	}
	pattern, err := regexp2.Compile(p.Pattern, regexp2.None)
	if err != nil {
		r.fail(nil, "the pattern %s: %v", p.Pattern, err)
	}
	// The whole of the value is matched, and $ alone would let a line feed follow.
	m, err := pattern.FindStringMatch(value)
	if err != nil {
		r.fail(nil, "the pattern %s: %v", p.Pattern, err)
	}
	return m != nil && m.String() == value
}
