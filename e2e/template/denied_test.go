package template_test

import (
	"maps"
	"slices"
	"strings"
	"testing"

	"example.com/tokenkeeper/e2e/internal/cloudformation"
	"example.com/tokenkeeper/internal/awstest"
	"example.com/tokenkeeper/internal/simulator"
)

const refresher = "RefresherRole"

// A place is a resource that an attacker may want to reach.
type place string

const (
	configs      place = "arn:aws:ssm:eu-north-1:123456789012:parameter/tokenkeeper/providers" // to list
	config       place = "arn:aws:ssm:eu-north-1:123456789012:parameter/tokenkeeper/providers/meitner"
	approved     place = "arn:aws:ssm:eu-north-1:123456789012:parameter/tokenkeeper/approved" // to list
	approval     place = "arn:aws:ssm:eu-north-1:123456789012:parameter/tokenkeeper/approved/meitner/meitner"
	longerConfig place = "arn:aws:ssm:eu-north-1:123456789012:parameter/tokenkeeper/providers/meitner-prod"
	credentials  place = "arn:aws:ssm:eu-north-1:123456789012:parameter/tokenkeeper/credentials" // to list
	credential   place = "arn:aws:ssm:eu-north-1:123456789012:parameter/tokenkeeper/credentials/meitner"
	credential2  place = "arn:aws:secretsmanager:eu-north-1:123456789012:secret:tokenkeeper/credentials/meitner-AbCdEf" // in the other store
	record       place = "arn:aws:secretsmanager:eu-north-1:123456789012:secret:tokenkeeper/tokens/meitner-AbCdEf"
	longerRecord place = "arn:aws:secretsmanager:eu-north-1:123456789012:secret:tokenkeeper/tokens/meitner-prod-AbCdEf"
	otherRecord  place = "arn:aws:secretsmanager:eu-north-1:123456789012:secret:tokenkeeper/tokens/educloud-AbCdEf"
	refreshToken place = "arn:aws:secretsmanager:eu-north-1:123456789012:secret:tokenkeeper/private/meitner-AbCdEf"
)

// outside are places out of reach of all here, by service.
var outside = map[string][]place{
	"ssm": {
		"*",
		"arn:aws:ssm:eu-north-1:123456789012:parameter/",
		"arn:aws:ssm:eu-north-1:123456789012:parameter/meitner",
		"arn:aws:ssm:eu-north-1:123456789012:parameter/tokenkeeper",
		"arn:aws:ssm:eu-north-1:123456789012:parameter/tokenkeeper/meitner",
		"arn:aws:ssm:eu-north-1:123456789012:parameter/tokenkeeper/others/meitner",
		"arn:aws:ssm:eu-north-1:123456789012:parameter/tokenkeeper-b/providers/meitner",
		"arn:aws:ssm:eu-north-1:123456789012:parameter/tokenkeeper-b/credentials/meitner",
		"arn:aws:ssm:eu-north-1:123456789012:parameter/b/tokenkeeper/providers/meitner",
		"arn:aws:ssm:eu-west-1:123456789012:parameter/tokenkeeper/providers",
		"arn:aws:ssm:eu-west-1:123456789012:parameter/tokenkeeper/providers/meitner",
		"arn:aws:ssm:eu-west-1:123456789012:parameter/tokenkeeper/approved/meitner/meitner",
		"arn:aws:ssm:eu-north-1:123456789012:parameter/tokenkeeper-b/approved/meitner/meitner",
		"arn:aws:ssm:eu-west-1:123456789012:parameter/tokenkeeper/credentials/meitner",
		"arn:aws:ssm:eu-north-1:210987654321:parameter/tokenkeeper/providers",
		"arn:aws:ssm:eu-north-1:210987654321:parameter/tokenkeeper/providers/meitner",
		"arn:aws:ssm:eu-north-1:210987654321:parameter/tokenkeeper/credentials/meitner",
	},
	"secretsmanager": {
		"*",
		"arn:aws:secretsmanager:eu-north-1:123456789012:secret:meitner-AbCdEf",
		"arn:aws:secretsmanager:eu-north-1:123456789012:secret:tokenkeeper/meitner-AbCdEf",
		"arn:aws:secretsmanager:eu-north-1:123456789012:secret:tokenkeeper/others/meitner-AbCdEf",
		"arn:aws:secretsmanager:eu-north-1:123456789012:secret:tokenkeeper-b/tokens/meitner-AbCdEf",
		"arn:aws:secretsmanager:eu-north-1:123456789012:secret:tokenkeeper-b/private/meitner-AbCdEf",
		"arn:aws:secretsmanager:eu-north-1:123456789012:secret:tokenkeeper-b/credentials/meitner-AbCdEf",
		"arn:aws:secretsmanager:eu-north-1:123456789012:secret:b/tokenkeeper/tokens/meitner-AbCdEf",
		"arn:aws:secretsmanager:eu-west-1:123456789012:secret:tokenkeeper/tokens/meitner-AbCdEf",
		"arn:aws:secretsmanager:eu-west-1:123456789012:secret:tokenkeeper/private/meitner-AbCdEf",
		"arn:aws:secretsmanager:eu-west-1:123456789012:secret:tokenkeeper/credentials/meitner-AbCdEf",
		"arn:aws:secretsmanager:eu-north-1:210987654321:secret:tokenkeeper/tokens/meitner-AbCdEf",
		"arn:aws:secretsmanager:eu-north-1:210987654321:secret:tokenkeeper/private/meitner-AbCdEf",
		"arn:aws:secretsmanager:eu-north-1:210987654321:secret:tokenkeeper/credentials/meitner-AbCdEf",
	},
	"lambda": {"*", "arn:aws:lambda:eu-north-1:123456789012:function:another"},
	"logs":   {"*", "arn:aws:logs:eu-north-1:123456789012:log-group:another:*"},
	"sqs":    {"*", "arn:aws:sqs:eu-north-1:123456789012:another"},
}

