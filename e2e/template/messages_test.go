package template_test

import (
	"fmt"
	"strings"
	"testing"

	"example.com/tokenkeeper/e2e/internal/function"
	"example.com/tokenkeeper/internal/simulator"
)

const withMessages = "FailureMessages"

// TestFailuresAreSaidOnce has a provider fail, fail again and recover, beside one that fails all
// the while: each beginning and each end is one message, which says what to do, and every run
// that failed is in the queue.
func TestFailuresAreSaidOnce(t *testing.T) {
	w := newWorld(t, function.Build(t, root), map[string]string{withMessages: "true"})
	w.setUp()
	tick := func() []delivery {
		t.Helper()
		event := `{"tick": "2026-11-26T12:00:00"}`
		return handOn(t, w.resources, event, w.function.Invoke(event))
	}
	again := func(names ...string) []delivery {
		t.Helper()
		event := fmt.Sprintf(`{"refresh": %s, "force": true}`, jsonOf(t, names))
		return handOn(t, w.resources, event, w.function.Invoke(event))
	}
	w.want(t, "all is well", tick(), false)

	w.sim.Break(simulator.Meitner, simulator.OAuthError(401, "invalid_client", "unknown"))
	w.sim.Break(simulator.METI, simulator.OAuthError(403, "access_denied", "blocked"))
	w.want(t, "one begins to fail", again(simulator.Meitner), true, "meitner fails: invalid_client (misconfigured). What to do: ")
	w.want(t, "it fails again", again(simulator.Meitner), true)
	w.want(t, "another begins to", again(simulator.Meitner, simulator.METI), true, "meti fails: access_denied (transient). What to do: ", `refreshing "meitner": `)
	w.sim.Mend(simulator.Meitner)
	w.want(t, "the first recovers beside it", again(simulator.Meitner, simulator.METI), true, "meitner has recovered from invalid_client.", `refreshing "meti": `)
	w.sim.Mend(simulator.METI)
	w.want(t, "the other recovers", again(simulator.METI), false, "meti has recovered from access_denied.")
	w.want(t, "all is well again", tick(), false)
}

// want checks what a run has been handed on to: the queue if it failed, and a topic if there is
// something to say, with lines that begin so.
func (w *world) want(t *testing.T, what string, sent []delivery, queued bool, lines ...string) {
	t.Helper()
	var said []string
	inQueue := 0
	for _, d := range sent {
		if strings.Contains(d.message, w.sim.Credential(simulator.Meitner)["client_secret"]) {
			t.Errorf("%s: a secret in %s", what, d.message)
		}
		switch d.target {
		case "FailureQueue.Arn":
			inQueue++
			var record struct{ ResponsePayload struct{ ErrorType string } }
			if decode(t, []byte(d.message), &record); !strings.HasPrefix(record.ResponsePayload.ErrorType, "RefreshFailed") {
				t.Errorf("%s: the queue has %s", what, d.message)
			}
		case "FailureTopic":
			var m struct {
				Version, Source string
				Content         struct{ Title, Description string }
			}
			decode(t, []byte(d.message), &m)
			if m.Version != "1.0" || m.Source != "custom" || m.Content.Title != "tokenkeeper: tokenkeeper in eu-north-1" {
				t.Errorf("%s: the message is %s", what, d.message)
			}
			said = append(said, strings.Split(m.Content.Description, "\n")...)
		default:
			t.Errorf("%s: %s sends to %s", what, d.rule, d.target)
		}
	}
	if queued != (inQueue == 1) || inQueue > 1 {
		t.Errorf("%s: %d records in the queue", what, inQueue)
	}
	if len(said) != len(lines) {
		t.Fatalf("%s: said %q, want %q", what, said, lines)
	}
	for i, begin := range lines {
		if !strings.HasPrefix(said[i], begin) {
			t.Errorf("%s: said %q, want %q", what, said[i], begin)
		}
	}
}

// TestMessagesAreAskedFor: without the parameter failures go from Lambda to the queue, and
// nothing that could say more is made; with it the function may hand on to the bus alone, and
// only the rules may send.
func TestMessagesAreAskedFor(t *testing.T) {
	without := resolve(t, nil)
	parts := []string{"InvocationBus", "FailedRule", "FailureQueuePolicy", "NewsOfFailedRule", "NewsOfOthersRule", "FailureTopic", "FailureTopicPolicy"}
	for _, id := range append(parts, "FailureSubscription") {
		if _, ok := without[id]; ok {
			t.Errorf("there is a %s that was not asked for", id)
		}
	}
	equal(t, "the destinations without", without["RefresherInvocations"].Properties["DestinationConfig"],
		map[string]any{"OnFailure": map[string]any{"Destination": "FailureQueue.Arn"}})

	with := resolve(t, map[string]string{withMessages: "true", "AlarmEmail": "ops@acme.example"})
	for _, id := range append(parts, "FailureSubscription") {
		if _, ok := with[id]; !ok {
			t.Fatalf("there is no %s", id)
		}
	}
	bus := map[string]any{"Destination": "InvocationBus.Arn"}
	equal(t, "the destinations", with["RefresherInvocations"].Properties["DestinationConfig"], map[string]any{"OnFailure": bus, "OnSuccess": bus})
	equal(t, "the subscription", with["FailureSubscription"].Properties,
		map[string]any{"TopicArn": "FailureTopic", "Protocol": "email", "Endpoint": "ops@acme.example"})
	for _, row := range []struct {
		policy, action, resource string
		rules                    any
	}{
		{"FailureQueuePolicy", "sqs:SendMessage", "FailureQueue.Arn", "FailedRule.Arn"},
		{"FailureTopicPolicy", "sns:Publish", "FailureTopic", []any{"NewsOfFailedRule.Arn", "NewsOfOthersRule.Arn"}},
	} {
		statement := only(t, at(t, with[row.policy].Properties, "PolicyDocument", "Statement"))
		delete(statement, "Sid")
		equal(t, row.policy, statement, map[string]any{
			"Effect": "Allow", "Principal": map[string]any{"Service": "events.amazonaws.com"}, "Action": row.action, "Resource": row.resource,
			"Condition": map[string]any{"ArnEquals": map[string]any{"aws:SourceArn": row.rules}},
		})
	}
	var hasBus, hasQueue bool
	for _, g := range grantsOf(t, documents(t, with["RefresherRole"])) {
		hasQueue = hasQueue || strings.HasPrefix(g.action, "sqs:")
		if strings.HasPrefix(g.action, "events:") {
			hasBus = true
			equal(t, "what the function may do with buses", []string{g.action, g.resource}, []string{"events:PutEvents", "InvocationBus.Arn"})
		}
	}
	if !hasBus || hasQueue {
		t.Errorf("the role reaches the bus: %t, the queue: %t", hasBus, hasQueue)
	}
}
