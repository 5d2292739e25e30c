package awscall_test

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ssm"

	"example.com/tokenkeeper/internal/awscall"
	"example.com/tokenkeeper/internal/awstest"
	"example.com/tokenkeeper/internal/refresh"
)

func refuse(code, message string) awstest.Fault {
	return awstest.Fault{Error: &awstest.Error{Status: 400, Code: code, Message: message}}
}

func TestFailure(t *testing.T) {
	for _, row := range []struct {
		name           string
		fault          awstest.Fault
		class          refresh.Class
		code           string
		detail, remedy string // parts of them
	}{
		{"denied", refuse("AccessDeniedException", "User: arn:aws:sts::1:role/x is not authorized"), refresh.Misconfigured, awscall.CodeDenied,
			`secretsmanager:PutSecretValue tokens/a: not allowed: AWS says "User: arn:aws:sts::1:role/x`, "allow the caller secretsmanager:PutSecretValue on tokens/a"},
		{"the key is not ours to use", refuse("AccessDeniedException", "Access to KMS is not allowed"), refresh.Misconfigured, awscall.CodeKey,
			"the KMS key cannot be used", "kms:GenerateDataKey and kms:Decrypt"},
		{"the role may not use the key", refuse("AccessDeniedException", "User: arn:aws:sts::1:assumed-role/x/y is not authorized to perform: kms:Decrypt on resource: arn:aws:kms:eu-north-1:1:key/k"), refresh.Misconfigured, awscall.CodeKey,
			"the KMS key cannot be used", "kms:GenerateDataKey and kms:Decrypt"},
		{"Parameter Store says that the key is not for the role", refuse("AccessDeniedException", "The ciphertext refers to a customer master key that does not exist, does not exist in this region, or you are not allowed to access."), refresh.Misconfigured, awscall.CodeKey,
			"the KMS key cannot be used", "kms:GenerateDataKey and kms:Decrypt"},
		{"a denial on a secret whose name has kms in it", refuse("AccessDeniedException", "User: arn:aws:sts::1:assumed-role/x/y is not authorized to perform: secretsmanager:PutSecretValue on resource: tokenkeeper/tokens/kmspro"), refresh.Misconfigured, awscall.CodeDenied,
			"not allowed: AWS says", "allow the caller secretsmanager:PutSecretValue on tokens/a"},
		{"the key is disabled", refuse("EncryptionFailure", "The key is disabled."), refresh.Misconfigured, awscall.CodeKey,
			"EncryptionFailure", "enable the key"},
		{"a hundred versions in a day", refuse("LimitExceededException", "x"), refresh.Transient, refresh.CodeWriteBudget,
			"at most 100", "what writes this secret so often"},
		{"the role's credentials are over", refuse("ExpiredTokenException", "x"), refresh.Transient, awscall.CodeCredentials, "ExpiredTokenException", ""},
		{"throttled to the last attempt", awstest.Throttle(0), refresh.Transient, awscall.CodeThrottled, "ThrottlingException, after 4 attempts", ""},
		{"failing to the last attempt", awstest.ServerError(0), refresh.Transient, awscall.CodeServer, "status 500, after 4 attempts", ""},
		{"no answer", awstest.Fault{Hang: true}, refresh.Transient, awscall.CodeUnreachable, "none in time, after 4 attempts", "AWS_ENDPOINT_URL"},
		{"the connection is lost", awstest.LoseRequest(0), refresh.Transient, awscall.CodeUnreachable, "the connection failed, after 4 attempts", "network"},
		{"refused for a reason nobody thought of", refuse("InvalidParameterException", "c4n@ry is not valid"), refresh.Transient, awscall.CodeRefused,
			"InvalidParameterException", ""},
	} {
		t.Run(row.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := newSubject(t)
				s.Fail("*", row.fault)
				got := awscall.Call{Action: "secretsmanager:PutSecretValue", Resource: "tokens/a"}.Failure(s.put(t.Context()))
				if got.Class != row.class || got.Code != row.code || !strings.Contains(got.Detail, row.detail) || !strings.Contains(got.Remedy, row.remedy) {
					t.Errorf("%s, %s: %v", got.Class, got.Code, got)
				}
				if strings.Contains(fmt.Sprintf("%v %+v %s", got, got, got.Detail), "c4n@ry") {
					t.Errorf("it repeats what was sent: %v", got)
				}
			})
		})
	}
}

func TestUnknownRefusalsAreSuspect(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSubject(t)
		s.Fail("*", refuse("SomethingNew", ""))
		if e := (awscall.Call{}).Failure(s.put(t.Context())); !e.Suspect {
			t.Errorf("%+v", e)
		}
	})
}

func TestForeignTextIsCutAndEscaped(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSubject(t)
		s.Fail("*", refuse("AccessDeniedException", "\x1b[31mred\n{\"level\":\"INFO\"}\u202e"+strings.Repeat("x", 1000)))
		text := awscall.Call{Action: "a", Resource: "r"}.Failure(s.put(t.Context())).Detail
		if len(text) > 400 {
			t.Errorf("it has %d bytes: %s", len(text), text)
		}
		for _, r := range text {
			if r < ' ' || r > '~' {
				t.Errorf("%U is in it: %q", r, text)
			}
		}
	})
}

func TestTheEndpointHasNoAddress(t *testing.T) {
	cfg := aws.Config{Region: "eu-north-1", Credentials: aws.AnonymousCredentials{}, HTTPClient: &http.Client{Transport: &http.Transport{
		DialContext: func(context.Context, string, string) (net.Conn, error) {
			return nil, &net.DNSError{Err: "no such host", Name: "ssm.eu-north-1.amazonaws.com", IsNotFound: true}
		}}}}
	awscall.Configure(&cfg)
	_, err := ssm.NewFromConfig(cfg).GetParameter(t.Context(), &ssm.GetParameterInput{Name: aws.String("/x")})
	e := awscall.Call{Action: "ssm:GetParameter", Resource: "/x"}.Failure(err)
	if e.Class != refresh.Transient || e.Code != awscall.CodeUnreachable || e.Detail != "ssm:GetParameter /x: no answer: its host name cannot be resolved" {
		t.Errorf("%s, %s: %v", e.Class, e.Code, e)
	}
}
