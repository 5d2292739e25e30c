package template_test

import (
	"encoding/json"
	"testing"
)

// change is an event of Parameter Store as AWS documents them (Systems Manager user guide,
// "Reference: Amazon EventBridge event patterns and types for Systems Manager").
func change(operation, name string) map[string]any {
	return map[string]any{
		"version": "0", "id": "6a7e4feb-b491-4cf7-a9f1-bf3703497718", "detail-type": "Parameter Store Change", "source": "aws.ssm",
		"account": "123456789012", "time": "2026-11-25T16:43:48Z", "region": "eu-north-1",
		"resources": []any{"arn:aws:ssm:eu-north-1:123456789012:parameter" + name},
		"detail":    map[string]any{"operation": operation, "name": name, "type": "String", "description": ""},
	}
}

// TestChangesReachTheFunction: the rule takes what was put of this stack and nothing else, and
// hands on its name alone, which is an event that the function knows.
func TestChangesReachTheFunction(t *testing.T) {
	resources := resolve(t, nil)
	rule := resources["ParameterChanges"].Properties
	pattern := rule["EventPattern"]
	for _, row := range []struct {
		operation, name string
		taken           bool
	}{
		{"Create", "/tokenkeeper/providers/meitner", true},
		{"Update", "/tokenkeeper/providers/meitner", true},
		{"Update", "/tokenkeeper/approved/meitner/meitner", true},
		{"Create", "/tokenkeeper/credentials/meitner", true},
		{"Delete", "/tokenkeeper/providers/meitner", false},
		{"LabelParameterVersion", "/tokenkeeper/providers/meitner", false},
		{"Update", "/tokenkeeper/providers-old/meitner", false},
		{"Update", "/tokenkeeper-b/providers/meitner", false},
		{"Update", "/elsewhere/tokenkeeper/providers/meitner", false},
		{"Update", "tokenkeeper/providers/meitner", false},
	} {
		if got := matches(t, pattern, change(row.operation, row.name)); got != row.taken {
			t.Errorf("%s of %s: %v, want %v", row.operation, row.name, got, row.taken)
		}
	}
	other := change("Update", "/tokenkeeper/providers/meitner")
	other["source"] = "aws.ssm.evil"
	if matches(t, pattern, other) {
		t.Error("an event of another source is taken")
	}

	targets := rule["Targets"].([]any)
	if len(targets) != 1 {
		t.Fatalf("%d targets", len(targets))
	}
	target := targets[0].(map[string]any)
	if target["Arn"] != "RefresherFunction.Arn" {
		t.Errorf("the target is %v", target["Arn"])
	}
	transformer := target["InputTransformer"].(map[string]any)
	if paths := transformer["InputPathsMap"].(map[string]any); len(paths) != 1 || paths["name"] != "$.detail.name" {
		t.Errorf("the rule takes %v", paths)
	}
	sent := input(t, target, change("Update", "/tokenkeeper/providers/meitner"))
	var event map[string]string
	if err := json.Unmarshal([]byte(sent), &event); err != nil || len(event) != 1 || event["changed"] != "/tokenkeeper/providers/meitner" {
		t.Errorf("the function gets %s: %v", sent, err)
	}

	permission := resources["ParameterChangesPermission"].Properties
	if permission["Principal"] != "events.amazonaws.com" || permission["SourceArn"] != "ParameterChanges.Arn" || permission["Action"] != "lambda:InvokeFunction" {
		t.Errorf("the permission is %v", permission)
	}
}
