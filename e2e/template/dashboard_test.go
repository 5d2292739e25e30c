package template_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"example.com/tokenkeeper/e2e/internal/cloudformation"
	"example.com/tokenkeeper/e2e/internal/function"
)

// TestDashboard: what it shows is there to be shown. A metric or an alarm that does not exist
// is an empty graph, which looks as if all were well.
func TestDashboard(t *testing.T) {
	w := newWorld(t, function.Build(t, root), map[string]string{"CacheAgeSeconds": "60", "TickMinutes": "5"})
	w.setUp()
	known := map[string]bool{
		// Lambda developer guide, "Types of metrics for Lambda functions".
		"AWS/Lambda Duration FunctionName=RefresherFunction":           true,
		"AWS/Lambda Errors FunctionName=RefresherFunction":             true,
		"AWS/Lambda Throttles FunctionName=RefresherFunction":          true,
		"AWS/Lambda AsyncEventsDropped FunctionName=RefresherFunction": true,
		// Amazon SQS developer guide, "Available CloudWatch metrics for Amazon SQS".
		"AWS/SQS NumberOfMessagesSent QueueName=FailureQueue.QueueName": true,
	}
	for name := range w.tick().Metrics(t) {
		known["tokenkeeper "+name+" Stack="+stack] = true
	}

	var dashboard struct {
		Widgets []struct {
			Type          string
			X, Y          int
			Width, Height int
			Properties    struct {
				Title, Region, Query, Markdown string
				Period                         int
				Alarms                         []string
				Metrics                        [][]any
				Annotations                    struct{ Horizontal []struct{ Value int } }
			}
		}
	}
	body := w.resources["Dashboard"].Properties["DashboardBody"].(string)
	if err := json.Unmarshal([]byte(body), &dashboard); err != nil {
		t.Fatalf("the dashboard is no JSON: %v\n%s", err, body)
	}
	var alarms []string
	shown := map[string]bool{}
	queries := ""
	for _, widget := range dashboard.Widgets {
		p := widget.Properties
		if p.Title+p.Markdown == "" || widget.X+widget.Width > 24 || widget.Y+widget.Height > 15 {
			t.Errorf("%q is without a title, or not on the one screen", p.Title)
		}
		switch widget.Type {
		case "alarm":
			alarms = append(alarms, p.Alarms...)
		case "metric":
			equal(t, "the period of "+p.Title, p.Period, 300)
			for _, metric := range metricsOf(t, p.Metrics) {
				if !known[metric] {
					t.Errorf("%q shows %s, which there is not", p.Title, metric)
				}
				shown[metric] = true
			}
			for _, line := range p.Annotations.Horizontal {
				equal(t, "the line in "+p.Title, line.Value, 60)
			}
		case "log":
			if !strings.HasPrefix(p.Query, "SOURCE 'RefresherLog' |") {
				t.Errorf("%q does not look at the log: %s", p.Title, p.Query)
			}
			queries += p.Query
		case "text":
			equal(t, "the commands", command.FindAllString(p.Markdown, -1), []string{
				"tokenkeeper status --stack tokenkeeper --region eu-north-1", "tokenkeeper doctor --stack tokenkeeper --region eu-north-1"})
			continue
		default:
			t.Errorf("%q is of the type %q", p.Title, widget.Type)
		}
		if widget.Type != "alarm" {
			equal(t, "the region of "+p.Title, p.Region, "eu-north-1")
		}
	}
	for _, field := range []string{"provider", "class", "code", "error", "remedy"} {
		if !strings.Contains(queries, field+",") {
			t.Errorf("of what fails the dashboard does not show the %s: %s", field, queries)
		}
	}
	// Failing is the sum of three that are shown by themselves.
	delete(known, "tokenkeeper Failing Stack="+stack)
	if !maps.Equal(shown, known) {
		t.Errorf("the dashboard shows\n%q\nwant\n%q", slices.Sorted(maps.Keys(shown)), slices.Sorted(maps.Keys(known)))
	}
	var all []string
	for _, id := range cloudformation.Names(w.resources, "AWS::CloudWatch::Alarm") {
		all = append(all, fmt.Sprint("arn:aws:cloudwatch:eu-north-1:123456789012:alarm:", w.resources[id].Properties["AlarmName"]))
	}
	slices.Sort(alarms)
	slices.Sort(all)
	if !slices.Equal(alarms, all) {
		t.Errorf("the dashboard has the alarms\n%q\nwant\n%q", alarms, all)
	}
}

// metricsOf are those of a widget: its name space, its name, and the one dimension that all
// here have. A dot repeats what the metric before has in that place.
func metricsOf(t *testing.T, metrics [][]any) []string {
	t.Helper()
	var all []string
	before := make([]any, 4)
	for _, m := range metrics {
		if _, ok := m[len(m)-1].(map[string]any); ok { // how it is drawn
			m = m[:len(m)-1]
		}
		if len(m) != 4 {
			t.Fatalf("the metric %v has not one dimension", m)
		}
		for i := range m {
			if m[i] == "." {
				m[i] = before[i]
			}
		}
		before = m
		all = append(all, fmt.Sprintf("%v %v %v=%v", m...))
	}
	return all
}
