package tokenendpoint

import (
	"context"
	"net/http"
	"reflect"
	"slices"
	"strings"
	"time"

	"example.com/tokenkeeper/internal/answer"
	"example.com/tokenkeeper/internal/refresh"
	"example.com/tokenkeeper/internal/template"
)

// Read understands an answer as Grant would, without a network: for tests that need
// very many of them.
func (e *Endpoint) Read(c refresh.Credential, status int, header http.Header, body []byte, askedAt time.Time) (refresh.Grant, error) {
	x := exchange{
		request:    e.plan.Requests[len(e.plan.Requests)-1],
		credential: c,
		asked:      c.Searcher(),
		all:        c.Searcher(),
		shape:      &e.plan.Answer,
		witness:    &Witness{},
	}
	m := &answer.Message{AskedAt: askedAt, Status: status, Header: header, Body: body}
	if len(body) > answer.MaxBody {
		m.Body, m.Cut = nil, true
	}
	x.answer, x.received = m, askedAt
	if f := x.receive(); f != nil {
		return refresh.Grant{}, f.err
	}
	if f := x.judge(); f != nil {
		return refresh.Grant{}, f.err
	}
	g, f := x.grant()
	if f != nil {
		return refresh.Grant{}, f.err
	}
	return g, nil
}

// Expand parses a template and fills it in; ok is false if it cannot be parsed.
func Expand(text string, c refresh.Credential) (expanded string, names []string, ok bool) {
	t, fault := template.Parse("", text)
	if fault != nil {
		return "", nil, false
	}
	for v := range template.Named(t) {
		names = append(names, v.Name)
	}
	s, err := newValues(c, time.Time{}, nil).Expand(t)
	return s.Reveal(), names, err == nil
}

// Build returns the requests as they would be sent.
func (e *Endpoint) Build(c refresh.Credential) ([]*http.Request, error) {
	var list []*http.Request
	for _, r := range e.plan.Requests {
		req, err := r.Build(context.Background(), newValues(e.plan.supposing(c), time.Time{}, nil))
		if err != nil {
			return nil, err
		}
		list = append(list, req)
	}
	return list, nil
}

// Uses returns the names of the values that are sent.
func (e *Endpoint) Uses() []string {
	var names []string
	for _, u := range e.plan.Needs {
		names = append(names, u.Name)
	}
	return names
}

// Fields returns the names of all fields of a config, each without its object's.
func Fields() []string {
	var names []string
	var walk func(t reflect.Type)
	walk = func(t reflect.Type) {
		for _, f := range reflect.VisibleFields(t) {
			if f.Anonymous {
				continue // its fields are among those of t
			}
			name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
			names = append(names, name)
			if f.Type.Kind() == reflect.Pointer {
				f.Type = f.Type.Elem()
			}
			if f.Type.Kind() == reflect.Struct && strings.HasSuffix(f.Type.Name(), "onfig") {
				walk(f.Type)
			}
		}
	}
	walk(reflect.TypeFor[config]())
	return names
}

// Hosts returns the hosts that are asked, sorted.
func (e *Endpoint) Hosts() []string {
	var hosts []string
	for _, r := range e.plan.Everywhere() {
		hosts = append(hosts, r.Target.Site.Pins()[0])
	}
	slices.Sort(hosts)
	return slices.Compact(hosts)
}
