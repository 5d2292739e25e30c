package awscall_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
	"github.com/aws/smithy-go"

	"example.com/tokenkeeper/internal/awscall"
	"example.com/tokenkeeper/internal/awstest"
	"example.com/tokenkeeper/internal/refresh"
	"example.com/tokenkeeper/internal/secret"
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
				// One of 100 versions in 24 hours: there is room again after 14.4 minutes.
				if got.Code == refresh.CodeWriteBudget && got.RetryAfter != 864*time.Second {
					t.Errorf("it is tried again after %v", got.RetryAfter)
				}
				if strings.Contains(fmt.Sprintf("%v %+v %s", got, got, got.Detail), "c4n@ry") {
					t.Errorf("it repeats what was sent: %v", got)
				}
			})
		})
	}
}

// The permissions on a key are those that the call needs (Secrets Manager user guide, "Secret
// encryption and decryption"; Systems Manager user guide, "AWS KMS encryption for SecureString").
func TestPermissionsOnAKey(t *testing.T) {
	const both, decrypt = "kms:GenerateDataKey and kms:Decrypt", "allow the caller kms:Decrypt on"
	for action, want := range map[string]string{
		"secretsmanager:PutSecretValue": both,
		"secretsmanager:CreateSecret":   both,
		"secretsmanager:GetSecretValue": decrypt,
		"ssm:GetParameter":              decrypt,
	} {
		err := &smithy.GenericAPIError{Code: "KMSAccessDeniedException"}
		if e := (awscall.Call{Action: action, Resource: "r"}).Failure(err); e.Code != awscall.CodeKey || !strings.Contains(e.Remedy, want) {
			t.Errorf("%s: %s: %s", action, e.Code, e.Remedy)
		}
	}
}

// Errors that no call of a configured client returned: its time was over before it, or it
// could not be built.
func TestFailureBeforeAnyAttempt(t *testing.T) {
	for err, want := range map[error]string{
		context.DeadlineExceeded: "a r: no answer: the time for it was over",
		context.Canceled:         "a r: no answer: the time for it was over",
		io.ErrUnexpectedEOF:      "a r: no answer: the connection failed, after one attempt",
	} {
		if e := (awscall.Call{Action: "a", Resource: "r"}).Failure(err); e.Detail != want || e.Code != awscall.CodeUnreachable {
			t.Errorf("%v: %s: %s", err, e.Code, e.Detail)
		}
	}
}

// A process without credentials, as a person at a terminal has it, or a role that has gone.
func TestNothingToSignWith(t *testing.T) {
	for _, text := range []string{
		"failed to refresh cached credentials, refresh cached SSO token failed, token expired",
		"process provider error: error in credential_process: exit status 1",
		"failed to refresh cached credentials, no EC2 IMDS role found",
	} {
		cfg := aws.Config{Region: "eu-north-1", HTTPClient: http.DefaultClient, Credentials: aws.CredentialsProviderFunc(
			func(context.Context) (aws.Credentials, error) { return aws.Credentials{}, errors.New(text) })}
		awscall.Configure(&cfg, awscall.WritesPerSecond)
		_, err := ssm.NewFromConfig(cfg).GetParameter(t.Context(), &ssm.GetParameterInput{Name: aws.String("/x")})
		e := awscall.Call{Action: "ssm:GetParameter", Resource: "/x"}.Failure(err)
		if e.Class != refresh.Transient || e.Code != awscall.CodeCredentials || !strings.Contains(e.Remedy, "aws sso login") ||
			e.Detail != fmt.Sprintf("ssm:GetParameter /x: not sent: this process has no AWS credentials: %q", text) {
			t.Errorf("%s: %v: %s", e.Code, e, e.Remedy)
		}
	}
}

