package place

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/lambda/types"

	"example.com/tokenkeeper/cmd/internal/stack"
	"example.com/tokenkeeper/internal/awscall"
)

// A Deployment is how a stack was set up. The environment of its function says it, as the
// template has written it there.
type Deployment struct {
	// Function is the name of the Lambda function; empty: it is not known.
	Function string
	// LogGroup is that of the function; empty: it is not known.
	LogGroup string
	// Namespace is what the names of all parameters and secrets begin with.
	Namespace stack.Namespace
	// Stack is the owner that secrets are tagged with.
	Stack string
	// CredentialStore is "ssm" or "secretsmanager".
	CredentialStore string
	// KMSKey encrypts what is made anew; empty: AWS's own keys do. Who states a deployment
	// says that by AWSKey.
	KMSKey string
	// SecretTags are given to secrets that are made, beside the product's own.
	SecretTags map[string]string
	// LeavesSecrets reports whether the function creates no secret that is missing.
	LeavesSecrets bool
	// Tick is the time between two runs, and CacheAge how long applications keep a record.
	Tick, CacheAge time.Duration
	// Timeout is that of the function, and WritesPerSecond how many writes of secrets it makes at
	// most.
	Timeout         time.Duration
	WritesPerSecond int
	// AllowLoopback reports whether providers may be on the function's own machine.
	AllowLoopback bool
}

// AWSKey states that AWS's own keys encrypt.
const AWSKey = "aws"

// undeployed is what counts where nothing else is known: the template's defaults.
func undeployed() Deployment {
	return Deployment{Namespace: stack.DefaultName, Stack: stack.DefaultName, CredentialStore: stack.InSSM, Tick: stack.DefaultTick, CacheAge: stack.DefaultCacheAge,
		Timeout: stack.DefaultTick - 3*time.Second}
}

// or returns d, and what others say of what it leaves open.
func (d Deployment) or(o Deployment) Deployment {
	tags := d.SecretTags
	if tags == nil {
		tags = o.SecretTags
	}
	return Deployment{
		Function:        cmp.Or(d.Function, o.Function),
		LogGroup:        cmp.Or(d.LogGroup, o.LogGroup),
		Namespace:       cmp.Or(d.Namespace, o.Namespace),
		Stack:           cmp.Or(d.Stack, o.Stack),
		CredentialStore: cmp.Or(d.CredentialStore, o.CredentialStore),
		KMSKey:          cmp.Or(d.KMSKey, o.KMSKey),
		Tick:            cmp.Or(d.Tick, o.Tick),
		CacheAge:        cmp.Or(d.CacheAge, o.CacheAge),
		Timeout:         cmp.Or(d.Timeout, o.Timeout),
		WritesPerSecond: cmp.Or(d.WritesPerSecond, o.WritesPerSecond),
		AllowLoopback:   d.AllowLoopback || o.AllowLoopback,
		LeavesSecrets:   d.LeavesSecrets || o.LeavesSecrets,
		SecretTags:      tags,
	}
}

// complete reports whether d leaves nothing open that says where things are put, whose they
// are, and what encrypts them.
func (d Deployment) complete() bool {
	return d.Namespace != "" && d.Stack != "" && d.CredentialStore != "" && d.KMSKey != ""
}

// ErrNoFunction says that there is no such function, or none of the stack.
var ErrNoFunction = errors.New("there is no such function")

// discover finds the function of the stack, or the one that is named, and reads its
// settings.
func discover(ctx context.Context, client *lambda.Client, stated Deployment) (Deployment, error) {
	if stated.Function != "" {
		out, err := client.GetFunctionConfiguration(ctx, &lambda.GetFunctionConfigurationInput{FunctionName: aws.String(stated.Function)})
		if err != nil {
			return Deployment{}, awscall.Call{Action: "lambda:GetFunctionConfiguration", Resource: stated.Function}.Failure(err)
		}
		if out.Environment == nil || out.Environment.Variables[stack.VarStack] == "" {
			return Deployment{}, fmt.Errorf("function %s has no settings of tokenkeeper's: is it another's?", stated.Function)
		}
		return deployment(stated.Function, out.LoggingConfig, out.Timeout, out.Environment.Variables), nil
	}
	name := cmp.Or(stated.Stack, undeployed().Stack)
	pages := lambda.NewListFunctionsPaginator(client, &lambda.ListFunctionsInput{})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return Deployment{}, awscall.Call{Action: "lambda:ListFunctions", Resource: "*"}.Failure(err)
		}
		for _, f := range page.Functions {
			if f.Environment == nil || f.Environment.Variables[stack.VarStack] != name {
				continue
			}
			return deployment(aws.ToString(f.FunctionName), f.LoggingConfig, f.Timeout, f.Environment.Variables), nil
		}
	}
	return Deployment{}, fmt.Errorf("%w: none in %s is of stack %s", ErrNoFunction, client.Options().Region, name)
}

// deployment reads the variables that the function reads. One that is missing or that
// cannot be read is left open: the function itself would not start with it.
func deployment(function string, logging *types.LoggingConfig, timeout *int32, env map[string]string) Deployment {
	group := "/aws/lambda/" + function
	if logging != nil {
		group = cmp.Or(aws.ToString(logging.LogGroup), group)
	}
	duration := func(name string) time.Duration {
		d, _ := time.ParseDuration(env[name])
		return d
	}
	writes, _ := strconv.Atoi(env[stack.VarWritesPerSecond])
	tags, _ := stack.Tags(env[stack.VarSecretTags])
	return Deployment{
		Function:        function,
		LogGroup:        group,
		Namespace:       stack.Namespace(env[stack.VarNamespace]),
		Stack:           env[stack.VarStack],
		CredentialStore: env[stack.VarCredentialStore],
		KMSKey:          env[stack.VarKMSKey],
		Tick:            duration(stack.VarTick),
		CacheAge:        duration(stack.VarCacheAge),
		Timeout:         time.Duration(aws.ToInt32(timeout)) * time.Second,
		WritesPerSecond: writes,
		AllowLoopback:   stack.Bool(env[stack.VarAllowLoopback], false),
		LeavesSecrets:   !stack.Bool(env[stack.VarCreateSecrets], true),
		SecretTags:      tags,
	}
}
