package template_test

import (
	"slices"
	"strconv"
	"strings"
	"testing"

	"example.com/tokenkeeper/e2e/internal/cloudformation"
	"example.com/tokenkeeper/internal/awscall"
)

// TestForm: a user who deploys in the console finds each parameter once, under a label.
func TestForm(t *testing.T) {
	template, err := cloudformation.Read(root + "/template.yaml")
	if err != nil {
		t.Fatal(err)
	}
	form := template.Form()
	var asked []string
	for _, group := range form.Groups {
		asked = append(asked, group.Parameters...)
	}
	slices.Sort(asked)
	if all := template.Parameters(); !slices.Equal(asked, all) {
		t.Errorf("the groups have the parameters %q, want each of %q once", asked, all)
	}
	for _, name := range template.Parameters() {
		if form.Labels[name].Text == "" {
			t.Errorf("%s has no label", name)
		}
	}
	if len(form.Labels) != len(template.Parameters()) {
		t.Errorf("there are %d labels for %d parameters", len(form.Labels), len(template.Parameters()))
	}
}

// TestParameters gives the template what a person may type. What is refused is refused
// before anything is made, and in words.
func TestParameters(t *testing.T) {
	template, err := cloudformation.Read(root + "/template.yaml")
	if err != nil {
		t.Fatal(err)
	}
	for _, row := range []struct {
		parameters map[string]string
		refused    string // by a constraint that says this; empty: it is not
	}{
		{nil, ""},
		{map[string]string{"Namespace": "team-a"}, ""},
		{map[string]string{"Namespace": "ab"}, ""},
		{map[string]string{"Namespace": "tokens-eu"}, ""},
		{map[string]string{"Namespace": strings.Repeat("a", 32)}, ""},
		{map[string]string{"Namespace": strings.Repeat("a", 33)}, "lower-case"},
		{map[string]string{"Namespace": "a"}, "two or more"},
		{map[string]string{"Namespace": ""}, "two or more"},
		{map[string]string{"Namespace": "Team"}, "lower-case"},
		{map[string]string{"Namespace": "team/a"}, "lower-case"},
		{map[string]string{"Namespace": "team-"}, "not ending in a hyphen"},
		{map[string]string{"Namespace": "team\n"}, "lower-case"},
		{map[string]string{"Namespace": "aws-tokens"}, "not with aws or ssm"},
		{map[string]string{"Namespace": "ssm"}, "not with aws or ssm"},
		// A stack named so would have its secrets among those of another.
		{map[string]string{"Namespace": "tokens"}, "places in it"},
		{map[string]string{"Namespace": "private"}, "places in it"},

		{map[string]string{"KmsKeyArn": keyARN}, ""},
		{map[string]string{"KmsKeyArn": "arn:aws:kms:eu-north-1:123456789012:alias/tokens"}, "not of an alias"},
		{map[string]string{"KmsKeyArn": "alias/aws/secretsmanager"}, "not of an alias"},

		{map[string]string{"TickMinutes": "5", "CacheAgeSeconds": "30", "ReservedConcurrency": "1"}, ""},
		{map[string]string{"TickMinutes": "3"}, "TickMinutes"},
		{map[string]string{"CacheAgeSeconds": "29"}, "CacheAgeSeconds"},
		{map[string]string{"ReservedConcurrency": "11"}, "ReservedConcurrency"},

		{map[string]string{"AlarmEmail": "ops@acme.example", "AlarmTopicArn": "arn:aws:sns:eu-north-1:123456789012:ops"}, ""},
		{map[string]string{"AlarmEmail": "ops@acme.example, dev@acme.example"}, "one e-mail address"},
		{map[string]string{"AlarmTopicArn": "ops"}, "the ARN of a standard SNS topic"},

		{map[string]string{"WritesPerSecond": strconv.Itoa(awscall.MostWrites)}, ""},
		{map[string]string{"WritesPerSecond": strconv.Itoa(awscall.MostWrites + 1)}, "WritesPerSecond"},

		{map[string]string{"SecretTags": "cost-center=4711,team=data platform"}, ""},
		{map[string]string{"SecretTags": "a=1,b=2,c=3,d=4,e="}, ""},
		{map[string]string{"SecretTags": "a=1,b=2,c=3,d=4,e=5,f=6"}, "up to five"},
		{map[string]string{"SecretTags": "team"}, "KEY=VALUE"},
		{map[string]string{"SecretTags": "a=1,"}, "KEY=VALUE"},
		{map[string]string{"SecretTags": "aws:team=data"}, "no key beginning with aws"},
		{map[string]string{"SecretTags": "a=1,tokenkeeper:paused=x"}, "no key beginning with aws"},

		{map[string]string{"PermissionsBoundary": "arn:aws:iam::123456789012:policy/org/boundary"}, ""},
		{map[string]string{"PermissionsBoundary": "arn:aws-us-gov:iam::aws:policy/PowerUserAccess"}, ""},
		{map[string]string{"PermissionsBoundary": "boundary"}, "the ARN of a managed policy"},
		{map[string]string{"RolePath": "/service/tokens/"}, ""},
		{map[string]string{"RolePath": "/service"}, "begins and ends with a slash"},
		{map[string]string{"ReportsKeyArn": keyARN}, ""},
		{map[string]string{"ReportsKeyArn": "alias/reports"}, "not of an alias"},
		{map[string]string{"Paused": "yes"}, "Paused"},
		{map[string]string{"ProviderNetworks": "10.20.0.0/16,fd12:3456:789a::/48"}, ""},
		{map[string]string{"ProviderNetworks": "10.20.0.0"}, "CIDRs"},
		{map[string]string{"Authorities": "/acme/authorities"}, ""},
		{map[string]string{"Authorities": "authorities"}, "beginning with a slash"},
		{map[string]string{"EgressProxy": "http://proxy.acme.example:3128", "ProxyResolves": "true"}, ""},
		{map[string]string{"EgressProxy": "https://us:them@proxy.acme.example:3128"}, "http, host and port"},
		{map[string]string{"ProxyResolves": "true"}, "give both or neither"},

		{map[string]string{"EndpointUrl": "http://localhost:4566"}, ""},
		{map[string]string{"FipsEndpoints": "true", "DualStack": "true"}, ""},
		{map[string]string{"EndpointUrl": "http://localhost:4566", "FipsEndpoints": "true"}, "leave EndpointUrl empty"},
		{map[string]string{"EndpointUrl": "http://localhost:4566", "DualStack": "true"}, "leave EndpointUrl empty"},
		{map[string]string{"EndpointUrl": "localhost:4566"}, "scheme, host and port"},

		{map[string]string{"SubnetIds": "subnet-0123456789abcdef0,subnet-0123456789abcdef1", "SecurityGroupIds": "sg-0123456789abcdef0"}, ""},
		{map[string]string{"SubnetIds": "", "SecurityGroupIds": ""}, ""},
		{map[string]string{"SubnetIds": "subnet-0123456789abcdef0"}, "give both or neither"},
		{map[string]string{"SecurityGroupIds": "sg-0123456789abcdef0"}, "give both or neither"},
		{map[string]string{"SubnetIds": "vpc-0123456789abcdef0", "SecurityGroupIds": "sg-0123456789abcdef0"}, "subnet ids"},
	} {
		refusals, err := template.Refusals(cloudformation.Pseudo{}, row.parameters)
		if err != nil {
			t.Fatal(err)
		}
		said := strings.Join(refusals, "\n")
		if row.refused == "" && said != "" || row.refused != "" && (len(refusals) != 1 || !strings.Contains(said, row.refused)) {
			t.Errorf("%v: refused with %q, want %q", row.parameters, said, row.refused)
		}
	}
}