// Each page of a list may wait for half of the time that is left.
func TestHalfOf(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), 8*time.Second)
		defer cancel()
		for _, want := range []time.Duration{4 * time.Second, 2 * time.Second, time.Second} {
			half, cancel := awscall.HalfOf(ctx)
			began := time.Now()
			<-half.Done()
			cancel()
			if took := time.Since(began); took != want || ctx.Err() != nil {
				t.Errorf("it ended after %v, want %v", took, want)
			}
		}
		endless, cancel := awscall.HalfOf(context.WithoutCancel(ctx))
		if _, ends := endless.Deadline(); ends || endless.Err() != nil {
			t.Error("half of a time without an end has one")
		}
		cancel()
		if endless.Err() == nil {
			t.Error("it is not cancelled")
		}
	})
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
		s.Fail("*", refuse("AccessDeniedException", "\x1b[31mred\n{\"level\":\"INFO\"}\u202e"+strings.Repeat("x", 2000)))
		text := awscall.Call{Action: "a", Resource: "r"}.Failure(s.put(t.Context())).Detail
		if len(text) > 700 {
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
	awscall.Configure(&cfg, awscall.WritesPerSecond)
	_, err := ssm.NewFromConfig(cfg).GetParameter(t.Context(), &ssm.GetParameterInput{Name: aws.String("/x")})
	e := awscall.Call{Action: "ssm:GetParameter", Resource: "/x"}.Failure(err)
	if e.Class != refresh.Transient || e.Code != awscall.CodeUnreachable || e.Detail != "ssm:GetParameter /x: no answer: its host name cannot be resolved" {
		t.Errorf("%s, %s: %v", e.Class, e.Code, e)
	}
}

// AWS's text is shown unless it may repeat a value that was sent.
func TestWhatIsQuoted(t *testing.T) {
	const sent = `{"client_id":"x","client_secret":"c4n@ry-secret"}`
	for _, row := range []struct {
		name, action, sent, text string
		quoted                   bool
	}{
		{"a call without a value", "ssm:GetParameter", "", "Parameter is not ready", true},
		{"a value that is not known here", "secretsmanager:PutSecretValue", "", "c4n@ry-secret is not valid", false},
		{"a value that is not known here, of a parameter", "ssm:PutParameter", "", "bad value c4n@ry-secret", false},
		{"a value that is not in the text", "ssm:PutParameter", sent, "Standard tier parameters support a maximum parameter value of 4096 characters.", true},
		{"a value that is in the text", "ssm:PutParameter", sent, "Value '" + sent + "' at 'value' failed", false},
		{"a part of it", "secretsmanager:CreateSecret", sent, "near c4n@ry-se: bad", false},
		{"seven bytes of it, as of any field", "ssm:PutParameter", sent, "the client_ is wrong", true},
		{"eight bytes of it", "ssm:PutParameter", sent, `the "client_ is wrong`, false},
		{"a short value", "secretsmanager:PutSecretValue", "hush", "hush is too short", false},
		{"a short value at the end of the text", "secretsmanager:PutSecretValue", "hush", "too short: hush", false},
	} {
		t.Run(row.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := newSubject(t)
				s.Fail("*", refuse("ValidationException", row.text))
				e := awscall.Call{Action: row.action, Resource: "r", Sent: secret.New(row.sent)}.Failure(s.put(t.Context()))
				if got := strings.Contains(e.Detail, "AWS says"); got != row.quoted || strings.Contains(e.Error(), "c4n@ry") || strings.Contains(e.Error(), "hush") {
					t.Errorf("%v", e)
				}
			})
		})
	}
}

// Which policy denies decides what to do.
func TestWhoseDenialItIs(t *testing.T) {
	const user = "User: arn:aws:sts::1:assumed-role/x/y is not authorized to perform: secretsmanager:CreateSecret on resource: tokens/a "
	for text, want := range map[string]string{
		"because no identity-based policy allows the secretsmanager:CreateSecret action":  "allow the caller",
		"with an explicit deny in a service control policy":                               "the organization forbids it",
		"because no service control policy allows the secretsmanager:CreateSecret action": "the organization forbids it",
		"with an explicit deny in a resource control policy":                              "the organization forbids it",
		"because no permissions boundary allows the secretsmanager:CreateSecret action":   "in the permissions boundary",
		"with an explicit deny in a permissions boundary":                                 "in the permissions boundary",
		"because no VPC endpoint policy allows the secretsmanager:CreateSecret action":    "in the policy of the VPC endpoint",
		"with an explicit deny in a resource-based policy":                                "remove the denial",
	} {
		synctest.Test(t, func(t *testing.T) {
			s := newSubject(t)
			s.Fail("*", refuse("AccessDeniedException", user+text))
			e := awscall.Call{Action: "secretsmanager:CreateSecret", Resource: "tokens/a"}.Failure(s.put(t.Context()))
			if e.Code != awscall.CodeDenied || !strings.Contains(e.Remedy, want) || !strings.Contains(e.Remedy, "secretsmanager:CreateSecret") {
				t.Errorf("%s: %q", text, e.Remedy)
			}
		})
	}
}
