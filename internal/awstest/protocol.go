package awstest

import (
	"bytes"
	"crypto/rand"
	"encoding/json"
	"net/http"
	"strconv"
	"time"
)

// An input is the decoded body of a request.
type input interface {
	// check applies what the service model says of the members one by one.
	check() error
	// needs lists the permissions that are known before any state is looked at,
	// the operation's own first, with Action left empty.
	needs(a *AWS) []Access
}

// A request is one call while it is being served; a.mu is held.
type request struct {
	now  time.Time
	call *Call
}

// A response is an answer on its way out.
type response struct {
	status int
	code   string // empty for a good answer
	body   []byte
}

func newResponse(out any, err error) *response {
	if err == nil {
		return &response{status: http.StatusOK, body: encode(out)}
	}
	e := err.(*Error) // every operation fails with one
	// Secrets Manager writes Message and Parameter Store message; clients of
	// either find theirs.
	return &response{status: e.Status, code: e.Code, body: encode(map[string]string{
		"__type": e.Code, "Message": e.Message, "message": e.Message,
	})}
}

func (r *response) rewrite(edit func(map[string]any)) {
	members := map[string]any{}
	d := json.NewDecoder(bytes.NewReader(r.body))
	d.UseNumber()
	if err := d.Decode(&members); err != nil {
		panic("awstest: reading back an answer: " + err.Error())
	}
	edit(members)
	r.body = encode(members)
}

func (r *response) write(w http.ResponseWriter) {
	w.Header().Set("Content-Type", "application/x-amz-json-1.1")
	w.Header().Set("X-Amzn-Requestid", rand.Text())
	w.WriteHeader(r.status)
	w.Write(r.body) // a client that has gone does not matter
}

func encode(v any) []byte {
	b, err := json.Marshal(v)
	if err != nil {
		panic("awstest: encoding an answer: " + err.Error())
	}
	return b
}

// A timestamp goes over the wire as seconds since 1970 with milliseconds. The
// zero time is left out of answers by omitzero.
type timestamp time.Time

func (t timestamp) MarshalJSON() ([]byte, error) {
	return strconv.AppendFloat(nil, float64(time.Time(t).UnixMilli())/1000, 'f', 3, 64), nil
}

func (t timestamp) IsZero() bool { return time.Time(t).IsZero() }
