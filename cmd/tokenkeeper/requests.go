package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"example.com/tokenkeeper/cmd/tokenkeeper/internal/localstore"
	"example.com/tokenkeeper/cmd/tokenkeeper/internal/place"
	"example.com/tokenkeeper/internal/refresh"
)

// A reply is what a process that stays says to one that asked it for a run.
type reply struct {
	Summary refresh.Summary `json:"summary"`
	// Failure is why there was no run; empty: there was.
	Failure string `json:"failure,omitempty"`
}

// answer does what other processes ask for.
func (w *work) answer(ctx context.Context) {
	asked, err := w.folder.Requests()
	for _, r := range asked {
		err = errors.Join(err, w.reply(ctx, r))
	}
	if err != nil {
		w.log.WarnContext(ctx, "a request could not be answered", "event", "request_not_answered", "error", err.Error())
	}
}

func (w *work) reply(ctx context.Context, r localstore.Request) error {
	report, err := w.runner.Run(ctx, r.Job)
	report.Log(ctx, w.log)
	out := reply{Summary: report.Summary()}
	if err := said(err, report); err != nil && !errors.As(err, new(outcome)) {
		out.Failure = err.Error()
	}
	data, err := json.Marshal(out)
	if err != nil {
		return err
	}
	return w.folder.Answer(r.ID, data)
}

// asking is how often the answer to a request is looked for, and patience for how long.
const (
	asking   = 100 * time.Millisecond
	patience = 2 * time.Minute
)

// errFree says that the process that was asked has ended.
var errFree = errors.New("nothing is running there any more")

// request has the process that holds the folder do the job, and returns what came of it; the
// error is errFree where that process ends first.
func request(ctx context.Context, f place.Folder, job refresh.Job) (refresh.Summary, error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	id, err := f.Ask(job)
	if err != nil {
		return refresh.Summary{}, err
	}
	defer func() { _ = f.Withdraw(id) }() // it may be answered by now
	look := time.NewTicker(asking)
	defer look.Stop()
	for {
		data, err := f.Answered(id)
		if err != nil {
			return refresh.Summary{}, err
		}
		if data != nil {
			var r reply
			if err := json.Unmarshal(data, &r); err != nil {
				return refresh.Summary{}, fmt.Errorf("the answer of the running process cannot be read: %w", err)
			}
			if r.Failure != "" {
				return refresh.Summary{}, errors.New(r.Failure)
			}
			return r.Summary, nil
		}
		if f.Lock() == nil {
			return refresh.Summary{}, errFree
		}
		select {
		case <-ctx.Done():
			return refresh.Summary{}, fmt.Errorf("the process that runs there has not answered for %s: is it of an older version?", patience)
		case <-look.C:
		}
	}
}
