package template_test

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strconv"
	"testing"
	"time"

	"example.com/tokenkeeper/e2e/internal/cloudformation"
)

// TestTicks: whatever follows from the tick does so for each that can be chosen. A run ends
// three seconds before the next begins, and after four minutes at most.
func TestTicks(t *testing.T) {
	for _, minutes := range []int{1, 2, 5, 10, 15, 30, 60} {
		t.Run(strconv.Itoa(minutes), func(t *testing.T) {
			resources := resolve(t, map[string]string{"TickMinutes": strconv.Itoa(minutes)})
			tick := time.Duration(minutes) * time.Minute
			properties := resources["RefresherFunction"].Properties
			unit := "minutes"
			if minutes == 1 {
				unit = "minute"
			}
			equal(t, "the schedule", at(t, properties, "Events", "Tick", "Properties", "ScheduleExpression"), fmt.Sprintf("rate(%d %s)", minutes, unit))
			equal(t, "the age of a tick that is tried again", at(t, properties, "Events", "Tick", "Properties", "RetryPolicy", "MaximumEventAgeInSeconds"), tick.Seconds())
			equal(t, "the timeout", properties["Timeout"], min(tick-3*time.Second, 240*time.Second).Seconds())
			told, err := time.ParseDuration(fmt.Sprint(at(t, properties, "Environment", "Variables", "TOKENKEEPER_TICK")))
			if err != nil || told != tick {
				t.Errorf("the function is told a tick of %v, %v", told, err)
			}
			for _, id := range cloudformation.Names(resources, "AWS::CloudWatch::Alarm") {
				equal(t, "the period of "+id, resources[id].Properties["Period"], tick.Seconds())
			}
		})
	}
}

// TestSettings are those that nothing else here would miss: AWS alone acts on them.
func TestSettings(t *testing.T) {
	resources := resolve(t, nil)
	for _, row := range []struct {
		why, resource string
		path          []string
		want          any
	}{
		{"nothing but what sam build made can be packaged", "RefresherFunction", []string{"CodeUri"}, ".aws-sam/run-sam-build-first"},
		{"the schedules of two stacks do not collide", "RefresherFunction", []string{"Events", "Tick", "Properties", "OmitName"}, true},
		{"the next tick is the retry", "RefresherInvocations", []string{"MaximumRetryAttempts"}, 0},
		{"AWS tries a tick again twice", "RefresherFunction", []string{"Events", "Tick", "Properties", "RetryPolicy", "MaximumRetryAttempts"}, 2},
		{"throttled events are dropped after an hour", "RefresherInvocations", []string{"MaximumEventAgeInSeconds"}, 3600},
		{"what fails goes to the queue", "RefresherInvocations", []string{"DestinationConfig", "OnFailure", "Destination"}, "FailureQueue.Arn"},
		{"the queue is encrypted", "FailureQueue", []string{"SqsManagedSseEnabled"}, true},
		{"what failed can be looked at for 14 days", "FailureQueue", []string{"MessageRetentionPeriod"}, 14 * 24 * 60 * 60},
		{"the function writes to the log that is made here", "RefresherFunction", []string{"LoggingConfig", "LogGroup"}, "RefresherLog"},
		{"log lines are objects", "RefresherFunction", []string{"LoggingConfig", "LogFormat"}, "JSON"},
		{"metrics are read out of the log", "RefresherLog", []string{"LogGroupClass"}, "STANDARD"},
	} {
		equal(t, row.why, at(t, resources[row.resource].Properties, row.path...), row.want)
	}
	// What exists is uploaded whole.
	if _, err := os.Stat(root + "/.aws-sam/run-sam-build-first"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("the folder that must not be there is there: %v", err)
	}
	for role, service := range map[string]string{"RefresherRole": "lambda.amazonaws.com", "SchedulerRole": "scheduler.amazonaws.com"} {
		trust := only(t, at(t, resources[role].Properties, "AssumeRolePolicyDocument", "Statement"))
		equal(t, "who may use "+role, trust["Principal"], map[string]any{"Service": service})
	}
	// A scheduler of another account cannot be led to use the role.
	trust := only(t, at(t, resources["SchedulerRole"].Properties, "AssumeRolePolicyDocument", "Statement"))
	equal(t, "whose schedules may use the role", at(t, trust, "Condition", "StringEquals", "aws:SourceAccount"), "123456789012")
}

