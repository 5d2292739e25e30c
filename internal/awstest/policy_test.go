package awstest_test

import (
	"strings"
	"testing"

	"example.com/tokenkeeper/internal/awstest"
)

const tokenARN = "arn:aws:secretsmanager:eu-north-1:123456789012:secret:tokenkeeper/tokens/meitner-AbCdEf"

func TestPolicyAllows(t *testing.T) {
	put := awstest.Access{Action: "secretsmanager:PutSecretValue", Resource: tokenARN}
	with := func(keys map[string][]string) awstest.Access {
		a := put
		a.Keys = keys
		return a
	}
	tagged := with(map[string][]string{"aws:ResourceTag/tokenkeeper:owner": {"prod"}})
	tags := func(keys ...string) awstest.Access { return with(map[string][]string{"aws:TagKeys": keys}) }
	allow := func(rest string) string {
		return `{"Effect": "Allow", "Action": "secretsmanager:*", "Resource": "*"` + rest + `}`
	}
	when := func(condition string) string { return allow(`, "Condition": {` + condition + `}`) }

	for _, tt := range []struct {
		name       string
		statements string
		access     awstest.Access
		want       bool
	}{
		{"nothing is allowed by nothing", ``, put, false},
		{"an action by its name", `{"Effect": "Allow", "Action": "secretsmanager:PutSecretValue", "Resource": "*"}`, put, true},
		{"an action in another case", `{"Effect": "Allow", "Action": "SecretsManager:putsecretvalue", "Resource": "*"}`, put, true},
		{"an action by wildcards", `{"Effect": "Allow", "Action": ["s3:*", "secretsmanager:Put*Val??"], "Resource": "*"}`, put, true},
		{"another action", `{"Effect": "Allow", "Action": "secretsmanager:Get*", "Resource": "*"}`, put, false},
		{"all actions but this one", `{"Effect": "Allow", "NotAction": "secretsmanager:Put*", "Resource": "*"}`, put, false},
		{"a denial wins over permission", allow(``) + `, {"Effect": "Deny", "Action": "*", "Resource": "*"}`, put, false},
		{"a denial of something else does not", allow(``) + `, {"Effect": "Deny", "Action": "*:Get*", "Resource": "*"}`, put, true},

		{"a resource by prefix", `{"Effect": "Allow", "Action": "*", "Resource": "arn:aws:secretsmanager:*:*:secret:tokenkeeper/tokens/*"}`, put, true},
		{"a resource by name and six characters", `{"Effect": "Allow", "Action": "*", "Resource": "arn:aws:secretsmanager:*:*:secret:tokenkeeper/tokens/meitner-??????"}`, put, true},
		{"a resource in another place", `{"Effect": "Allow", "Action": "*", "Resource": "arn:aws:secretsmanager:*:*:secret:tokenkeeper/private/*"}`, put, false},
		{"a resource in another region", `{"Effect": "Allow", "Action": "*", "Resource": "arn:aws:secretsmanager:us-east-1:*:secret:*"}`, put, false},
		{"a resource in another case", `{"Effect": "Allow", "Action": "*", "Resource": "arn:aws:secretsmanager:*:*:secret:Tokenkeeper/*"}`, put, false},
		{"a wildcard does not reach over a colon", `{"Effect": "Allow", "Action": "*", "Resource": "arn:*:secret:tokenkeeper/*"}`, put, false},
		{"an ARN cut short goes on with wildcards", `{"Effect": "Allow", "Action": "*", "Resource": "arn:aws:secretsmanager:*"}`, put, true},
		{"all resources but this one", `{"Effect": "Allow", "Action": "*", "NotResource": "arn:aws:secretsmanager:*:*:secret:tokenkeeper/*"}`, put, false},
		{"an action without resources needs the star", `{"Effect": "Allow", "Action": "*", "Resource": "arn:aws:secretsmanager:*:*:secret:*"}`,
			awstest.Access{Action: "secretsmanager:ListSecrets", Resource: "*"}, false},

		{"a tag that is there", when(`"StringEquals": {"aws:ResourceTag/tokenkeeper:owner": "prod"}`), tagged, true},
		{"a key in another case", when(`"StringEquals": {"AWS:resourcetag/tokenkeeper:owner": "prod"}`), tagged, true},
		{"a tag of several values wanted", when(`"StringEquals": {"aws:ResourceTag/tokenkeeper:owner": ["dev", "prod"]}`), tagged, true},
		{"a tag with another value", when(`"StringEquals": {"aws:ResourceTag/tokenkeeper:owner": "dev"}`), tagged, false},
		{"a value in another case", when(`"StringEquals": {"aws:ResourceTag/tokenkeeper:owner": "Prod"}`), tagged, false},
		{"a value in another case, ignored", when(`"StringEqualsIgnoreCase": {"aws:ResourceTag/tokenkeeper:owner": "Prod"}`), tagged, true},
		{"a tag that is not there", when(`"StringEquals": {"aws:ResourceTag/tokenkeeper:owner": "prod"}`), put, false},
		{"a tag that is not there, if it exists", when(`"StringEqualsIfExists": {"aws:ResourceTag/tokenkeeper:owner": "prod"}`), put, true},
		{"a tag that is not there, unlike", when(`"StringNotEquals": {"aws:ResourceTag/tokenkeeper:owner": "prod"}`), put, true},
		{"a tag unlike several values", when(`"StringNotEquals": {"aws:ResourceTag/tokenkeeper:owner": ["dev", "prod"]}`), tagged, false},
		{"a pattern", when(`"StringLike": {"aws:ResourceTag/tokenkeeper:owner": "pr?d*"}`), tagged, true},
		{"a wildcard is a character to StringEquals", when(`"StringEquals": {"aws:ResourceTag/tokenkeeper:owner": "pr*"}`), tagged, false},
		{"two keys must both hold", when(`"StringEquals": {"aws:ResourceTag/tokenkeeper:owner": "prod", "aws:RequestedRegion": "x"}`), tagged, false},
		{"two operators must both hold", when(`"StringEquals": {"aws:ResourceTag/tokenkeeper:owner": "prod"}, "Null": {"aws:TagKeys": "false"}`), tagged, false},
		{"a key that must be absent is", when(`"Null": {"aws:TagKeys": "true"}`), tagged, true},
		{"a key that must be absent is not", when(`"Null": {"aws:TagKeys": true}`), tags("a"), false},
		{"a number below the limit", when(`"NumericLessThanEquals": {"n": "7"}`), with(map[string][]string{"n": {"7"}}), true},
		{"a number above the limit", when(`"NumericLessThan": {"n": "7"}`), with(map[string][]string{"n": {"10"}}), false},
		{"a number at least the limit", when(`"NumericGreaterThanEquals": {"n": 7}`), with(map[string][]string{"n": {"10"}}), true},
		{"the number itself", when(`"NumericNotEquals": {"n": "7"}`), with(map[string][]string{"n": {"7.0"}}), false},
		{"a truth", when(`"Bool": {"ssm:Overwrite": "true"}`), with(map[string][]string{"ssm:Overwrite": {"true"}}), true},
		{"an ARN by pattern", when(`"ArnLike": {"aws:SourceArn": "arn:aws:lambda:*:*:function:refresher"}`), with(map[string][]string{"aws:SourceArn": {"arn:aws:lambda:eu-north-1:1:function:refresher"}}), true},

		{"all keys of a set", when(`"ForAllValues:StringEquals": {"aws:TagKeys": ["a", "b"]}`), tags("b", "a"), true},
		{"not all keys of a set", when(`"ForAllValues:StringEquals": {"aws:TagKeys": ["a", "b"]}`), tags("a", "c"), false},
		{"all keys of no set", when(`"ForAllValues:StringEquals": {"aws:TagKeys": ["a", "b"]}`), put, true},
		{"any key of a set", when(`"ForAnyValue:StringLike": {"aws:TagKeys": ["tokenkeeper:*"]}`), tags("x", "tokenkeeper:state"), true},
		{"any key of no set", when(`"ForAnyValue:StringLike": {"aws:TagKeys": ["*"]}`), put, false},
		{"a set without a set operator", when(`"StringEquals": {"aws:TagKeys": ["a", "b"]}`), tags("a", "b"), false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			p, err := awstest.ParsePolicy([]byte(`{"Version": "2012-10-17", "Statement": [` + tt.statements + `]}`))
			if err != nil {
				t.Fatal(err)
			}
			if got := p.Allows(tt.access); got != tt.want {
				t.Errorf("Allows = %v, want %v", got, tt.want)
			}
		})
	}
}

