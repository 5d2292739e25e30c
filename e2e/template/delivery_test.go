package template_test

import (
	"fmt"
	"testing"

	"example.com/tokenkeeper/e2e/internal/cloudformation"
)

// TestAlarmsAreDelivered: each alarm and its end go to all who subscribed, and to no one
// else.
func TestAlarmsAreDelivered(t *testing.T) {
	const address, topic = "ops@acme.example", "arn:aws:sns:eu-north-1:123456789012:ops"
	for _, row := range []struct {
		parameters map[string]string
		told       []any
	}{
		{nil, []any{}},
		{map[string]string{"AlarmEmail": address}, []any{"AlarmTopic"}},
		{map[string]string{"AlarmTopicArn": topic}, []any{topic}},
		{map[string]string{"AlarmEmail": address, "AlarmTopicArn": topic}, []any{"AlarmTopic", topic}},
	} {
		resources := resolve(t, row.parameters)
		alarms := cloudformation.Names(resources, "AWS::CloudWatch::Alarm")
		if len(alarms) != 9 {
			t.Errorf("there are %d alarms, want 9", len(alarms))
		}
		for _, id := range alarms {
			for _, when := range []string{"AlarmActions", "OKActions"} {
				equal(t, fmt.Sprintf("%v: %s of %s", row.parameters, when, id), resources[id].Properties[when], row.told)
			}
			if enabled, ok := resources[id].Properties["ActionsEnabled"]; ok && enabled != true {
				t.Errorf("%s says ActionsEnabled: %v", id, enabled)
			}
		}
		_, byMail := row.parameters["AlarmEmail"]
		for _, id := range []string{"AlarmTopic", "AlarmSubscription", "AlarmTopicPolicy"} {
			if _, ok := resources[id]; ok != byMail {
				t.Errorf("%v: there is an %s: %v, want %v", row.parameters, id, ok, byMail)
			}
		}
	}

	resources := resolve(t, map[string]string{"AlarmEmail": address})
	equal(t, "the subscription", resources["AlarmSubscription"].Properties,
		map[string]any{"TopicArn": "AlarmTopic", "Protocol": "email", "Endpoint": address})
	if inline, ok := resources["AlarmTopic"].Properties["Subscription"]; ok {
		t.Errorf("the topic has a subscription that would outlive it: %v", inline)
	}
	policy := resources["AlarmTopicPolicy"].Properties
	equal(t, "the topic of the policy", policy["Topics"], []any{"AlarmTopic"})
	// Alarms of this account alone.
	statement := only(t, at(t, policy, "PolicyDocument", "Statement"))
	delete(statement, "Sid")
	equal(t, "who may publish", statement, map[string]any{
		"Effect":    "Allow",
		"Principal": map[string]any{"Service": "cloudwatch.amazonaws.com"},
		"Action":    "sns:Publish",
		"Resource":  "AlarmTopic",
		"Condition": map[string]any{"StringEquals": map[string]any{"aws:SourceAccount": "123456789012"}},
	})
}
