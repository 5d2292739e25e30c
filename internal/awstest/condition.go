package awstest

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// An operator is a condition operator of a policy, in parts.
type operator struct {
	set      string // ForAllValues, ForAnyValue or nothing
	ifExists bool
	negated  bool
	null     bool // Null, which asks for the key and not for its values
	matches  func(wanted, value string) bool
}

func parseOperator(name string) (operator, error) {
	o := operator{}
	base := name
	if set, rest, ok := strings.Cut(name, ":"); ok {
		if set != "ForAllValues" && set != "ForAnyValue" {
			return o, fmt.Errorf("condition operator %q", name)
		}
		o.set, base = set, rest
	}
	base, o.ifExists = strings.CutSuffix(base, "IfExists")
	switch base {
	case "StringEquals", "StringNotEquals":
		o.matches = func(wanted, value string) bool { return wanted == value }
	case "StringEqualsIgnoreCase", "StringNotEqualsIgnoreCase":
		o.matches = strings.EqualFold
	case "StringLike", "StringNotLike":
		o.matches = wildcard
	case "ArnEquals", "ArnLike", "ArnNotEquals", "ArnNotLike":
		o.matches = matchesResource // the two pairs behave alike, says the guide
	case "Bool":
		o.matches = strings.EqualFold
	case "NumericEquals", "NumericNotEquals":
		o.matches = numeric(func(wanted, value float64) bool { return value == wanted })
	case "NumericLessThan":
		o.matches = numeric(func(wanted, value float64) bool { return value < wanted })
	case "NumericLessThanEquals":
		o.matches = numeric(func(wanted, value float64) bool { return value <= wanted })
	case "NumericGreaterThan":
		o.matches = numeric(func(wanted, value float64) bool { return value > wanted })
	case "NumericGreaterThanEquals":
		o.matches = numeric(func(wanted, value float64) bool { return value >= wanted })
	case "Null":
		o.null = true
	default:
		return o, fmt.Errorf("condition operator %q is not evaluated here", name)
	}
	o.negated = strings.Contains(base, "Not")
	return o, nil
}

// holds evaluates one key of a condition. Names of keys are not case-sensitive.
func (o operator) holds(key string, wanted []string, keys map[string][]string) bool {
	var values []string
	exists := false
	for k, v := range keys {
		if strings.EqualFold(k, key) {
			values, exists = v, true
		}
	}
	switch {
	case o.null:
		return slices.Contains(wanted, strconv.FormatBool(!exists))
	case !exists && o.set == "ForAllValues":
		return true // of no values, all match
	case !exists && o.set == "ForAnyValue":
		return o.ifExists
	case !exists:
		return o.negated || o.ifExists
	}
	// Several wanted values are alternatives; a negated operator wants none.
	holds := func(value string) bool {
		return o.negated != slices.ContainsFunc(wanted, func(w string) bool { return o.matches(w, value) })
	}
	if o.set == "ForAnyValue" {
		return slices.ContainsFunc(values, holds)
	}
	// Without a set operator a key has one value; a policy that forgets the set
	// operator on a key with several is not helped here.
	return !slices.ContainsFunc(values, func(v string) bool { return !holds(v) }) &&
		(o.set == "ForAllValues" || len(values) == 1)
}

func numeric(compare func(wanted, value float64) bool) func(wanted, value string) bool {
	return func(wanted, value string) bool {
		w, err1 := strconv.ParseFloat(wanted, 64)
		v, err2 := strconv.ParseFloat(value, 64)
		return err1 == nil && err2 == nil && compare(w, v)
	}
}

// matchesAction compares the action of a policy, in which case does not matter.
func matchesAction(pattern, action string) bool {
	return wildcard(strings.ToLower(pattern), strings.ToLower(action))
}

// matchesResource compares ARNs part by part: a wildcard does not reach over a
// colon, save in the last of the six parts. A pattern that is shorter goes on
// with wildcards.
func matchesResource(pattern, arn string) bool {
	if pattern == "*" {
		return true
	}
	patterns, parts := strings.SplitN(pattern, ":", 6), strings.SplitN(arn, ":", 6)
	if len(parts) < 6 {
		return pattern == arn
	}
	for len(patterns) < 6 {
		patterns = append(patterns, "*")
	}
	for i := range parts {
		if !wildcard(patterns[i], parts[i]) {
			return false
		}
	}
	return true
}

// wildcard matches the whole text; * matches any characters, ? one.
func wildcard(pattern, text string) bool {
	for pattern != "" {
		switch {
		case pattern[0] == '*':
			rest := strings.TrimLeft(pattern, "*")
			for i := 0; i <= len(text); i++ {
				if wildcard(rest, text[i:]) {
					return true
				}
			}
			return false
		case text == "", pattern[0] != '?' && pattern[0] != text[0]:
			return false
		}
		pattern, text = pattern[1:], text[1:]
	}
	return text == ""
}
