package template_test

import (
	"fmt"
	"strconv"
	"testing"
	"time"

	"example.com/tokenkeeper/e2e/internal/cloudformation"
)

// TestTicks: whatever follows from the tick does so for each that can be chosen. A run ends
// ten seconds before the next begins, and after four minutes at most.
func TestTicks(t *testing.T) {
	for _, minutes := range []int{1, 2, 5, 10, 15, 30, 60} {
		t.Run(strconv.Itoa(minutes), func(t *testing.T) {
			resources := resolve(t, map[string]string{"TickMinutes": strconv.Itoa(minutes)})
			tick := time.Duration(minutes) * time.Minute
			properties := resources["RefresherFunction"].Properties
			unit := "minutes"
			if minutes == 1 {
				unit = "minute"
			}
			equal(t, "the schedule", at(t, properties, "Events", "Tick", "Properties", "ScheduleExpression"), fmt.Sprintf("rate(%d %s)", minutes, unit))
			equal(t, "the age of a tick that is tried again", at(t, properties, "Events", "Tick", "Properties", "RetryPolicy", "MaximumEventAgeInSeconds"), tick.Seconds())
			equal(t, "the timeout", properties["Timeout"], min(tick-10*time.Second, 240*time.Second).Seconds())
			told, err := time.ParseDuration(fmt.Sprint(at(t, properties, "Environment", "Variables", "TOKENKEEPER_TICK")))
			if err != nil || told != tick {
				t.Errorf("the function is told a tick of %v, %v", told, err)
			}
			for _, id := range cloudformation.Names(resources, "AWS::CloudWatch::Alarm") {
				equal(t, "the period of "+id, resources[id].Properties["Period"], tick.Seconds())
			}
		})
	}
}

// TestSettings are those that nothing else here would miss: AWS alone acts on them.
func TestSettings(t *testing.T) {
	resources := resolve(t, nil)
	for _, row := range []struct {
		why, resource string
		path          []string
		want          any
	}{
		{"the schedules of two stacks do not collide", "RefresherFunction", []string{"Events", "Tick", "Properties", "OmitName"}, true},
		{"the next tick is the retry", "RefresherFunction", []string{"EventInvokeConfig", "MaximumRetryAttempts"}, 0},
		{"throttled events are dropped after an hour", "RefresherFunction", []string{"EventInvokeConfig", "MaximumEventAgeInSeconds"}, 3600},
		{"what fails goes to the queue", "RefresherFunction", []string{"EventInvokeConfig", "DestinationConfig", "OnFailure", "Destination"}, "FailureQueue.Arn"},
		{"the queue is encrypted", "FailureQueue", []string{"SqsManagedSseEnabled"}, true},
		{"metrics are read out of the log", "RefresherLog", []string{"LogGroupClass"}, "STANDARD"},
	} {
		equal(t, row.why, at(t, resources[row.resource].Properties, row.path...), row.want)
	}
	// A scheduler of another account cannot be led to use the role.
	trust := at(t, resources["SchedulerRole"].Properties, "AssumeRolePolicyDocument", "Statement").([]any)
	if len(trust) != 1 {
		t.Fatalf("the scheduler's role has %d statements of trust, want one", len(trust))
	}
	equal(t, "whose schedules may use the role", at(t, trust[0].(map[string]any), "Condition", "StringEquals", "aws:SourceAccount"), "123456789012")
}

// at is what properties have under a path.
func at(t *testing.T, properties map[string]any, path ...string) any {
	t.Helper()
	var v any = properties
	for _, key := range path {
		object, _ := v.(map[string]any)
		v = object[key]
	}
	if v == nil {
		t.Fatalf("nothing is at %v", path)
	}
	return v
}

// equal compares as CloudFormation does, to which a number and its text are one.
func equal(t *testing.T, what string, got, want any) {
	t.Helper()
	if fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("%s: %v, want %v", what, got, want)
	}
}
