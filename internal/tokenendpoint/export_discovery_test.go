package tokenendpoint

import (
	"time"

	"example.com/tokenkeeper/internal/answer"

	"example.com/tokenkeeper/internal/refresh"
)

// ReadMetadata returns the token endpoint that metadata lead to, without a network.
func (e *Endpoint) ReadMetadata(c refresh.Credential, body []byte) (endpoint string, err error) {
	x := exchange{request: e.plan.discovery.requests[0], credential: c, answer: &answer.Message{Status: 200, Body: body}}
	doc, _ := x.answer.Decode("").Value.(map[string]any)
	p, f := e.plan.discovery.read(e.plan, x, doc)
	if f != nil {
		return "", f.err
	}
	r := p.requests[len(p.requests)-1]
	u, err := r.url(newValues(c, time.Time{}, nil))
	if err != nil {
		return "", err
	}
	return u.String(), nil
}
