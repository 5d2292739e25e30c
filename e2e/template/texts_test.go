package template_test

import (
	"fmt"
	"regexp"
	"strings"
	"testing"

	"example.com/tokenkeeper/e2e/internal/cloudformation"
)

// A command of the CLI in a text for people, and the flags after it.
var command = regexp.MustCompile(`\btokenkeeper [a-z-]+(?: put)?(?: NAME)?((?: --[a-z]+ [a-z0-9-]+)*)`)

// TestCommandsNameTheStack: who is woken by an alarm of one stack does not look at
// another one, and not in the region that is configured where he sits.
func TestCommandsNameTheStack(t *testing.T) {
	template, err := cloudformation.Read(root + "/template.yaml")
	if err != nil {
		t.Fatal(err)
	}
	staging := cloudformation.Pseudo{Account: "123456789012", Region: "eu-west-1", Stack: "staging"}
	resources, err := template.Resolve(staging, nil)
	if err != nil {
		t.Fatal(err)
	}
	texts, err := template.Outputs(staging, nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, id := range cloudformation.Names(resources, "AWS::CloudWatch::Alarm") {
		texts[id] = fmt.Sprint(resources[id].Properties["AlarmDescription"])
	}
	for _, id := range []string{"AddCredential", "Status", "ExpiredAlarm", "FailingAlarm", "MisconfiguredAlarm", "LeastTimeLeftAlarm"} {
		if !command.MatchString(texts[id]) {
			t.Errorf("%s has no command: %s", id, texts[id])
		}
	}
	for id, text := range texts {
		for _, found := range command.FindAllStringSubmatch(text, -1) {
			for _, flag := range []string{" --stack staging", " --region eu-west-1"} {
				if !strings.Contains(found[1], flag) {
					t.Errorf("%s has the command %q without%s", id, found[0], flag)
				}
			}
		}
		if strings.Contains(text, "aws ") && !strings.Contains(text, "--region eu-west-1") {
			t.Errorf("%s has a command of the AWS CLI without the region: %s", id, text)
		}
	}
}
