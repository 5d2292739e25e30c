package awstest

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"
)

// A Policy is what an identity may do: its IAM policies taken together.
//
// The evaluation is that of the IAM user guide, "Policy evaluation logic" and
// "IAM JSON policy elements", for identity policies in one account. Policy
// variables, principals and CloudFormation functions are refused when parsing;
// the caller resolves the last.
type Policy struct {
	statements []statement
}

type statement struct {
	Sid         string
	Effect      string
	Action      list
	NotAction   list
	Resource    list
	NotResource list
	Condition   map[string]map[string]list // operator, key, values
}

// ParsePolicy reads policy documents, such as those of one role. It refuses what
// it would not evaluate as IAM does.
func ParsePolicy(documents ...[]byte) (*Policy, error) {
	p := &Policy{}
	for i, document := range documents {
		var parsed struct {
			Version   string
			ID        string
			Statement statements
		}
		d := json.NewDecoder(bytes.NewReader(document))
		d.DisallowUnknownFields()
		if err := d.Decode(&parsed); err != nil {
			return nil, fmt.Errorf("parsing policy document %d: %w", i+1, err)
		}
		if _, err := d.Token(); err != io.EOF {
			return nil, fmt.Errorf("parsing policy document %d: something follows the document", i+1)
		}
		if parsed.Version != "2012-10-17" {
			return nil, fmt.Errorf("policy document %d: version %q, want 2012-10-17", i+1, parsed.Version)
		}
		for j, s := range parsed.Statement {
			if err := s.check(); err != nil {
				return nil, fmt.Errorf("policy document %d, statement %d %q: %w", i+1, j+1, s.Sid, err)
			}
		}
		p.statements = append(p.statements, parsed.Statement...)
	}
	return p, nil
}

// Allows reports whether a statement allows the access and none denies it.
func (p *Policy) Allows(a Access) bool {
	allowed := false
	for _, s := range p.statements {
		if !s.covers(a) {
			continue
		}
		if s.Effect == "Deny" {
			return false
		}
		allowed = true
	}
	return allowed
}

func (s statement) check() error {
	switch {
	case s.Effect != "Allow" && s.Effect != "Deny":
		return fmt.Errorf("effect %q", s.Effect)
	case (len(s.Action) == 0) == (len(s.NotAction) == 0):
		return fmt.Errorf("want one of Action and NotAction")
	case (len(s.Resource) == 0) == (len(s.NotResource) == 0):
		return fmt.Errorf("want one of Resource and NotResource")
	}
	texts := slices.Concat(s.Resource, s.NotResource)
	for operator, keys := range s.Condition {
		if _, err := parseOperator(operator); err != nil {
			return err
		}
		for _, values := range keys {
			texts = append(texts, values...)
		}
	}
	for _, text := range texts {
		if strings.Contains(text, "${") {
			return fmt.Errorf("policy variable in %q", text)
		}
	}
	return nil
}

func (s statement) covers(a Access) bool {
	action := func(pattern string) bool { return matchesAction(pattern, a.Action) }
	resource := func(pattern string) bool { return matchesResource(pattern, a.Resource) }
	if len(s.Action) > 0 && !slices.ContainsFunc(s.Action, action) || slices.ContainsFunc(s.NotAction, action) {
		return false
	}
	if len(s.Resource) > 0 && !slices.ContainsFunc(s.Resource, resource) || slices.ContainsFunc(s.NotResource, resource) {
		return false
	}
	for operator, keys := range s.Condition {
		o, _ := parseOperator(operator) // checked when parsed
		for key, wanted := range keys {
			if !o.holds(key, wanted, a.Keys) {
				return false
			}
		}
	}
	return true
}

// A list is written as one value or as an array; booleans and numbers of
// conditions may be bare.
type list []string

func (l *list) UnmarshalJSON(b []byte) error {
	var values []json.RawMessage
	if err := json.Unmarshal(b, &values); err != nil {
		values = []json.RawMessage{b}
	}
	for _, v := range values {
		var text string
		if err := json.Unmarshal(v, &text); err != nil {
			if b := v[0]; b == '{' || b == '[' || b == 'n' {
				return fmt.Errorf("want a string, not %.60s", v)
			}
			text = string(v)
		}
		*l = append(*l, text)
	}
	return nil
}

// statements are written as one object or as an array of them.
type statements []statement

func (s *statements) UnmarshalJSON(b []byte) error {
	if b[0] != '[' {
		b = slices.Concat([]byte("["), b, []byte("]"))
	}
	d := json.NewDecoder(bytes.NewReader(b))
	d.DisallowUnknownFields()
	var parsed []statement
	err := d.Decode(&parsed)
	*s = parsed
	return err
}