// unscoped are the actions that AWS knows no resources of (Service Authorization Reference),
// or checks on all: they alone may be allowed on all.
var unscoped = []string{
	"ec2:AssignPrivateIpAddresses", "ec2:CreateNetworkInterface", "ec2:DeleteNetworkInterface",
	"ec2:DescribeNetworkInterfaces", "ec2:DescribeSubnets", "ec2:UnassignPrivateIpAddresses",
	"lambda:GetAccountSettings", "lambda:ListFunctions", "scheduler:ListSchedules", "secretsmanager:ListSecrets",
}

// A company are the stack's role and its people, each with the policy of the template's.
type company struct {
	policies map[string]*awstest.Policy
	grants   map[string][]grant
}

func newCompany(t *testing.T, parameters map[string]string) company {
	t.Helper()
	parameters = maps.Clone(parameters)
	parameters["ConsumerPolicyForAll"] = "true"
	parameters["SubnetIds"], parameters["SecurityGroupIds"] = "subnet-0123456789abcdef0", "sg-0123456789abcdef0"
	resources := resolve(t, parameters)
	c := company{map[string]*awstest.Policy{}, map[string][]grant{}}
	for _, kind := range []string{"AWS::IAM::Role", "AWS::IAM::ManagedPolicy"} {
		for _, id := range cloudformation.Names(resources, kind) {
			d := bound(documents(t, resources[id]), "${aws:PrincipalTag/tokenkeeper-provider}", simulator.Meitner)
			c.policies[id], c.grants[id] = policy(t, d...), grantsOf(t, d)
		}
	}
	return c
}

// may reports whether one may do it with the tags that make it the most likely.
func (c company) may(who, action string, where place) bool {
	for _, key := range []string{"tokenkeeper:owner", "tokenkeeper:state", "tokenkeeper:paused", "tokenkeeper:credential", ""} {
		for _, stage := range []string{"AWSCURRENT", "AWSPREVIOUS"} {
			keys := map[string][]string{
				"aws:ResourceTag/tokenkeeper:owner": {stack},
				"secretsmanager:VersionStage":       {stage},
			}
			if key != "" {
				keys["aws:TagKeys"], keys["aws:RequestTag/"+key] = []string{key}, []string{stack}
			}
			if c.policies[who].Allows(awstest.Access{Action: action, Resource: string(where), Keys: keys}) {
				return true
			}
		}
	}
	return false
}

