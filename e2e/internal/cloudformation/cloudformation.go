// Package cloudformation resolves the intrinsic functions of a template, as
// CloudFormation does before it makes anything, so that tests can look at what
// would be made without an account: policies, alarms, a function's environment.
//
// It knows the functions that template.yaml uses and refuses others. Attributes
// and ids of resources, which only AWS can know, become texts that name them. SAM's
// transform is not carried out.
package cloudformation

import (
	"fmt"
	"maps"
	"os"
	"slices"

	"go.yaml.in/yaml/v3"
)

// A Template is one that was read and not yet resolved.
type Template struct {
	parameters map[string]parameter
	mappings   map[string]map[string]map[string]string
	conditions map[string]yaml.Node
	rules      map[string]rule
	resources  map[string]yaml.Node
	outputs    map[string]yaml.Node
	form       Form
}

// A Form is how the console asks for the parameters (AWS::CloudFormation::Interface).
type Form struct {
	Groups []struct {
		Parameters []string `yaml:"Parameters"`
	} `yaml:"ParameterGroups"`
	Labels map[string]struct {
		Text string `yaml:"default"`
	} `yaml:"ParameterLabels"`
}

// A Resource is one of a stack that would be made.
type Resource struct {
	Type       string
	Properties map[string]any
}

// Read reads a template in YAML from a file.
func Read(path string) (*Template, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("reading the template: %w", err)
	}
	var document struct {
		Metadata struct {
			Form Form `yaml:"AWS::CloudFormation::Interface"`
		} `yaml:"Metadata"`
		Parameters map[string]parameter                    `yaml:"Parameters"`
		Mappings   map[string]map[string]map[string]string `yaml:"Mappings"`
		Conditions map[string]yaml.Node                    `yaml:"Conditions"`
		Rules      map[string]rule                         `yaml:"Rules"`
		Resources  map[string]yaml.Node                    `yaml:"Resources"`
		Outputs    map[string]yaml.Node                    `yaml:"Outputs"`
	}
	if err := yaml.Unmarshal(data, &document); err != nil {
		return nil, fmt.Errorf("reading the template %s: %w", path, err)
	}
	return &Template{document.Parameters, document.Mappings, document.Conditions, document.Rules, document.Resources, document.Outputs,
		document.Metadata.Form}, nil
}

// Form returns how the template's parameters are asked for.
func (t *Template) Form() Form { return t.form }

// Parameters are the names of those that the template has, sorted.
func (t *Template) Parameters() []string { return slices.Sorted(maps.Keys(t.parameters)) }

// Pseudo are the values of the pseudo parameters that a template may refer to.
type Pseudo struct {
	Account, Region, Stack string
}

// Resolve returns the resources of a stack with the parameters given, the others being
// at their defaults. Resources whose condition is false are left out.
func (t *Template) Resolve(pseudo Pseudo, parameters map[string]string) (resources map[string]Resource, err error) {
	defer recovered(&err)
	r := t.resolver(pseudo, parameters)
	resources = map[string]Resource{}
	for name, node := range t.resources {
		var resource struct {
			Type       string    `yaml:"Type"`
			Condition  string    `yaml:"Condition"`
			Properties yaml.Node `yaml:"Properties"`
		}
		if err := node.Decode(&resource); err != nil {
			r.fail(&node, "resource %s: %v", name, err)
		}
		if resource.Condition != "" && !r.condition(resource.Condition) {
			continue
		}
		properties, _ := r.value(&resource.Properties).(map[string]any)
		resources[name] = Resource{resource.Type, properties}
	}
	return resources, nil
}

// Outputs returns what the stack would say of itself, as Resolve does its resources.
func (t *Template) Outputs(pseudo Pseudo, parameters map[string]string) (outputs map[string]string, err error) {
	defer recovered(&err)
	r := t.resolver(pseudo, parameters)
	outputs = map[string]string{}
	for name, node := range t.outputs {
		var output struct {
			Condition string    `yaml:"Condition"`
			Value     yaml.Node `yaml:"Value"`
		}
		if err := node.Decode(&output); err != nil {
			r.fail(&node, "output %s: %v", name, err)
		}
		if output.Condition == "" || r.condition(output.Condition) {
			outputs[name] = r.text(&output.Value)
		}
	}
	return outputs, nil
}

// resolver knows the values that are the same in all of a stack.
func (t *Template) resolver(pseudo Pseudo, parameters map[string]string) *resolver {
	r := &resolver{template: t, values: map[string]any{
		"AWS::AccountId": pseudo.Account,
		"AWS::Partition": "aws",
		"AWS::Region":    pseudo.Region,
		"AWS::StackName": pseudo.Stack,
		"AWS::URLSuffix": "amazonaws.com",
		"AWS::NoValue":   noValue{},
	}}
	for name, p := range t.parameters {
		value, given := parameters[name]
		if !given {
			if p.Default == nil {
				r.fail(nil, "parameter %s has no default and no value was given", name)
			}
			value = *p.Default
		}
		r.values[name] = value
	}
	for name := range parameters {
		if _, ok := t.parameters[name]; !ok {
			r.fail(nil, "there is no parameter %s", name)
		}
	}
	return r
}

// Names returns the names of the resources of a type, sorted.
func Names(resources map[string]Resource, kind string) []string {
	var names []string
	for name, r := range resources {
		if r.Type == kind {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}
