package accounttest

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"regexp"
	"sync"
	"time"
)

// A LogGroup is CloudWatch Logs with the log of one function in it.
type LogGroup struct {
	Name string
	Now  func() time.Time

	mu      sync.Mutex
	events  []logEvent
	refusal string
}

type logEvent struct {
	Timestamp int64  `json:"timestamp"`
	Message   string `json:"message"`
}

// Write takes lines, each of them one object.
func (g *LogGroup) Write(p []byte) (int, error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	for line := range bytes.Lines(p) {
		g.events = append(g.events, logEvent{g.Now().UnixMilli(), string(bytes.TrimSpace(line))})
	}
	return len(p), nil
}

// Refuse has every call be answered with an error of that kind, such as AccessDeniedException;
// empty: no longer.
func (g *LogGroup) Refuse(kind string) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.refusal = kind
}

// alternative is one of a filter pattern: ($.event = "panic").
var alternative = regexp.MustCompile(`\(\$\.(\w+) = "([^"]*)"\)`)

// ServeHTTP answers FilterLogEvents, two events a page.
func (g *LogGroup) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	g.mu.Lock()
	defer g.mu.Unlock()
	var in struct {
		LogGroupName, FilterPattern, NextToken string
		StartTime                              int64
	}
	body, err := io.ReadAll(r.Body)
	if err == nil {
		err = json.Unmarshal(body, &in)
	}
	if err != nil || r.Header.Get("X-Amz-Target") != "Logs_20140328.FilterLogEvents" {
		http.Error(w, "what is that?", http.StatusBadRequest)
		return
	}
	kind := g.refusal
	if kind == "" && in.LogGroupName != g.Name {
		kind = "ResourceNotFoundException"
	}
	if kind != "" {
		w.Header().Set("X-Amzn-ErrorType", kind)
		answer(w, http.StatusBadRequest, map[string]string{"__type": kind, "message": "User: arn:aws:iam::123456789012:user/oncall is not authorized to perform: logs:FilterLogEvents"})
		return
	}
	found := []logEvent{}
	for _, e := range g.events {
		if e.Timestamp >= in.StartTime && matches(in.FilterPattern, e.Message) {
			found = append(found, e)
		}
	}
	var from int
	_, _ = fmt.Sscan(in.NextToken, &from)
	found = found[min(from, len(found)):]
	out := map[string]any{"events": found[:min(2, len(found))]}
	if len(found) > 2 {
		out["nextToken"] = fmt.Sprint(from + 2)
	}
	answer(w, http.StatusOK, out)
}

// matches evaluates the patterns that the command line uses.
func matches(pattern, line string) bool {
	terms := alternative.FindAllStringSubmatch(pattern, -1)
	var fields map[string]any
	if len(terms) == 0 || json.Unmarshal([]byte(line), &fields) != nil {
		return len(terms) == 0
	}
	for _, t := range terms {
		if fields[t[1]] == t[2] {
			return true
		}
	}
	return false
}
