package template_test

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"

	"example.com/tokenkeeper/e2e/internal/cloudformation"
)

// An alarm is one of the template's, evaluated as the CloudWatch user guide says
// ("Evaluating an alarm", "Configuring how CloudWatch alarms treat missing data").
type alarm struct {
	name      string
	metric    series
	periods   int // that are looked at
	toAlarm   int // of those, that must be over the threshold
	breaches  func(float64) bool
	missingIs string // notBreaching, breaching or ignore
	alarming  bool
}

// A series gives one datapoint for a period, if there is one.
type series func(period) (float64, bool)

// A period is what a stack's metrics were in one: every value of each.
type period map[string][]float64

// alarms are those that a stack would have, by the last part of their name.
func alarms(t *testing.T, resources map[string]cloudformation.Resource) []*alarm {
	t.Helper()
	var all []*alarm
	for _, id := range cloudformation.Names(resources, "AWS::CloudWatch::Alarm") {
		p := resources[id].Properties
		a := &alarm{
			name:      strings.TrimPrefix(p["AlarmName"].(string), stack+"-"),
			periods:   int(number(t, p["EvaluationPeriods"])),
			missingIs: p["TreatMissingData"].(string),
		}
		a.toAlarm = a.periods
		if n, ok := p["DatapointsToAlarm"]; ok {
			a.toAlarm = int(number(t, n))
		}
		threshold := number(t, p["Threshold"])
		switch p["ComparisonOperator"] {
		case "GreaterThanThreshold":
			a.breaches = func(v float64) bool { return v > threshold }
		case "LessThanThreshold":
			a.breaches = func(v float64) bool { return v < threshold }
		default:
			t.Fatalf("%s: the comparison %v is not known here", a.name, p["ComparisonOperator"])
		}
		a.metric = statistic(t, p)
		all = append(all, a)
	}
	return all
}

// statistic is that of one metric: of the product's own, which have the stack as their only
// dimension, or of the failure queue.
func statistic(t *testing.T, metric map[string]any) series {
	t.Helper()
	name := fmt.Sprintf("%v/%v", metric["Namespace"], metric["MetricName"])
	dimensions, _ := metric["Dimensions"].([]any)
	want := map[string]string{"tokenkeeper": "Stack=" + stack, "AWS/SQS": "QueueName=FailureQueue.QueueName"}[fmt.Sprint(metric["Namespace"])]
	if len(dimensions) != 1 {
		t.Fatalf("%s has %d dimensions, want one", name, len(dimensions))
	}
	d := dimensions[0].(map[string]any)
	if got := fmt.Sprintf("%v=%v", d["Name"], d["Value"]); got != want {
		t.Fatalf("%s has the dimension %s, want %s", name, got, want)
	}
	return func(p period) (float64, bool) {
		values := p[name]
		if len(values) == 0 {
			return 0, false
		}
		switch metric["Statistic"] {
		case "Sum":
			sum := 0.0
			for _, v := range values {
				sum += v
			}
			return sum, true
		case "Maximum":
			return slices.Max(values), true
		case "Minimum":
			return slices.Min(values), true
		}
		t.Fatalf("the statistic %v is not known here", metric["Statistic"])
		return math.NaN(), false
	}
}

// evaluate moves the alarm to its state after the last period of a history, and tells
// whether it went off in it.
func (a *alarm) evaluate(history []period) (wentOff bool) {
	breaching, known := 0, 0
	for _, p := range history[max(0, len(history)-a.periods):] {
		v, ok := a.metric(p)
		switch {
		case ok && a.breaches(v), !ok && a.missingIs == "breaching":
			breaching, known = breaching+1, known+1
		case ok, a.missingIs == "notBreaching":
			known++
		}
	}
	before := a.alarming
	switch {
	case breaching >= a.toAlarm:
		a.alarming = true
	case known >= a.toAlarm:
		a.alarming = false
	} // else the state stays: missing data is ignored
	return a.alarming && !before
}

func number(t *testing.T, v any) float64 {
	t.Helper()
	var f float64
	if _, err := fmt.Sscan(fmt.Sprint(v), &f); err != nil {
		t.Fatalf("%v is no number", v)
	}
	return f
}
