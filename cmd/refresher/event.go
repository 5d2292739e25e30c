package main

import (
	"errors"
	"fmt"
	"regexp"
	"time"

	"example.com/tokenkeeper/internal/refresh"
	"example.com/tokenkeeper/internal/strictjson"
)

// An event is what the function is invoked with: one of
//
//	{"tick": "2026-11-22T12:00:00Z"}
//	{"refresh": ["meitner"], "force": true}
//	{"changed": "/tokenkeeper/providers/meitner"}
//
// The first comes from the schedule and has everything refreshed that is due; the second
// from people, or from rules of their own, and has the named providers looked at, and with
// force asked for new tokens whether due or not. The third comes from a rule of the template's
// for changes in Parameter Store, reduced to the name of the parameter: the provider of
// that name is looked at, if there is one, and those that failed with a credential of that name.
// EventBridge delivers such events as best it can, so the tick finds every edit as well.
//
// Events are not trusted. They name providers, and nothing else can be said in them.
type event struct {
	Tick    *string  `json:"tick"`
	Refresh []string `json:"refresh"`
	Force   bool     `json:"force"`
	Changed *string  `json:"changed"`
}

// changedName is the name of a parameter of any stack: a config, an approved copy or a
// credential. Its last part is a provider's, or that of the credential that a provider of the
// same name uses.
var changedName = regexp.MustCompile(`/(?:providers|credentials|approved/[a-z0-9-]+)/([a-z0-9-]+)$`)

const (
	// maxEvent is far more than maxNames names need.
	maxEvent = 16 << 10
	maxNames = 100
)

// Why an event is not acted on. The texts are ours: an event is never repeated, since
// its content is not known.
var (
	errNotOurs   = errors.New("it is neither a tick nor a refresh of named providers")
	errStaleTick = errors.New("it is a tick older than two periods, and another has come since")
	errNoConfig  = errors.New("one of the names in it is that of no provider")
)

// parseEvent returns what to do, or why nothing is to be done.
func parseEvent(data []byte, now time.Time, tick time.Duration) (refresh.Job, error) {
	if len(data) > maxEvent {
		return refresh.Job{}, errNotOurs
	}
	e, err := strictjson.Decode[event](data)
	if err != nil {
		return refresh.Job{}, errNotOurs
	}
	switch {
	case e.Changed != nil && e.Tick == nil && e.Refresh == nil && !e.Force:
		name := changedName.FindStringSubmatch(*e.Changed)
		if name == nil || refresh.CheckName(name[1]) != nil {
			return refresh.Job{}, errors.New("the parameter in it is none of a provider")
		}
		return refresh.Job{Only: name[1:], Edited: true}, nil
	case e.Changed != nil:
		return refresh.Job{}, errNotOurs
	case e.Tick != nil && e.Refresh == nil && !e.Force:
		// Throttled events wait in Lambda's queue, for up to an hour, and then come all at
		// once. A time that cannot be read counts as now: better one run too many.
		at, err := time.Parse(time.RFC3339, *e.Tick)
		if err == nil && now.Sub(at) > 2*tick {
			return refresh.Job{}, errStaleTick
		}
		return refresh.Job{}, nil
	case e.Tick == nil && len(e.Refresh) > 0:
		if len(e.Refresh) > maxNames {
			return refresh.Job{}, fmt.Errorf("it names %d providers, and at most %d can be", len(e.Refresh), maxNames)
		}
		for _, name := range e.Refresh {
			if refresh.CheckName(name) != nil {
				return refresh.Job{}, errors.New("one of the names in it is not that of a provider")
			}
		}
		return refresh.Job{Only: e.Refresh, Force: e.Force}, nil
	}
	return refresh.Job{}, errNotOurs
}