// actions are those of a service that any role may do anywhere, and others that none may.
func (c company) actions(service string) []string {
	all := map[string][]string{
		"secretsmanager": {
			"BatchGetSecretValue", "CancelRotateSecret", "DeleteResourcePolicy", "DeleteSecret", "GetResourcePolicy",
			"PutResourcePolicy", "RemoveRegionsFromReplication", "ReplicateSecretToRegions", "RestoreSecret", "RotateSecret",
			"StopReplicationToReplica", "UpdateSecret",
		},
		"ssm":    {"AddTagsToResource", "DeleteParameters", "GetParameters", "LabelParameterVersion", "PutResourcePolicy"},
		"lambda": {"DeleteFunction", "GetFunction", "UpdateFunctionCode", "UpdateFunctionConfiguration"},
	}[service]
	for i := range all {
		all[i] = service + ":" + all[i]
	}
	for _, grants := range c.grants {
		for _, g := range grants {
			if strings.HasPrefix(g.action, service+":") && !slices.Contains(unscoped, g.action) {
				all = append(all, g.action)
			}
		}
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// TestNobodyReachesOutside tries whatever anybody may do anywhere at places that are
// outside the stack's: another name space, region, account, function.
func TestNobodyReachesOutside(t *testing.T) {
	for name, parameters := range stores {
		c := newCompany(t, parameters)
		for who, grants := range c.grants {
			for _, g := range grants {
				if g.denies {
					continue
				}
				if strings.Contains(g.action, "*") {
					t.Errorf("%s, %s: %s allows %s, and more with every action that AWS adds", name, who, g.sid, g.action)
				}
				if g.resource == "*" && !slices.Contains(unscoped, g.action) {
					t.Errorf("%s, %s: %s allows %s on all there is", name, who, g.sid, g.action)
				}
			}
			for service, places := range outside {
				for _, action := range c.actions(service) {
					for _, where := range places {
						if c.may(who, action, where) {
							t.Errorf("%s: %s may do %s on %s", name, who, action, where)
						}
					}
				}
			}
		}
	}
}

// TestNobodyDoesMore tries, inside the name space, what is not for those who are named.
// That what is for them can be done, TestRoleIsUsed and TestPeopleAtWork show.
func TestNobodyDoesMore(t *testing.T) {
	sm := func(actions ...string) []string {
		for i := range actions {
			actions[i] = "secretsmanager:" + actions[i]
		}
		return actions
	}
	for name, parameters := range stores {
		c := newCompany(t, parameters)
		inSSM := parameters["CredentialStore"] == ""
		// except are the actions of a service but some.
		except := func(service string, but ...string) []string {
			return slices.DeleteFunc(c.actions(service), func(action string) bool {
				return slices.Contains(but, strings.TrimPrefix(action, service+":"))
			})
		}
		type row struct {
			who     string
			actions []string
			where   []place
		}
		secrets := []place{record, otherRecord, longerRecord, refreshToken, credential2}
		rows := []row{
			{refresher, except("secretsmanager", "CreateSecret", "DescribeSecret", "ListSecretVersionIds", "PutSecretValue",
				"TagResource", "UntagResource", "UpdateSecretVersionStage"), []place{record}},
			{refresher, except("secretsmanager", "DescribeSecret", "GetSecretValue", "ListSecretVersionIds", "PutSecretValue",
				"UpdateSecretVersionStage"), []place{refreshToken}},
			{refresher, except("secretsmanager", "DescribeSecret", "GetSecretValue"), []place{credential2}},
			{refresher, except("ssm", "GetParametersByPath"), []place{configs, approved}},
			{refresher, except("ssm", "GetParameter", "GetParameters", "GetParametersByPath"), []place{config, approval}},
			{refresher, except("ssm", "GetParameter", "GetParameters"), []place{credential}},
			{refresher, except("ssm", "GetParameter"), []place{credentials}},
			{refresher, c.actions("lambda"), []place{"RefresherFunction.Arn"}},

			{editor, sm("GetSecretValue", "PutSecretValue", "UpdateSecretVersionStage", "CreateSecret", "DeleteSecret", "UpdateSecret",
				"RestoreSecret", "PutResourcePolicy"), secrets},
			{editor, c.actions("secretsmanager"), []place{refreshToken}},
			{editor, except("secretsmanager", "DescribeSecret"), []place{credential2}},
			{editor, c.actions("ssm"), []place{credential, credentials}},
			{editor, except("ssm", "DeleteParameter", "GetParameter", "GetParameterHistory", "GetParametersByPath", "PutParameter"), []place{config}},
			{editor, except("ssm", "GetParametersByPath"), []place{approval, approved}},
			{oneOnly, except("ssm", "DeleteParameter", "GetParameter", "GetParameterHistory", "PutParameter"), []place{config}},
			{oneOnly, c.actions("ssm"), []place{configs, longerConfig, approval, approved, credential, credentials}},
			{oneOnly, append(c.actions("secretsmanager"), "secretsmanager:ListSecrets"), append([]place{"*"}, secrets...)},
			{oneOnly, except("lambda", "GetFunctionConfiguration"), []place{"RefresherFunction.Arn"}},
			{editor, except("lambda", "GetFunctionConfiguration", "InvokeFunction"), []place{"RefresherFunction.Arn"}},

			{oncall, sm("GetSecretValue", "PutSecretValue", "UpdateSecretVersionStage", "CreateSecret", "DeleteSecret", "UpdateSecret",
				"RestoreSecret", "PutResourcePolicy"), secrets},
			{oncall, c.actions("secretsmanager"), []place{refreshToken, credential2}},
			{oncall, except("ssm", "GetParametersByPath"), []place{config, configs, approval, approved}},
			{oncall, c.actions("ssm"), []place{credential, credentials}},
			{oncall, except("lambda", "GetFunctionConfiguration", "InvokeFunction"), []place{"RefresherFunction.Arn"}},

			{owner, sm("GetSecretValue"), []place{record, otherRecord, longerRecord, credential2}},
			{owner, sm("UpdateSecretVersionStage", "UpdateSecret", "RestoreSecret", "PutResourcePolicy"), secrets},
			{owner, except("secretsmanager", "DescribeSecret"), []place{record, otherRecord}},
			{owner, except("secretsmanager", "CreateSecret", "DescribeSecret", "GetSecretValue", "ListSecretVersionIds", "PutSecretValue",
				"TagResource"), []place{refreshToken}},
			{restorer, c.actions("secretsmanager"), []place{record, otherRecord, longerRecord, credential2}},
			{restorer, except("secretsmanager", "DescribeSecret", "GetSecretValue", "PutSecretValue", "TagResource"), []place{refreshToken}},
			{restorer, except("ssm", "GetParametersByPath"), []place{config, configs, approval, approved, credential, credentials}},
			{restorer, except("lambda", "GetFunctionConfiguration"), []place{"RefresherFunction.Arn"}},
			{owner, except("secretsmanager", "CreateSecret", "DeleteSecret", "DescribeSecret", "PutSecretValue"), []place{credential2}},
			{owner, except("ssm", "GetParametersByPath"), []place{config, configs, approved}},
			{owner, except("ssm", "DeleteParameter", "GetParameter", "GetParameterHistory", "GetParametersByPath", "PutParameter"), []place{approval}},
			{owner, except("ssm", "DeleteParameter", "PutParameter"), []place{credential, credentials}},
			{owner, except("lambda", "GetFunctionConfiguration"), []place{"RefresherFunction.Arn"}},

			{consumer, except("secretsmanager", "DescribeSecret", "GetSecretValue"), []place{record}},
			{consumer, c.actions("secretsmanager"), []place{otherRecord, longerRecord, refreshToken, credential2}},
			{everyone, except("secretsmanager", "DescribeSecret", "GetSecretValue"), []place{record, otherRecord, longerRecord}},
			{everyone, c.actions("secretsmanager"), []place{refreshToken, credential2}},
		}
		for _, who := range []string{consumer, everyone} {
			rows = append(rows, row{who, c.actions("ssm"), []place{config, configs, approval, approved, credential, credentials}},
				row{who, append(c.actions("lambda"), "lambda:ListFunctions"), []place{"RefresherFunction.Arn", "*"}},
				row{who, sm("ListSecrets"), []place{"*"}})
		}
		// The store that is not the one.
		for _, who := range []string{refresher, owner} {
			if inSSM {
				rows = append(rows, row{who, c.actions("secretsmanager"), []place{credential2}})
			} else {
				rows = append(rows, row{who, c.actions("ssm"), []place{credential}})
			}
		}
		for _, row := range rows {
			for _, action := range row.actions {
				for _, where := range row.where {
					if c.may(row.who, action, where) {
						t.Errorf("%s: %s may do %s on %s", name, row.who, action, where)
					}
				}
			}
		}
	}
}

// TestKeyIsForLittle has everybody use a key in every way: themselves or by way of a
// service, for every place and for none. What is not listed is denied.
func TestKeyIsForLittle(t *testing.T) {
	const another = "arn:aws:kms:eu-north-1:123456789012:key/99999999-2222-3333-4444-555555555555"
	type use struct {
		who, action, service string
		where                place
	}
	for name, parameters := range stores {
		c := newCompany(t, parameters)
		want := map[use]bool{}
		if parameters["KmsKeyArn"] != "" {
			for _, where := range []place{record, otherRecord, longerRecord} {
				want[use{refresher, "Decrypt", "secretsmanager", where}] = true
				want[use{refresher, "GenerateDataKey", "secretsmanager", where}] = true
				want[use{everyone, "Decrypt", "secretsmanager", where}] = true
			}
			want[use{consumer, "Decrypt", "secretsmanager", record}] = true
			for _, who := range []string{refresher, owner, restorer} {
				want[use{who, "Decrypt", "secretsmanager", refreshToken}] = true
				want[use{who, "GenerateDataKey", "secretsmanager", refreshToken}] = true
			}
			if parameters["CredentialStore"] == "" {
				want[use{refresher, "Decrypt", "ssm", credential}] = true
				want[use{owner, "Encrypt", "ssm", credential}] = true
				want[use{owner, "GenerateDataKey", "ssm", credential}] = true
			} else {
				want[use{refresher, "Decrypt", "secretsmanager", credential2}] = true
				want[use{owner, "Decrypt", "secretsmanager", credential2}] = true
				want[use{owner, "GenerateDataKey", "secretsmanager", credential2}] = true
			}
		}
		places := slices.Concat([]place{"", config, credential, record, otherRecord, longerRecord, refreshToken, credential2},
			outside["ssm"], outside["secretsmanager"])
		for who, policy := range c.policies {
			for _, key := range []string{keyARN, another, "*"} {
				for _, action := range []string{"Decrypt", "Encrypt", "GenerateDataKey", "GenerateDataKeyWithoutPlaintext",
					"ReEncryptFrom", "ReEncryptTo", "CreateGrant", "DescribeKey", "PutKeyPolicy", "ScheduleKeyDeletion"} {
					for _, service := range []string{"", "ssm", "secretsmanager", "s3"} {
						for _, where := range places {
							a := awstest.Access{Action: "kms:" + action, Resource: key, Keys: map[string][]string{}}
							if service != "" {
								a.Keys["kms:ViaService"] = []string{service + ".eu-north-1.amazonaws.com"}
							}
							if strings.HasPrefix(string(where), "arn:aws:ssm:") {
								a.Keys["kms:EncryptionContext:PARAMETER_ARN"] = []string{string(where)}
							} else if where != "" {
								a.Keys["kms:EncryptionContext:SecretARN"] = []string{string(where)}
							}
							seen := who == oncall && action == "DescribeKey" && parameters["KmsKeyArn"] != ""
							may := key == keyARN && (seen || want[use{who, action, service, where}])
							if got := policy.Allows(a); got != may {
								t.Errorf("%s: %s may do %s with %s by way of %q for %q: %v, want %v", name, who, a.Action, key, service, where, got, may)
							}
						}
					}
				}
			}
		}
	}
}

// TestAWSItself: what no call of the function shows, because Lambda and the scheduler make
// it, is allowed to them, and nothing beside it.
func TestAWSItself(t *testing.T) {
	log := []awstest.Access{
		{Action: "logs:CreateLogStream", Resource: "RefresherLog.Arn"},
		{Action: "logs:PutLogEvents", Resource: "RefresherLog.Arn"},
	}
	queue := []awstest.Access{{Action: "sqs:SendMessage", Resource: "FailureQueue.Arn"}}
	lambda := slices.Concat(log, queue)
	bus := append(slices.Clone(log), awstest.Access{Action: "events:PutEvents", Resource: "InvocationBus.Arn"})
	reports := func(service string) []awstest.Access {
		keys := map[string][]string{"kms:ViaService": {service}}
		return []awstest.Access{{Action: "kms:Decrypt", Resource: reportsKeyARN, Keys: keys}, {Action: "kms:GenerateDataKey", Resource: reportsKeyARN, Keys: keys}}
	}
	// Lambda developer guide, "Giving Lambda functions access to resources in an Amazon VPC".
	network := []awstest.Access{
		{Action: "ec2:AssignPrivateIpAddresses", Resource: "*"},
		{Action: "ec2:CreateNetworkInterface", Resource: "*"},
		{Action: "ec2:DeleteNetworkInterface", Resource: "*"},
		{Action: "ec2:DescribeNetworkInterfaces", Resource: "*"},
		{Action: "ec2:DescribeSubnets", Resource: "*"},
		{Action: "ec2:UnassignPrivateIpAddresses", Resource: "*"},
	}
	scheduler := []awstest.Access{{Action: "lambda:InvokeFunction", Resource: "RefresherFunction.Arn"}}
	for _, row := range []struct {
		what       string
		parameters map[string]string
		role       string
		may        []awstest.Access
		mayNot     []awstest.Access
	}{
		{"the function", nil, refresher, lambda, slices.Concat(network, scheduler)},
		{"the function in a VPC", map[string]string{"SubnetIds": "subnet-0123456789abcdef0", "SecurityGroupIds": "sg-0123456789abcdef0"},
			refresher, slices.Concat(lambda, network), scheduler},
		{"the function that hands on to a bus", map[string]string{withMessages: "true"}, refresher, bus, slices.Concat(network, scheduler, queue)},
		{"the function whose queue has a key", map[string]string{"ReportsKeyArn": reportsKeyARN}, refresher,
			slices.Concat(lambda, reports("sqs.eu-north-1.amazonaws.com")), slices.Concat(network, reports("secretsmanager.eu-north-1.amazonaws.com"), reports(""))},
		{"the schedule", nil, "SchedulerRole", scheduler, slices.Concat(lambda, network)},
	} {
		t.Run(row.what, func(t *testing.T) {
			d := documents(t, resolve(t, row.parameters)[row.role])
			role := policy(t, d...)
			for _, a := range row.may {
				if !role.Allows(a) {
					t.Errorf("%s is not allowed on %s", a.Action, a.Resource)
				}
			}
			for _, a := range row.mayNot {
				if role.Allows(a) {
					t.Errorf("%s is allowed on %s", a.Action, a.Resource)
				}
			}
			for _, a := range network {
				// A call by the code has the function that it is from.
				a.Keys = map[string][]string{"lambda:SourceFunctionArn": {"arn:aws:lambda:eu-north-1:123456789012:function:refresher"}}
				if role.Allows(a) {
					t.Errorf("%s is allowed to the code", a.Action)
				}
			}
			for _, g := range grantsOf(t, d) {
				if (g.elsewhere() != "" || row.role != refresher) && !g.denies && !g.used(row.may) {
					t.Errorf("%s allows %s on %s, which AWS does not need", g.sid, g.action, g.resource)
				}
			}
		})
	}
}
