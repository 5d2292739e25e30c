package awstest

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"strings"
)

// maxBody is more than any request needs that is not refused for its size.
const maxBody = 1 << 20

// An operation is one action of a service in the JSON 1.1 protocol.
type operation struct {
	action string // as policies spell it
	decode func(body []byte) (input, error)
	serve  func(*AWS, *request, input) (any, error)
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
