package main

import (
	"encoding/binary"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"
)

// A control is what of an account a doctor looks at: the schedule, the alarms, the topic, the
// queue, the key and the identity. It answers each service in its own protocol.
type control struct {
	now func() time.Time

	mu   sync.Mutex
	has  map[string]bool // what is so, by words: see the script doctor.txtar
	seen []string        // the operations
}

func (a *control) set(word string, yes bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.has[word] = yes
}

func (a *control) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	a.mu.Lock()
	defer a.mu.Unlock()
	w.Header().Set("Date", a.now().Add(map[bool]time.Duration{true: 90 * time.Second}[a.has["skew"]]).UTC().Format(http.TimeFormat))
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
	a.seen = append(a.seen, operation)
	if a.has["denied"] && operation != "GetCallerIdentity" {
		w.Header().Set("X-Amzn-ErrorType", "AccessDeniedException")
		w.Header().Set("Smithy-Protocol", "rpc-v2-cbor")
		w.WriteHeader(http.StatusForbidden)
		switch operation {
		case "DescribeAlarms":
			_, _ = w.Write(cbor(map[string]any{"__type": "AccessDeniedException", "message": "no"}))
		case "ListSubscriptionsByTopic":
			_, _ = io.WriteString(w, "<ErrorResponse><Error><Code>AccessDenied</Code><Message>no</Message></Error></ErrorResponse>")
		default:
			_, _ = io.WriteString(w, `{"__type": "AccessDeniedException", "message": "no"}`)
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
				"Target": map[string]string{"Arn": "arn:aws:lambda:eu-north-1:123456789012:function:" + functionName}})
		}
		answer(w, http.StatusOK, map[string]any{"Schedules": schedules})
	case "DescribeAlarms":
		alarm := func(name, stack, state string) any {
			return map[string]any{"AlarmName": name, "StateValue": state, "AlarmActions": []any{"arn:aws:sns:eu-north-1:123456789012:ops"},
				"Dimensions": []any{map[string]any{"Name": "Stack", "Value": stack}}}
		}
		w.Header().Set("Smithy-Protocol", "rpc-v2-cbor")
		w.Header().Set("Content-Type", "application/cbor")
		_, _ = w.Write(cbor(map[string]any{"MetricAlarms": []any{
			alarm("tokenkeeper-stopped", "tokenkeeper", pick("ringing", "ALARM", "OK")), alarm("tokenkeeper-two-stopped", "tokenkeeper-two", "ALARM")}}))
	case "ListSubscriptionsByTopic":
		fmt.Fprintf(w, `<ListSubscriptionsByTopicResponse><ListSubscriptionsByTopicResult><Subscriptions><member><SubscriptionArn>%s</SubscriptionArn></member></Subscriptions></ListSubscriptionsByTopicResult></ListSubscriptionsByTopicResponse>`,
			pick("pending", "PendingConfirmation", "arn:aws:sns:eu-north-1:123456789012:ops:7"))
	case "GetQueueUrl":
		answer(w, http.StatusOK, map[string]any{"QueueUrl": "https://sqs.eu-north-1.amazonaws.com/123456789012/failures"})
	case "GetQueueAttributes":
		answer(w, http.StatusOK, map[string]any{"Attributes": map[string]string{"ApproximateNumberOfMessages": pick("failed", "3", "0")}})
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