// TestEachParameterDoes: what is given arrives where it is to have an effect.
func TestEachParameterDoes(t *testing.T) {
	variable := func(name string) []string { return []string{"Environment", "Variables", name} }
	const subnets, groups = "subnet-0123456789abcdef0,subnet-0123456789abcdef1", "sg-0123456789abcdef0"
	const tags, boundary = "cost-center=4711,team=data", "arn:aws:iam::123456789012:policy/boundary"
	inVPC := map[string]string{"SubnetIds": subnets, "SecurityGroupIds": groups}
	inVPCv6 := map[string]string{"SubnetIds": subnets, "SecurityGroupIds": groups, "DualStack": "true"}
	proxied := map[string]string{"EgressProxy": "http://proxy.acme.example:3128", "ProxyResolves": "true"}
	reportsKey := map[string]string{"ReportsKeyArn": keyARN, "AlarmEmail": "ops@acme.example"}
	for _, row := range []struct {
		parameters map[string]string
		resource   string
		path       []string
		want       any // nil: nothing is there
	}{
		{nil, "RefresherFunction", variable("TOKENKEEPER_CACHE_AGE"), "300s"},
		{map[string]string{"CacheAgeSeconds": "60"}, "RefresherFunction", variable("TOKENKEEPER_CACHE_AGE"), "60s"},
		{nil, "LeastTimeLeftAlarm", []string{"Threshold"}, 300},
		{map[string]string{"CacheAgeSeconds": "60"}, "LeastTimeLeftAlarm", []string{"Threshold"}, 60},
		{nil, "LateAlarm", []string{"Threshold"}, 300},
		{map[string]string{"TickMinutes": "30"}, "LateAlarm", []string{"Threshold"}, 3600},
		{nil, "RefresherFunction", variable("TOKENKEEPER_WRITES_PER_SECOND"), 40},
		{map[string]string{"WritesPerSecond": "5"}, "RefresherFunction", variable("TOKENKEEPER_WRITES_PER_SECOND"), 5},
		{nil, "RefresherFunction", []string{"MemorySize"}, 512},
		{map[string]string{"MemorySize": "256"}, "RefresherFunction", []string{"MemorySize"}, 256},
		{nil, "RefresherLog", []string{"RetentionInDays"}, 30},
		{map[string]string{"LogRetentionDays": "7"}, "RefresherLog", []string{"RetentionInDays"}, 7},
		{nil, "RefresherFunction", []string{"ReservedConcurrentExecutions"}, nil},
		{map[string]string{"ReservedConcurrency": "2"}, "RefresherFunction", []string{"ReservedConcurrentExecutions"}, 2},
		{nil, "RefresherFunction", []string{"VpcConfig"}, nil},
		{inVPC, "RefresherFunction", []string{"VpcConfig", "SubnetIds"}, subnets},
		{inVPC, "RefresherFunction", []string{"VpcConfig", "SecurityGroupIds"}, groups},
		{nil, "RefresherFunction", variable("TOKENKEEPER_ALLOW_LOOPBACK"), "false"},
		{nil, "RefresherFunction", variable("AWS_ENDPOINT_URL"), nil},
		{map[string]string{"EndpointUrl": "http://localhost:4566"}, "RefresherFunction", variable("TOKENKEEPER_ALLOW_LOOPBACK"), "true"},
		{map[string]string{"EndpointUrl": "http://localhost:4566"}, "RefresherFunction", variable("AWS_ENDPOINT_URL"), "http://localhost:4566"},
		{nil, "RefresherFunction", variable("TOKENKEEPER_CREDENTIAL_STORE"), "ssm"},
		{map[string]string{"CredentialStore": "secretsmanager"}, "RefresherFunction", variable("TOKENKEEPER_CREDENTIAL_STORE"), "secretsmanager"},
		{nil, "RefresherFunction", variable("TOKENKEEPER_KMS_KEY"), ""},
		{map[string]string{"KmsKeyArn": keyARN}, "RefresherFunction", variable("TOKENKEEPER_KMS_KEY"), keyARN},
		{nil, "RefresherFunction", variable("TOKENKEEPER_NAMESPACE"), "tokenkeeper"},
		{map[string]string{"Namespace": "team-a"}, "RefresherFunction", variable("TOKENKEEPER_NAMESPACE"), "team-a"},
		{nil, "RefresherFunction", variable("TOKENKEEPER_STACK"), stack},
		{nil, "RefresherFunction", variable("TOKENKEEPER_CREATE_SECRETS"), "true"},
		{map[string]string{"CreateSecrets": "false"}, "RefresherFunction", variable("TOKENKEEPER_CREATE_SECRETS"), "false"},
		{nil, "RefresherFunction", variable("TOKENKEEPER_SECRET_TAGS"), ""},
		{map[string]string{"SecretTags": tags}, "RefresherFunction", variable("TOKENKEEPER_SECRET_TAGS"), tags},
		{nil, "RefresherFunction", variable("AWS_USE_FIPS_ENDPOINT"), "false"},
		{map[string]string{"FipsEndpoints": "true"}, "RefresherFunction", variable("AWS_USE_FIPS_ENDPOINT"), "true"},
		{map[string]string{"DualStack": "true"}, "RefresherFunction", variable("AWS_USE_DUALSTACK_ENDPOINT"), "true"},
		{inVPC, "RefresherFunction", []string{"VpcConfig", "Ipv6AllowedForDualStack"}, nil},
		{inVPCv6, "RefresherFunction", []string{"VpcConfig", "Ipv6AllowedForDualStack"}, true},
		{map[string]string{"ProviderNetworks": "10.20.0.0/16"}, "RefresherFunction", variable("TOKENKEEPER_PROVIDER_NETWORKS"), "10.20.0.0/16"},
		{map[string]string{"Authorities": "/acme/authorities"}, "RefresherFunction", variable("TOKENKEEPER_AUTHORITIES"), "/acme/authorities"},
		{nil, "RefresherFunction", variable("HTTPS_PROXY"), nil},
		{proxied, "RefresherFunction", variable("HTTPS_PROXY"), "http://proxy.acme.example:3128"},
		{proxied, "RefresherFunction", variable("TOKENKEEPER_PROXY_RESOLVES"), "true"},
		{nil, "RefresherFunction", []string{"Events", "Tick", "Properties", "State"}, "ENABLED"},
		{map[string]string{"Paused": "true"}, "RefresherFunction", []string{"Events", "Tick", "Properties", "State"}, "DISABLED"},
		{nil, "StoppedAlarm", []string{"ActionsEnabled"}, true},
		{map[string]string{"Paused": "true"}, "StoppedAlarm", []string{"ActionsEnabled"}, false},
		{nil, "RefresherRole", []string{"PermissionsBoundary"}, nil},
		{map[string]string{"PermissionsBoundary": boundary}, "RefresherRole", []string{"PermissionsBoundary"}, boundary},
		{map[string]string{"PermissionsBoundary": boundary}, "SchedulerRole", []string{"PermissionsBoundary"}, boundary},
		{map[string]string{"RolePath": "/service/"}, "RefresherRole", []string{"Path"}, "/service/"},
		{map[string]string{"RolePath": "/service/"}, "SchedulerRole", []string{"Path"}, "/service/"},
		{nil, "RefresherLog", []string{"KmsKeyId"}, nil},
		{reportsKey, "RefresherLog", []string{"KmsKeyId"}, keyARN},
		{reportsKey, "FailureQueue", []string{"KmsMasterKeyId"}, keyARN},
		{reportsKey, "FailureQueue", []string{"SqsManagedSseEnabled"}, nil},
		{nil, "RefresherInvocations", []string{"DestinationConfig", "OnSuccess"}, nil},
		{map[string]string{withMessages: "true"}, "RefresherInvocations", []string{"DestinationConfig", "OnSuccess", "Destination"}, "InvocationBus.Arn"},
		{map[string]string{withMessages: "true", "ReportsKeyArn": keyARN}, "FailureTopic", []string{"KmsMasterKeyId"}, keyARN},
		{reportsKey, "AlarmTopic", []string{"KmsMasterKeyId"}, keyARN},
	} {
		what := fmt.Sprintf("%v: %v of %s", row.parameters, row.path, row.resource)
		got := find(resolve(t, row.parameters)[row.resource].Properties, row.path...)
		if row.want == nil && got != nil {
			t.Errorf("%s: %v, want nothing", what, got)
		} else if row.want != nil {
			equal(t, what, got, row.want)
		}
	}
}

// only is the one member of a list.
func only(t *testing.T, list any) map[string]any {
	t.Helper()
	members, _ := list.([]any)
	if len(members) != 1 {
		t.Fatalf("a list has %d members, want one: %v", len(members), list)
	}
	return members[0].(map[string]any)
}

// find is what properties have under a path, nil if that is nothing.
func find(properties map[string]any, path ...string) any {
	var v any = properties
	for _, key := range path {
		object, _ := v.(map[string]any)
		v = object[key]
	}
	return v
}

// at is what properties have under a path.
func at(t *testing.T, properties map[string]any, path ...string) any {
	t.Helper()
	v := find(properties, path...)
	if v == nil {
		t.Fatalf("nothing is at %v", path)
	}
	return v
}

// equal compares as CloudFormation does, to which a number and its text are one.
func equal(t *testing.T, what string, got, want any) {
	t.Helper()
	if fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("%s: %v, want %v", what, got, want)
	}
}
