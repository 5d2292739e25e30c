package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"runtime/debug"
	"time"

	"github.com/aws/aws-lambda-go/lambdacontext"

	"example.com/tokenkeeper/internal/refresh"
)

// A handler answers events. It implements lambda.Handler.
type handler struct {
	runner *refresh.Runner
	meter  *meter
	stack  string
	// out takes the log and the lines that metrics are made from: one JSON object a line.
	out io.Writer
	log *slog.Logger
	now func() time.Time
}

// Invoke does what the event asks, and answers with the report. The error is for Lambda,
// its metrics and the function's failure destination: it has names, classes and codes of
// ours, and nothing else.
func (h *handler) Invoke(ctx context.Context, payload []byte) (answer []byte, err error) {
	var requestID string
	if lc, ok := lambdacontext.FromContext(ctx); ok {
		requestID = lc.AwsRequestID
	}
	log := h.log.With("requestId", requestID)
	defer func() {
		// The runtime would print the value of a panic, and anything may be in it.
		if v := recover(); v != nil {
			answer, err = nil, &RefreshFailed{fmt.Errorf("a panic of type %T, whose stack is logged", v)}
			log.ErrorContext(ctx, "panic", "event", "panic", "error", err.Error(), "stack", string(debug.Stack()))
		}
	}()

	ignore := func(why error) ([]byte, error) {
		// No error: Lambda would keep the event, and hand it on.
		log.WarnContext(ctx, "event ignored", "event", "event_ignored", "error", why.Error(), "bytes", len(payload))
		if werr := h.sumUp(ignored(h.now()), requestID); werr != nil {
			log.ErrorContext(ctx, "the ignored event is not counted", "event", "no_metrics", "error", werr.Error())
		}
		return marshal(ignoredAnswer{why.Error()})
	}
	h.meter.take() // whatever was counted since the last run belongs to none
	job, err := parseEvent(payload, h.now(), h.runner.Schedule.Tick)
	if err != nil {
		return ignore(err)
	}

	// Two deliveries of one event may have one request id; their environments differ.
	job.ID = requestID + " " + lambdacontext.LogStreamName
	report, err := h.runner.Run(ctx, job)
	if errors.Is(err, refresh.ErrNoProvider) {
		return ignore(errNoConfig)
	}
	report.Log(ctx, log)
	m := measure(report, h.runner.Schedule, len(job.Only) == 0)
	unlisted, incomplete := errors.AsType[*refresh.ListingError](err)
	switch {
	case err != nil && len(report.Results) == 0:
		m = notBegun(report)
		err = logNotBegun(ctx, log, err)
	case incomplete:
		m = m.incomplete()
		err = errors.Join(logNotBegun(ctx, log, unlisted), report.Err())
	}
	err = errors.Join(err, h.sumUp(m, requestID))
	summary := report.Summary()
	if err != nil {
		return nil, failed(err, summary)
	}
	return marshal(summary)
}

// sumUp writes the line of metrics.
func (h *handler) sumUp(m measurement, requestID string) error {
	m.stack, m.requestID, m.usage = h.stack, requestID, h.meter.take()
	if _, err := h.out.Write(m.line(h.now())); err != nil {
		return errNoMetrics
	}
	return nil
}

// logNotBegun logs why a run could not begin, and returns what may be reported to
// everybody.
func logNotBegun(ctx context.Context, log *slog.Logger, err error) error {
	attrs := []any{"event", "run_not_begun", "error", err.Error()}
	public := err
	var e *refresh.Error
	if errors.As(err, &e) {
		attrs = append(attrs, "class", e.Class, "code", e.Code, "remedy", e.Remedy)
		public = fmt.Errorf("the run could not begin: %s (%s)", e.Code, e.Class)
	}
	log.ErrorContext(ctx, "the run could not begin", attrs...)
	return public
}
