package template_test

import (
	"testing"
)

// TestNewTokensAreAnnounced: where it is asked for, and only there, events of this stack's
// records that became current, and no others, go to a topic that this rule alone may publish to.
func TestNewTokensAreAnnounced(t *testing.T) {
	parts := []string{"NewTokenRule", "NewTokenTopic", "NewTokenTopicPolicy"}
	for _, id := range parts {
		if _, ok := resolve(t, nil)[id]; ok {
			t.Errorf("there is a %s that was not asked for", id)
		}
	}
	resources := resolve(t, map[string]string{"NewTokenEvents": "true", "Namespace": "acme"})
	for _, id := range parts {
		if _, ok := resources[id]; !ok {
			t.Fatalf("there is no %s", id)
		}
	}
	rule := resources["NewTokenRule"].Properties
	// As docs.aws.amazon.com/secretsmanager/latest/userguide/event-detail-secret-label-updated-secretsmanager.html has it.
	equal(t, "the pattern", rule["EventPattern"], map[string]any{
		"source":      []any{"aws.secretsmanager"},
		"detail-type": []any{"Secret Label Updated"},
		"detail": map[string]any{
			"name":         []any{map[string]any{"prefix": "acme/tokens/"}},
			"labelUpdated": []any{"AWSCURRENT"},
		},
	})
	equal(t, "the targets", rule["Targets"], []any{map[string]any{"Id": "topic", "Arn": "NewTokenTopic"}})
	policy := resources["NewTokenTopicPolicy"].Properties
	equal(t, "the topic of the policy", policy["Topics"], []any{"NewTokenTopic"})
	statement := only(t, at(t, policy, "PolicyDocument", "Statement"))
	equal(t, "the publisher", statement["Principal"], map[string]any{"Service": "events.amazonaws.com"})
	equal(t, "what it may do", statement["Action"], "sns:Publish")
	if _, ok := at(t, statement, "Condition", "ArnEquals").(map[string]any)["aws:SourceArn"]; !ok {
		t.Error("any rule of EventBridge may publish to the topic")
	}
}
