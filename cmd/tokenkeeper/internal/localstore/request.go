package localstore

import (
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"strings"

	"example.com/tokenkeeper/internal/refresh"
)

// requests is the folder by which the process that holds the lock is asked for a run beside
// its schedule:
//
//	DIR/state/requests/ID.json    {"refresh": ["meitner"], "force": true}
//	DIR/state/requests/ID.answer  what came of it, until the process that asked has read it
//
// A request names providers, and can say nothing else.
const (
	requests     = runs + "/requests"
	answerSuffix = ".answer"
)

// A Request is a run that another process asks for.
type Request struct {
	ID  string
	Job refresh.Job
}

type request struct {
	Refresh []string `json:"refresh"`
	Force   bool     `json:"force,omitempty"`
}

// Ask leaves a request, and returns its id.
func (d *Dir) Ask(job refresh.Job) (id string, err error) {
	id = rand.Text()
	data, err := json.Marshal(request{job.Only, job.Force})
	if err == nil {
		err = d.makeFolder(runs)
	}
	if err == nil {
		err = d.makeFolder(requests)
	}
	if err == nil {
		err = d.replace(path.Join(requests, id+".json"), data)
	}
	return id, d.explain("writing to "+d.path(requests), err)
}

// Requests returns the unanswered ones. One that cannot be read is removed.
func (d *Dir) Requests() ([]Request, error) {
	entries, err := d.list(requests)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("reading %s: %w", d.path(requests), err)
	}
	var found []Request
	for _, e := range entries {
		id, ok := strings.CutSuffix(e.Name(), ".json")
		if !ok || strings.HasPrefix(id, ".") {
			continue
		}
		data, err := d.disk.Read(path.Join(requests, e.Name()))
		if errors.Is(err, fs.ErrNotExist) {
			continue // withdrawn
		}
		var r request
		if err != nil || json.Unmarshal(data, &r) != nil || len(r.Refresh) == 0 {
			if err := d.Withdraw(id); err != nil {
				return nil, err
			}
			continue
		}
		found = append(found, Request{id, refresh.Job{Only: r.Refresh, Force: r.Force}})
	}
	return found, nil
}

// Answer says what came of a request. The answer of one that was withdrawn meanwhile stays
// until the next process takes the lock.
func (d *Dir) Answer(id string, data []byte) error {
	err := d.replace(path.Join(requests, id+answerSuffix), data)
	return errors.Join(err, d.discard(path.Join(requests, id+".json")))
}

// Answered returns the answer to a request and removes it; nil: there is none yet.
func (d *Dir) Answered(id string) ([]byte, error) {
	data, err := d.disk.Read(path.Join(requests, id+answerSuffix))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("reading the answer in %s: %w", d.path(requests), err)
	}
	return data, d.discard(path.Join(requests, id+answerSuffix))
}

// Withdraw removes a request, if it is there.
func (d *Dir) Withdraw(id string) error { return d.discard(path.Join(requests, id+".json")) }

// forget removes the unread answers. The caller has just taken the lock.
func (d *Dir) forget() error {
	return d.clear(requests, func(name string) bool { return !strings.HasSuffix(name, ".json") })
}
