package template_test

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"example.com/tokenkeeper/e2e/internal/cloudformation"
	"example.com/tokenkeeper/e2e/internal/function"
)

// A delivery is what a rule of EventBridge sends to one of its targets.
type delivery struct {
	rule, target string
	message      string
}

// handOn plays Lambda and EventBridge: the record of an asynchronous invocation goes to its
// destination, and from the bus to the targets of the rules that match (Lambda developer guide,
// "Retaining records of asynchronous invocations"; EventBridge user guide, "Event patterns" and
// "Input transformation").
func handOn(t *testing.T, resources map[string]cloudformation.Resource, event string, r function.Result) []delivery {
	t.Helper()
	outcome, condition, kind := "OnSuccess", "Success", "Success"
	response := map[string]any{"statusCode": 200, "executedVersion": "$LATEST"}
	if r.Failed {
		outcome, condition, kind = "OnFailure", "RetriesExhausted", "Failure"
		response["functionError"] = "Unhandled"
	}
	record := jsonOf(t, map[string]any{
		"version": "1.0", "timestamp": "2026-11-26T12:00:00.000Z",
		"requestContext":  map[string]any{"requestId": "1", "functionArn": "RefresherFunction.Arn:$LATEST", "condition": condition, "approximateInvokeCount": 1},
		"requestPayload":  json.RawMessage(event),
		"responseContext": response,
		"responsePayload": json.RawMessage(r.Payload),
	})
	destination := find(resources["RefresherInvocations"].Properties, "DestinationConfig", outcome, "Destination")
	switch destination {
	case nil:
		return nil
	case "FailureQueue.Arn":
		return []delivery{{"", "FailureQueue.Arn", string(record)}}
	case "InvocationBus.Arn":
	default:
		t.Fatalf("invocations are handed on to %v", destination)
	}
	var envelope map[string]any
	decode(t, jsonOf(t, map[string]any{
		"version": "0", "id": "1", "detail-type": "Lambda Function Invocation Result - " + kind, "source": "lambda",
		"account": "123456789012", "region": "eu-north-1", "time": "2026-11-26T12:00:00Z",
		"resources": []any{"RefresherFunction.Arn:$LATEST", "InvocationBus.Arn"}, "detail": json.RawMessage(record),
	}), &envelope)
	var all []delivery
	for _, id := range cloudformation.Names(resources, "AWS::Events::Rule") {
		rule := resources[id].Properties
		if rule["EventBusName"] != "InvocationBus" || !matches(t, rule["EventPattern"], envelope) {
			continue
		}
		for _, target := range rule["Targets"].([]any) {
			target := target.(map[string]any)
			all = append(all, delivery{id, target["Arn"].(string), input(t, target, envelope)})
		}
	}
	return all
}

// matches decides by those parts of the language of patterns that the template uses: objects
// member by member, and lists of values and prefixes, one of them that of the event or of an
// element of its list.
func matches(t *testing.T, pattern, value any) bool {
	t.Helper()
	switch pattern := pattern.(type) {
	case map[string]any:
		object, ok := value.(map[string]any)
		if !ok {
			return false
		}
		for name, inner := range pattern {
			if v, ok := object[name]; !ok || !matches(t, inner, v) {
				return false
			}
		}
		return true
	case []any:
		values, ok := value.([]any)
		if !ok {
			values = []any{value}
		}
		return slices.ContainsFunc(pattern, func(want any) bool {
			return slices.ContainsFunc(values, func(v any) bool { return v == want || hasPrefix(t, want, v) })
		})
	}
	t.Fatalf("the pattern has %v", pattern)
	return false
}

// hasPrefix decides where a pattern has an object in a list.
func hasPrefix(t *testing.T, want, value any) bool {
	t.Helper()
	object, ok := want.(map[string]any)
	if !ok {
		return false
	}
	prefix, ok := object["prefix"].(string)
	if !ok || len(object) != 1 {
		t.Fatalf("the pattern has %v", object)
	}
	text, _ := value.(string)
	return strings.HasPrefix(text, prefix)
}

// input is what a target is sent.
func input(t *testing.T, target, envelope map[string]any) string {
	t.Helper()
	at := func(path any) string {
		v, ok := any(envelope), true
		for name := range strings.SplitSeq(strings.TrimPrefix(path.(string), "$."), ".") {
			if v, ok = v.(map[string]any)[name]; !ok {
				t.Fatalf("the event has no %v", path)
			}
		}
		return string(jsonOf(t, v))
	}
	if path, ok := target["InputPath"]; ok {
		return at(path)
	}
	transformer := target["InputTransformer"].(map[string]any)
	message := transformer["InputTemplate"].(string)
	for name, path := range transformer["InputPathsMap"].(map[string]any) {
		message = strings.ReplaceAll(message, "<"+name+">", at(path))
	}
	return message
}

func decode(t *testing.T, data []byte, into any) {
	t.Helper()
	if err := json.Unmarshal(data, into); err != nil {
		t.Fatalf("%v in %s", err, data)
	}
}
