package awstest

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// An operation is one action of a service in the JSON 1.1 protocol.
type operation struct {
	action string // as policies spell it
	decode func(body []byte) (input, error)
	serve  func(*AWS, *request, input) (any, error)
}

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

func serves[In any, P interface {
	*In
	input
}](action string, serve func(*AWS, *request, *In) (any, error)) operation {
	return operation{
		action: action,
		decode: func(body []byte) (input, error) {
			in := new(In)
			d := json.NewDecoder(bytes.NewReader(body))
			d.DisallowUnknownFields()
			if err := d.Decode(in); err != nil {
				return nil, notModelled("%s: %v", action, err)
			}
			return P(in), nil
		},
		serve: func(a *AWS, r *request, in input) (any, error) {
			return serve(a, r, (*In)(in.(P)))
		},
	}
}

func operationFor(target string) (operation, bool) {
	switch target {
	case "AmazonSSM.PutParameter":
		return serves("ssm:PutParameter", (*AWS).putParameter), true
	case "AmazonSSM.GetParameter":
		return serves("ssm:GetParameter", (*AWS).getParameter), true
	case "AmazonSSM.GetParameters":
		return serves("ssm:GetParameters", (*AWS).getParameters), true
	case "AmazonSSM.GetParametersByPath":
		return serves("ssm:GetParametersByPath", (*AWS).getParametersByPath), true
	case "AmazonSSM.DescribeParameters":
		return serves("ssm:DescribeParameters", (*AWS).describeParameters), true
	case "AmazonSSM.DeleteParameter":
		return serves("ssm:DeleteParameter", (*AWS).deleteParameter), true
	case "AmazonSSM.AddTagsToResource":
		return serves("ssm:AddTagsToResource", (*AWS).addTagsToParameter), true
	case "AmazonSSM.RemoveTagsFromResource":
		return serves("ssm:RemoveTagsFromResource", (*AWS).removeTagsFromParameter), true
	case "AmazonSSM.ListTagsForResource":
		return serves("ssm:ListTagsForResource", (*AWS).listTagsOfParameter), true

	case "secretsmanager.CreateSecret":
		return serves("secretsmanager:CreateSecret", (*AWS).createSecret), true
	case "secretsmanager.DescribeSecret":
		return serves("secretsmanager:DescribeSecret", (*AWS).describeSecret), true
	case "secretsmanager.UpdateSecret":
		return serves("secretsmanager:UpdateSecret", (*AWS).updateSecret), true
	case "secretsmanager.DeleteSecret":
		return serves("secretsmanager:DeleteSecret", (*AWS).deleteSecret), true
	case "secretsmanager.RestoreSecret":
		return serves("secretsmanager:RestoreSecret", (*AWS).restoreSecret), true
	case "secretsmanager.GetSecretValue":
		return serves("secretsmanager:GetSecretValue", (*AWS).getSecretValue), true
	case "secretsmanager.PutSecretValue":
		return serves("secretsmanager:PutSecretValue", (*AWS).putSecretValue), true
	case "secretsmanager.UpdateSecretVersionStage":
		return serves("secretsmanager:UpdateSecretVersionStage", (*AWS).updateSecretVersionStage), true
	case "secretsmanager.ListSecretVersionIds":
		return serves("secretsmanager:ListSecretVersionIds", (*AWS).listSecretVersionIDs), true
	case "secretsmanager.ListSecrets":
		return serves("secretsmanager:ListSecrets", (*AWS).listSecrets), true
	case "secretsmanager.TagResource":
		return serves("secretsmanager:TagResource", (*AWS).tagSecret), true
	case "secretsmanager.UntagResource":
		return serves("secretsmanager:UntagResource", (*AWS).untagSecret), true
	}
	return operation{}, false
}

// maxBody is more than any request needs that is not refused for its size.
const maxBody = 1 << 20

// ServeHTTP answers one call to either service.
func (a *AWS) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
	if err != nil {
		panic(http.ErrAbortHandler) // the client gave up while sending
	}
	target := r.Header.Get("X-Amz-Target")
	op, in, err := parse(target, body, r.Header.Get("Authorization"))

	call, strikes := a.arrive(op.action, in, body)
	if call == nil {
		panic(http.ErrAbortHandler)
	}
	a.hold(r.Context(), strikes, *call)

	answer, lost := a.answer(r.Context(), op, in, call, strikes, err)
	if answer != nil {
		for _, s := range strikes {
			if s.After != nil {
				s.After(a.copyOf(call))
			}
		}
	}
	if lost {
		panic(http.ErrAbortHandler) // the connection is closed without an answer
	}
	answer.write(w)
}

func parse(target string, body []byte, authorization string) (operation, input, error) {
	op, known := operationFor(target)
	if !known {
		service, name, _ := strings.Cut(target, ".")
		service = strings.TrimPrefix(strings.ToLower(service), "amazon")
		return operation{action: service + ":" + name}, nil, notModelled("no operation %q", target)
	}
	service, _, _ := strings.Cut(op.action, ":")
	if !strings.HasPrefix(authorization, "AWS4-HMAC-SHA256 ") || !strings.Contains(authorization, "/"+service+"/aws4_request") {
		return op, nil, refuse("MissingAuthenticationTokenException", "The request is not signed for %s.", service)
	}
	in, err := op.decode(body)
	if err != nil {
		return op, nil, err
	}
	return op, in, in.check()
}

// answer decides what the call does and does it. Without an answer there has
// been no effect; with one, the answer may be lost all the same.
func (a *AWS) answer(ctx context.Context, op operation, in input, call *Call, strikes []*fault, err error) (answer *response, lost bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.lose(strikes, BeforeEffect) || a.down || ctx.Err() != nil {
		call.Code = Lost
		return nil, true
	}
	r := &request{now: a.options.Now(), call: call}
	if err == nil {
		err = a.obstacle(r, strikes)
	}
	var out any
	if err == nil {
		out, err = a.serve(r, op, in, strikes)
	}
	answer = newResponse(out, err)
	call.Code = answer.code
	if lost = a.lose(strikes, AfterEffect); lost {
		call.Code = Lost
	}
	for _, s := range strikes {
		if s.Rewrite != nil && answer.code == "" {
			answer.rewrite(s.Rewrite)
		}
	}
	return answer, lost
}

func (a *AWS) serve(r *request, op operation, in input, strikes []*fault) (any, error) {
	for _, s := range strikes {
		if s.then != nil {
			present := a.secrets
			a.secrets = s.then
			defer func() { a.secrets = present }()
		}
	}
	for _, needed := range in.needs(a) {
		if needed.Action == "" {
			needed.Action = op.action
		}
		if err := a.allow(r, needed); err != nil {
			return nil, err
		}
	}
	return op.serve(a, r, in)
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
