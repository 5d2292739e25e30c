package accounttest

import (
	"encoding/binary"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"
)

// An Account has one stack, whose function is called Function.
type Account struct {
	Now      func() time.Time
	Function string
	// Allows says whether a caller may do it; nil: everything.
	Allows func(action string) bool

	mu  sync.Mutex
	has map[string]bool
}

// Set says that something is so in the account, or not: disabled and noschedule of the
// schedule, ringing of an alarm, pending of the subscription, failed of a run, skew of the
// caller's clock, denied of all but the identity.
func (a *Account) Set(word string, yes bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.has == nil {
		a.has = map[string]bool{}
	}
	a.has[word] = yes
}

// actions are the operations as policies spell them.
var actions = map[string]string{
	"ListSchedules": "scheduler:ListSchedules", "DescribeAlarms": "cloudwatch:DescribeAlarms", "ListSubscriptionsByTopic": "sns:ListSubscriptionsByTopic",
	"GetQueueUrl": "sqs:GetQueueUrl", "GetQueueAttributes": "sqs:GetQueueAttributes", "DescribeKey": "kms:DescribeKey",
}

func (a *Account) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	a.mu.Lock()
	defer a.mu.Unlock()
	w.Header().Set("Date", a.Now().Add(map[bool]time.Duration{true: 90 * time.Second}[a.has["skew"]]).UTC().Format(http.TimeFormat))
	operation := r.Header.Get("X-Amz-Target")
	switch {
	case r.URL.Path == "/schedules":
		operation = "ListSchedules"
	case strings.HasSuffix(r.URL.Path, "/DescribeAlarms"):
		operation = "DescribeAlarms"
	case operation == "":
		operation = r.FormValue("Action")
	}
	operation = operation[strings.LastIndex(operation, ".")+1:]
	if action := actions[operation]; action != "" && (a.has["denied"] || a.Allows != nil && !a.Allows(action)) {
		w.Header().Set("X-Amzn-ErrorType", "AccessDeniedException")
		w.Header().Set("Smithy-Protocol", "rpc-v2-cbor")
		w.WriteHeader(http.StatusForbidden)
		switch operation {
		case "DescribeAlarms":
			_, _ = w.Write(cbor(map[string]any{"__type": "AccessDeniedException", "message": "not authorized"}))
		case "ListSubscriptionsByTopic":
			_, _ = io.WriteString(w, "<ErrorResponse><Error><Code>AccessDenied</Code><Message>not authorized</Message></Error></ErrorResponse>")
		default:
			_, _ = io.WriteString(w, `{"__type": "AccessDeniedException", "message": "not authorized"}`)
		}
		return
	}
	pick := func(word, yes, no string) string {
		if a.has[word] {
			return yes
		}
		return no
	}
	switch operation {
	case "GetCallerIdentity":
		_, _ = io.WriteString(w, `<GetCallerIdentityResponse><GetCallerIdentityResult><Arn>arn:aws:sts::123456789012:assumed-role/oncall/ann</Arn></GetCallerIdentityResult></GetCallerIdentityResponse>`)
	case "ListSchedules":
		schedules := []any{map[string]any{"Name": "another", "State": "ENABLED", "Target": map[string]string{"Arn": "arn:aws:lambda:eu-north-1:123456789012:function:another"}}}
		if !a.has["noschedule"] {
			schedules = append(schedules, map[string]any{"Name": "tokenkeeper-Tick-7", "State": pick("disabled", "DISABLED", "ENABLED"),
				"Target": map[string]string{"Arn": "arn:aws:lambda:eu-north-1:123456789012:function:" + a.Function}})
		}
		answer(w, http.StatusOK, map[string]any{"Schedules": schedules})
	case "DescribeAlarms":
		alarm := func(name, dimension, value, state string) any {
			return map[string]any{"AlarmName": name, "StateValue": state, "AlarmActions": []any{"arn:aws:sns:eu-north-1:123456789012:ops"},
				"Dimensions": []any{map[string]any{"Name": dimension, "Value": value}}}
		}
		w.Header().Set("Smithy-Protocol", "rpc-v2-cbor")
		w.Header().Set("Content-Type", "application/cbor")
		_, _ = w.Write(cbor(map[string]any{"MetricAlarms": []any{
			alarm("tokenkeeper-stopped", "Stack", "tokenkeeper", pick("ringing", "ALARM", "OK")),
			alarm("tokenkeeper-failure-queue", "QueueName", "tokenkeeper-FailureQueue-Xy7", "OK"),
			alarm("tokenkeeper-two-stopped", "Stack", "tokenkeeper-two", "ALARM")}}))
	case "ListSubscriptionsByTopic":
		fmt.Fprintf(w, `<ListSubscriptionsByTopicResponse><ListSubscriptionsByTopicResult><Subscriptions><member><SubscriptionArn>%s</SubscriptionArn></member></Subscriptions></ListSubscriptionsByTopicResult></ListSubscriptionsByTopicResponse>`,
			pick("pending", "PendingConfirmation", "arn:aws:sns:eu-north-1:123456789012:ops:7"))
	case "GetQueueUrl":
		answer(w, http.StatusOK, map[string]any{"QueueUrl": "https://sqs.eu-north-1.amazonaws.com/123456789012/failures"})
	case "GetQueueAttributes":
		answer(w, http.StatusOK, map[string]any{"Attributes": map[string]string{"ApproximateNumberOfMessages": pick("failed", "3", "0")}})
	case "DescribeKey":
		answer(w, http.StatusOK, map[string]any{"KeyMetadata": map[string]string{"KeyId": "k", "KeyState": "Enabled"}})
	default:
		http.Error(w, "what is "+operation+"?", http.StatusBadRequest)
	}
}

// cbor encodes maps, lists and texts (RFC 8949).
func cbor(v any) []byte {
	head := func(major byte, n int) []byte {
		return binary.BigEndian.AppendUint32([]byte{major<<5 | 26}, uint32(n))
	}
	switch v := v.(type) {
	case string:
		return append(head(3, len(v)), v...)
	case []any:
		out := head(4, len(v))
		for _, e := range v {
			out = append(out, cbor(e)...)
		}
		return out
	case map[string]any:
		out := head(5, len(v))
		var names []string
		for name := range v {
			names = append(names, name)
		}
		slices.Sort(names)
		for _, name := range names {
			out = append(append(out, cbor(name)...), cbor(v[name])...)
		}
		return out
	}
	panic(fmt.Sprintf("no CBOR of %T", v))
}

func answer(w http.ResponseWriter, status int, v any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	if err := json.NewEncoder(w).Encode(v); err != nil {
		panic(fmt.Sprintf("encoding an answer: %v", err))
	}
}
