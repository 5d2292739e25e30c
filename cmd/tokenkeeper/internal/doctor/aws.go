package doctor

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/middleware"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	cwtypes "github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	kmstypes "github.com/aws/aws-sdk-go-v2/service/kms/types"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/scheduler"
	schedulertypes "github.com/aws/aws-sdk-go-v2/service/scheduler/types"
	"github.com/aws/aws-sdk-go-v2/service/sns"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	sqstypes "github.com/aws/aws-sdk-go-v2/service/sqs/types"
	"github.com/aws/aws-sdk-go-v2/service/sts"

	"example.com/tokenkeeper/cmd/tokenkeeper/internal/place"
	"example.com/tokenkeeper/cmd/tokenkeeper/internal/terminal"
	"example.com/tokenkeeper/internal/awscall"
)

// A Stack is a deployment on AWS to be looked at.
type Stack struct {
	Config aws.Config
	place.Deployment
	// Undiscovered is why the function is not known; nil: it is.
	Undiscovered error
	Now          func() time.Time
}

// Look looks at everything but the runs and the providers, in the order in which one thing
// needs the other.
func (s Stack) Look(ctx context.Context) []Finding {
	findings := []Finding{s.identity(ctx)}
	if s.Undiscovered != nil {
		return append(findings, Finding{Of: "stack", State: Bad, Detail: s.Undiscovered.Error(), Remedy: "give --stack or --function, and --region if it is another"})
	}
	findings = append(findings, well("stack", fmt.Sprintf("%s in %s, function %s", s.Stack, s.Config.Region, s.Function)), s.schedule(ctx))
	alarms, err := s.alarms(ctx)
	if err != nil {
		err = call("cloudwatch:DescribeAlarms", "*", err)
		findings = append(findings, notLooked("alarms", err), notLooked("failure queue", err))
	} else {
		findings = append(findings, ringing(alarms), s.hearers(ctx, alarms), s.queue(ctx, alarms))
	}
	return append(findings, s.concurrency(ctx), s.key(ctx))
}

// maxSkew is how much this machine's clock may differ: AWS refuses requests from 5 minutes on.
const maxSkew = time.Minute

func (s Stack) identity(ctx context.Context) Finding {
	out, err := sts.NewFromConfig(s.Config).GetCallerIdentity(ctx, &sts.GetCallerIdentityInput{})
	if err != nil {
		return notLooked("you", call("sts:GetCallerIdentity", "*", err))
	}
	if at, ok := middleware.GetServerTime(out.ResultMetadata); ok {
		if skew := s.Now().Sub(at); skew.Abs() > maxSkew {
			return Finding{Of: "you", State: Attention, Detail: fmt.Sprintf("the clock of this machine differs from AWS's by %s", skew.Round(time.Second)),
				Remedy: "set it: what is shown as an age or a time left is wrong by as much"}
		}
	}
	return well("you", aws.ToString(out.Arn))
}

func (s Stack) schedule(ctx context.Context) Finding {
	const of = "schedule"
	pages := scheduler.NewListSchedulesPaginator(scheduler.NewFromConfig(s.Config), &scheduler.ListSchedulesInput{})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return notLooked(of, call("scheduler:ListSchedules", "*", err))
		}
		for _, sch := range page.Schedules {
			if sch.Target == nil || !strings.HasSuffix(aws.ToString(sch.Target.Arn), ":function:"+s.Function) {
				continue
			}
			name := aws.ToString(sch.Name)
			if sch.State == schedulertypes.ScheduleStateDisabled {
				return Finding{Of: of, State: Bad, Detail: name + " is disabled: nothing runs", Remedy: "enable it, or deploy the stack again:", Command: "sam deploy"}
			}
			return well(of, fmt.Sprintf("%s, enabled, every %s", name, terminal.Span(s.Tick)))
		}
	}
	return Finding{Of: of, State: Bad, Detail: "none calls the function: nothing runs", Remedy: "deploy the stack again:", Command: "sam deploy"}
}

// alarms returns those of the stack.
func (s Stack) alarms(ctx context.Context) ([]cwtypes.MetricAlarm, error) {
	var alarms []cwtypes.MetricAlarm
	pages := cloudwatch.NewDescribeAlarmsPaginator(cloudwatch.NewFromConfig(s.Config), &cloudwatch.DescribeAlarmsInput{
		AlarmNamePrefix: aws.String(s.Stack + "-"), AlarmTypes: []cwtypes.AlarmType{cwtypes.AlarmTypeMetricAlarm}})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, err
		}
		for _, a := range page.MetricAlarms {
			if slices.ContainsFunc(a.Dimensions, s.ours) {
				alarms = append(alarms, a)
			}
		}
	}
	return alarms, nil
}

// ringing says which of the alarms go off.
func ringing(alarms []cwtypes.MetricAlarm) Finding {
	const of = "alarms"
	var names []string
	for _, a := range alarms {
		if a.StateValue == cwtypes.StateValueAlarm {
			names = append(names, aws.ToString(a.AlarmName))
		}
	}
	switch {
	case len(alarms) == 0:
		return Finding{Of: of, State: Bad, Detail: "there are none: no one hears of a failure", Remedy: "deploy the stack again:", Command: "sam deploy"}
	case len(names) > 0:
		return Finding{Of: of, State: Attention, Detail: "going off: " + strings.Join(names, ", "), Remedy: "see what fails:", Command: "tokenkeeper status"}
	}
	return well(of, fmt.Sprintf("%d, none goes off", len(alarms)))
}

