package place

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs/types"

	"example.com/tokenkeeper/internal/awscall"
	"example.com/tokenkeeper/internal/refresh"
)

// A LogLine is one line of the function's log.
type LogLine struct {
	At   time.Time
	Text string // one JSON object
}

// Log calls each with the lines from since on, the oldest first, until it fails. The filter
// is a pattern of CloudWatch Logs; empty: all lines.
func (a *AWS) Log(ctx context.Context, since time.Time, filter string, each func(LogLine) error) error {
	if a.LogGroup == "" {
		return a.Undiscovered
	}
	in := &cloudwatchlogs.FilterLogEventsInput{LogGroupName: aws.String(a.LogGroup), StartTime: aws.Int64(since.UnixMilli())}
	if filter != "" {
		in.FilterPattern = aws.String(filter)
	}
	pages := cloudwatchlogs.NewFilterLogEventsPaginator(a.logs, in)
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if _, gone := errors.AsType[*types.ResourceNotFoundException](err); gone {
			return &refresh.Error{Code: CodeNoLogGroup, Err: err,
				Detail: fmt.Sprintf("there is no log group %s, in which the alarms, too, look for runs", a.LogGroup),
				Remedy: fmt.Sprintf("make it again: aws logs create-log-group --region %s --log-group-name %s", a.Config.Region, a.LogGroup)}
		}
		if err != nil {
			return awscall.Call{Action: "logs:FilterLogEvents", Resource: a.LogGroup}.Failure(err)
		}
		for _, e := range page.Events {
			if err := each(LogLine{time.UnixMilli(aws.ToInt64(e.Timestamp)).UTC(), aws.ToString(e.Message)}); err != nil {
				return err
			}
		}
	}
	return nil
}

// The lines by which a run is known: its summary, why it could not begin, and Lambda's own
// for one that was cut off.
var runEvents = []string{"run_completed", "run_not_begun", "bad_settings", "panic"}

const platformReport = "platform.report"

func runFilter() string {
	var terms []string
	for _, e := range runEvents {
		terms = append(terms, fmt.Sprintf("($.event = %q)", e))
	}
	return "{ " + strings.Join(append(terms, fmt.Sprintf("($.type = %q)", platformReport)), " || ") + " }"
}

// LastRun reads the function's log of the last three ticks and five minutes, which is how
// long a line may take to be found.
func (a *AWS) LastRun(ctx context.Context) (LastRun, error) {
	if errors.Is(a.Undiscovered, ErrNoFunction) {
		return LastRun{Since: a.now(), Failed: a.now(), Failure: &refresh.Error{Code: CodeNoFunction, Detail: a.Undiscovered.Error(),
			Remedy: "give --stack or --function, and --region if it is another; or deploy the stack"}}, nil
	}
	run := LastRun{Since: a.now().Add(-3*a.Tick - 5*time.Minute).UTC(), By: a.Function}
	err := a.Log(ctx, run.Since, runFilter(), func(l LogLine) error {
		run.read(l)
		return nil
	})
	if e, ok := errors.AsType[*refresh.Error](err); ok && e.Code == CodeNoLogGroup {
		run.Failed, run.Failure, err = a.now(), e, nil
	}
	return run, err
}

// CodeNoFunction and CodeNoLogGroup say what is missing, and CodeTimedOut that a run was cut off.
const (
	CodeNoFunction = "no_function"
	CodeNoLogGroup = "no_log_group"
	CodeTimedOut   = "run_timed_out"
)

// read takes what a line says of a run. Lines are read in their order.
func (r *LastRun) read(l LogLine) {
	var line struct {
		Event, Level, Code, Error, Remedy, Version string
		RunCompleted                               int
		ListingAge                                 *int                      // in seconds
		AWS                                        struct{ Timestamp int64 } `json:"_aws"`
		Type                                       string
		Record                                     struct{ Status string }
	}
	if json.Unmarshal([]byte(l.Text), &line) != nil {
		return // Lambda and CloudWatch hand on other lines too
	}
	if line.Version != "" {
		r.Version = line.Version
	}
	fail := func(code, detail, remedy string) {
		// The text of an error ends in its remedy.
		r.Failed, r.Failure = l.At, &refresh.Error{Code: code, Detail: strings.TrimSuffix(detail, "; "+remedy), Remedy: remedy}
	}
	switch {
	case line.Event == "run_completed" && line.RunCompleted > 0:
		r.At = l.At
		if line.AWS.Timestamp > 0 {
			r.At = time.UnixMilli(line.AWS.Timestamp).UTC()
		}
		r.Failed, r.Failure = time.Time{}, nil
		if line.ListingAge != nil {
			r.Listed = r.At.Add(-time.Duration(*line.ListingAge) * time.Second)
		}
	case line.Event == "run_not_begun" && line.Error != "",
		line.Event == "bad_settings", line.Event == "panic":
		if line.Code == "" && line.Event != "run_not_begun" {
			line.Code = line.Event
		}
		fail(line.Code, line.Error, line.Remedy)
	case line.Type == platformReport && line.Record.Status == "timeout":
		fail(CodeTimedOut, "Lambda ended it at its time limit", "find the provider that answers slowly in the log")
	}
}
