package place

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/credentials/processcreds"
	"github.com/aws/aws-sdk-go-v2/credentials/ssocreds"
	"github.com/aws/smithy-go"

	"example.com/tokenkeeper/cmd/tokenkeeper/internal/localstore"
	"example.com/tokenkeeper/internal/awscall"
	"example.com/tokenkeeper/internal/refresh"
)

// An AccessError says why AWS cannot be asked anything, and what to do about it. No text of a
// credential source is in it.
type AccessError struct {
	Detail, Remedy string
	// Command is a command line that helps, or empty.
	Command string
	Err     error
}

func (e *AccessError) Error() string { return e.Detail }
func (e *AccessError) Unwrap() error { return e.Err }

// ErrNoCredentials says that AWS has no credentials to be asked with.
var ErrNoCredentials = errors.New("no AWS credentials are found")

// identify returns why there is no identity to ask AWS with, or nil.
func (o Options) identify(ctx context.Context, cfg aws.Config) error {
	if cfg.Credentials == nil {
		return nil
	}
	if _, err := cfg.Credentials.Retrieve(ctx); err != nil {
		return o.noIdentity(err)
	}
	return nil
}

// noIdentity says why the AWS configuration gives no credentials.
func (o Options) noIdentity(err error) error {
	profile := cmp.Or(o.Profile, os.Getenv("AWS_PROFILE"))
	named := func(text string) string {
		if profile == "" {
			return text
		}
		return text + " of profile " + profile
	}
	command := func(words string) string {
		if profile == "" {
			return words
		}
		return words + " --profile " + localstore.ShellWord(profile)
	}
	fail := func(detail, remedy, command string) error { return &AccessError{detail, remedy, command, err} }

	var noProfile config.SharedConfigProfileNotExistError
	var api smithy.APIError
	switch text := err.Error(); {
	case errors.As(err, &noProfile):
		return fail(fmt.Sprintf("there is no AWS profile %q", noProfile.Profile), "see which there are:", "aws configure list-profiles")
	case errors.As(err, new(*ssocreds.InvalidTokenError)), strings.Contains(text, "SSO token"):
		return fail(named("the SSO session")+" has expired", "log in again:", command("aws sso login"))
	case errors.As(err, new(config.AssumeRoleTokenProviderNotSetError)):
		return fail(named("the role")+" asks for an MFA code, which is read from a terminal only",
			"get credentials beforehand:", `eval "$(`+command("aws configure export-credentials --format env")+`)"`)
	case errors.As(err, new(*processcreds.ProviderError)):
		return fail(named("the credential_process")+" failed", "see what it says:", command("aws sts get-caller-identity"))
	case errors.As(err, &api):
		return fail(fmt.Sprintf("%s cannot be had: AWS answers %s", named("the AWS credentials"), api.ErrorCode()), "see what AWS says:", command("aws sts get-caller-identity"))
	case strings.Contains(text, "IMDS"):
		return &AccessError{ErrNoCredentials.Error(), "log in, and name a profile with --profile or AWS_PROFILE. What is found:", "aws configure list", ErrNoCredentials}
	}
	return fail(named("the AWS credentials")+" cannot be had", "see what is wrong:", command("aws sts get-caller-identity"))
}

// refused says of a call that AWS does not accept the credentials, or that there is no such
// region; other errors, which leave something to be seen, are nil.
func (o Options) refused(region string, err error) error {
	e, ok := errors.AsType[*refresh.Error](err)
	var api smithy.APIError
	if ok && e.Code == awscall.CodeCredentials && errors.As(err, &api) {
		return &AccessError{"the AWS credentials have expired, or are not accepted: " + api.ErrorCode(), "log in again. What is used:", "aws configure list", err}
	}
	if errors.As(err, new(*net.DNSError)) {
		return &AccessError{fmt.Sprintf("nothing of AWS is found in region %q", region), "look at --region and at the network; which regions there are:",
			"aws ec2 describe-regions --query 'Regions[].RegionName' --output text --region us-east-1", err}
	}
	return nil
}