// ours separates the alarms of the stack from those of one whose name begins like its own.
func (s Stack) ours(d cwtypes.Dimension) bool {
	return aws.ToString(d.Value) == s.Stack || strings.HasPrefix(aws.ToString(d.Value), s.Stack+"-FailureQueue")
}

func (s Stack) hearers(ctx context.Context, alarms []cwtypes.MetricAlarm) Finding {
	const of = "who hears of alarms"
	var topics []string
	for _, a := range alarms {
		topics = append(topics, a.AlarmActions...)
	}
	slices.Sort(topics)
	topics = slices.Compact(topics)
	heard, waiting := 0, 0
	for _, topic := range topics {
		pages := sns.NewListSubscriptionsByTopicPaginator(sns.NewFromConfig(s.Config), &sns.ListSubscriptionsByTopicInput{TopicArn: aws.String(topic)})
		for pages.HasMorePages() {
			page, err := pages.NextPage(ctx)
			if err != nil {
				return notLooked(of, call("sns:ListSubscriptionsByTopic", topic, err))
			}
			for _, sub := range page.Subscriptions {
				if aws.ToString(sub.SubscriptionArn) == "PendingConfirmation" {
					waiting++
				} else {
					heard++
				}
			}
		}
	}
	switch {
	case len(topics) == 0:
		return Finding{Of: of, State: Attention, Detail: "no one: the stack has neither AlarmEmail nor AlarmTopicArn", Remedy: "name one of them:",
			Command: "sam deploy --parameter-overrides AlarmEmail=ADDRESS"}
	case heard == 0 && waiting > 0:
		return Finding{Of: of, State: Bad, Detail: "no one yet: the address has not been confirmed", Remedy: "open the link in the message that AWS has sent"}
	case heard == 0:
		return Finding{Of: of, State: Bad, Detail: "no one: the topic has no subscription", Remedy: "subscribe to it:", Command: "aws sns subscribe --topic-arn " + topics[0] + " --protocol email --notification-endpoint ADDRESS"}
	}
	return well(of, fmt.Sprintf("%d subscribed to %s", heard, strings.Join(topics, ", ")))
}

// queueOf is the name of the failure queue, which one of the alarms is on; empty: none is.
func queueOf(alarms []cwtypes.MetricAlarm) string {
	for _, a := range alarms {
		for _, d := range a.Dimensions {
			if aws.ToString(d.Name) == "QueueName" {
				return aws.ToString(d.Value)
			}
		}
	}
	return ""
}

func (s Stack) queue(ctx context.Context, alarms []cwtypes.MetricAlarm) Finding {
	const of = "failure queue"
	name := queueOf(alarms)
	if name == "" {
		return notLooked(of, errors.New("no alarm of the stack names it"))
	}
	client := sqs.NewFromConfig(s.Config)
	url, err := client.GetQueueUrl(ctx, &sqs.GetQueueUrlInput{QueueName: aws.String(name)})
	if err != nil {
		return notLooked(of, call("sqs:GetQueueUrl", name, err))
	}
	attributes, err := client.GetQueueAttributes(ctx, &sqs.GetQueueAttributesInput{QueueUrl: url.QueueUrl,
		AttributeNames: []sqstypes.QueueAttributeName{sqstypes.QueueAttributeNameApproximateNumberOfMessages}})
	if err != nil {
		return notLooked(of, call("sqs:GetQueueAttributes", name, err))
	}
	if n := attributes.Attributes["ApproximateNumberOfMessages"]; n != "0" && n != "" {
		return Finding{Of: of, State: Attention, Detail: "runs that failed in the last 14 days: " + n, Remedy: "read the newest of them:",
			Command: "aws sqs receive-message --queue-url " + aws.ToString(url.QueueUrl) + " --visibility-timeout 0"}
	}
	return well(of, "empty")
}

// spare is how many more runs there should be room for: a run may be late, and a person ask.
const spare = 3

func (s Stack) concurrency(ctx context.Context) Finding {
	const of = "limits of the account"
	out, err := lambda.NewFromConfig(s.Config).GetAccountSettings(ctx, &lambda.GetAccountSettingsInput{})
	if err != nil {
		return notLooked(of, call("lambda:GetAccountSettings", "*", err))
	}
	if out.AccountLimit == nil {
		return notLooked(of, errors.New("AWS states none"))
	}
	free := aws.ToInt32(out.AccountLimit.UnreservedConcurrentExecutions)
	detail := fmt.Sprintf("%d concurrent executions that are not reserved", free)
	if free < spare {
		return Finding{Of: of, State: Attention, Detail: detail, Remedy: "have AWS raise the quota of concurrent executions, or reserve some: ReservedConcurrency"}
	}
	return well(of, detail)
}

func (s Stack) key(ctx context.Context) Finding {
	const of = "KMS key"
	if s.KMSKey == "" {
		return well(of, "AWS's own")
	}
	out, err := kms.NewFromConfig(s.Config).DescribeKey(ctx, &kms.DescribeKeyInput{KeyId: aws.String(s.KMSKey)})
	if err != nil {
		return notLooked(of, call("kms:DescribeKey", s.KMSKey, err))
	}
	if state := out.KeyMetadata.KeyState; state != kmstypes.KeyStateEnabled {
		return Finding{Of: of, State: Bad, Detail: fmt.Sprintf("%s is %s: no credential can be read and no token stored", s.KMSKey, state),
			Remedy: "enable it:", Command: "aws kms enable-key --key-id " + s.KMSKey}
	}
	return well(of, s.KMSKey+", enabled")
}

func call(action, resource string, err error) error {
	return awscall.Call{Action: action, Resource: resource}.Failure(err)
}