func TestParsePolicyRefusesWhatItWouldNotEvaluate(t *testing.T) {
	for _, tt := range []struct{ statement, complaint string }{
		{`{"Effect": "allow", "Action": "*", "Resource": "*"}`, "effect"},
		{`{"Effect": "Allow", "Resource": "*"}`, "Action"},
		{`{"Effect": "Allow", "Action": "*", "NotAction": "*", "Resource": "*"}`, "Action"},
		{`{"Effect": "Allow", "Action": "*"}`, "Resource"},
		{`{"Effect": "Allow", "Action": "*", "Resource": "*", "Principal": "*"}`, "Principal"},
		{`{"Effect": "Allow", "Action": "*", "Resource": {"Fn::Sub": "x"}}`, "want a string"},
		{`{"Effect": "Allow", "Action": "*", "Resource": "arn:aws:s3:::${aws:username}"}`, "variable"},
		{`{"Effect": "Allow", "Action": "*", "Resource": "*", "Condition": {"IpAddress": {"aws:SourceIp": "x"}}}`, "IpAddress"},
		{`{"Effect": "Allow", "Action": "*", "Resource": "*", "Condition": {"ForSomeValues:StringEquals": {"k": "x"}}}`, "ForSomeValues"},
	} {
		_, err := awstest.ParsePolicy([]byte(`{"Version": "2012-10-17", "Statement": ` + tt.statement + `}`))
		if err == nil || !strings.Contains(err.Error(), tt.complaint) {
			t.Errorf("ParsePolicy(%s) = %v, want a complaint about %s", tt.statement, err, tt.complaint)
		}
	}
	for _, document := range []string{``, `{}`, `{"Version": "2008-10-17", "Statement": []}`, `{"Version": "2012-10-17", "Statement": []} {}`} {
		if _, err := awstest.ParsePolicy([]byte(document)); err == nil {
			t.Errorf("ParsePolicy(%q) accepted it", document)
		}
	}
}
