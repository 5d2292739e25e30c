package status_test

import (
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"example.com/tokenkeeper/cmd/tokenkeeper/internal/place"
	"example.com/tokenkeeper/cmd/tokenkeeper/internal/status"
	"example.com/tokenkeeper/internal/refresh"
)

// What is said of the runs, whatever they have left of themselves.
func TestJudgeKeeper(t *testing.T) {
	denied := &refresh.Error{Class: refresh.Misconfigured, Code: "aws_access_denied", Detail: "ssm:GetParametersByPath /x: not allowed", Remedy: "allow it"}
	since := now.Add(-8 * time.Minute)
	ran := func(ago time.Duration) place.LastRun {
		return place.LastRun{At: now.Add(-ago), Since: since, By: "f", Version: "1.2.0"}
	}
	for _, row := range []struct {
		name   string
		last   place.LastRun
		err    error
		state  status.KeeperWord
		wrong  string
		remedy string
	}{
		{"just now", ran(0), nil, status.Running, "", ""},
		{"within three ticks", ran(3*time.Minute - time.Second), nil, status.Running, "", ""},
		{"three ticks ago", ran(3 * time.Minute), nil, status.Stale, "No run was completed for 3m.", "See that this is running:"},
		{"none in the log", place.LastRun{Since: since}, nil, status.Stale, "No run was completed in the last 8m.", "See that this is running:"},
		{"none at all", place.LastRun{}, nil, status.Stale, "No run was ever completed here.", "See that this is running:"},
		{"one that could not begin, after one that did", func() place.LastRun {
			l := ran(time.Minute)
			l.Failed, l.Failure = now.Add(-time.Second), denied
			return l
		}(), nil, status.NotBegun, "The last run could not begin, 1s ago: ssm:GetParametersByPath /x: not allowed.", "allow it"},
		{"a failure without a remedy", place.LastRun{Failed: now, Failure: &refresh.Error{Detail: "disk full!"}}, nil, status.NotBegun,
			"The last run could not begin, 0s ago: disk full!", ""},
		{"no permission", place.LastRun{}, denied, status.NotLooked, "ssm:GetParametersByPath /x: not allowed", "allow it"},
		{"an error of another kind", place.LastRun{}, errors.New("reading it: permission denied"), status.NotLooked, "reading it: permission denied", ""},
	} {
		t.Run(row.name, func(t *testing.T) {
			k := status.JudgeKeeper(row.last, row.err, schedule, guide, now)
			if diff := cmp.Diff([]any{row.state, row.wrong, row.remedy}, []any{k.State, k.Wrong, k.Remedy}); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
			if attention := row.state == status.Stale || row.state == status.NotBegun; attention != status.Judge(nil, &k, schedule, guide, now).Failing {
				t.Errorf("attention is %v", !attention)
			}
		})
	}
}

// Of a provider that no run tried it depends on the runs what is said.
func TestOverdue(t *testing.T) {
	for _, row := range []struct {
		keeper *status.Keeper
		wrong  string
		remedy string
	}{
		{nil, "It has been due for 10m, and no run has come.", "See that this is running:"},
		{&status.Keeper{State: status.NotLooked}, "It has been due for 10m, and no run has come.", "See that this is running:"},
		{&status.Keeper{State: status.Stale}, "It has been due for 10m, and no run has come.", ""},
		{&status.Keeper{State: status.NotBegun}, "It has been due for 10m, and no run has come.", ""},
		{&status.Keeper{State: status.Running}, "It has been due for 10m, and no run has tried it.", "Runs come, and had no time for it. Find the slow provider in the log."},
	} {
		line := status.Judge([]status.Subject{subject(15 * time.Minute)}, row.keeper, schedule, guide, now).Lines[0]
		if diff := cmp.Diff([]string{row.wrong, row.remedy}, []string{line.Wrong, line.Remedy}); diff != "" {
			t.Errorf("%+v: -want +got:\n%s", row.keeper, diff)
		}
	}
}
