package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"example.com/tokenkeeper/cmd/internal/stack"
	"example.com/tokenkeeper/cmd/tokenkeeper/internal/localstore"
	"example.com/tokenkeeper/cmd/tokenkeeper/internal/place"
	"example.com/tokenkeeper/cmd/tokenkeeper/internal/terminal"
	"example.com/tokenkeeper/internal/refresh"
)

// placeFlags say which place is meant: a folder, or else a deployment on AWS.
type placeFlags struct {
	dir string
	aws awsFlags
}

func (f *placeFlags) register(cmd *cobra.Command) {
	registerDir(cmd, &f.dir)
	f.aws.register(cmd)
}

func registerDir(cmd *cobra.Command, dir *string) {
	cmd.Flags().StringVar(dir, "dir", "", "the `folder` with providers/, credentials/ and tokens/")
}

// noFolder has a command that is for AWS alone answer --dir with what a folder has instead. In the
// command line DIR is the folder that was given.
func noFolder(cmd *cobra.Command, err error, remedy, command string) {
	var dir string
	registerDir(cmd, &dir)
	_ = cmd.Flags().MarkHidden("dir") // the flag is there
	onAWS := cmd.Args
	cmd.Args = func(cmd *cobra.Command, args []string) error {
		if cmd.Flags().Changed("dir") {
			return instead(err, remedy, strings.ReplaceAll(command, "DIR", localstore.ShellWord(dir)))
		}
		return onAWS(cmd, args)
	}
}

// open opens the place.
func (f *placeFlags) open(ctx context.Context, c *cli) (place.Place, error) {
	if f.dir == "" {
		a, err := f.aws.open(ctx, c)
		return a, orFolder(err)
	}
	if f.aws != (awsFlags{}) {
		return nil, errTwoPlaces
	}
	return openFolder(f.dir)
}

// openToChange opens it for a command that changes something there.
func (f *placeFlags) openToChange(ctx context.Context, c *cli) (place.Place, error) {
	if f.dir == "" {
		a, err := f.aws.openToChange(ctx, c)
		return a, orFolder(err)
	}
	return f.open(ctx, c)
}

var errTwoPlaces = instead(errors.New("--dir names a folder, and other flags a deployment on AWS"), "give one or the other", "")

// orFolder says of an error for want of AWS that a folder does without.
func orFolder(err error) error {
	if e, ok := errors.AsType[*advisedError](err); ok && (errors.Is(err, place.ErrNoRegion) || errors.Is(err, place.ErrNoCredentials)) {
		return &advisedError{e.err, "without AWS, give --dir; with it, " + e.remedy, e.command, e.code}
	}
	return err
}

// A visit is what a command does at a place, which is open for as long as that takes.
type visit = func(cmd *cobra.Command, p place.Place, args []string) error

// looking completes a command that looks at the place.
func (c *cli) looking(cmd *cobra.Command, visit visit) *cobra.Command {
	var where placeFlags
	where.register(cmd)
	cmd.RunE = c.visiting(where.open, visit)
	return cmd
}

// changing completes one that changes something there.
func (c *cli) changing(cmd *cobra.Command, visit visit) *cobra.Command {
	var where placeFlags
	where.register(cmd)
	cmd.RunE = c.visiting(where.openToChange, visit)
	return cmd
}

func (c *cli) visiting(open func(context.Context, *cli) (place.Place, error), visit visit) func(*cobra.Command, []string) error {
	return func(cmd *cobra.Command, args []string) error {
		p, err := open(cmd.Context(), c)
		if err != nil {
			return err
		}
		defer p.Close()
		return visit(cmd, p, args)
	}
}

func openFolder(dir string) (place.Folder, error) {
	if dir == "" {
		return place.Folder{}, instead(errors.New("no folder is named"), "add: --dir DIR", "")
	}
	f, err := place.OpenFolder(dir)
	if errors.Is(err, fs.ErrNotExist) {
		word := localstore.ShellWord(dir)
		return f, instead(fmt.Errorf("there is no folder %s", dir), "name the one that has providers/ and credentials/ in it. To begin an empty one: mkdir -p "+word+"/providers"+
			". To get one for trying out:", "tokenkeeper simulate --dir "+word)
	}
	if err != nil {
		return f, instead(err, "name the folder that has providers/ and credentials/ in it; to get one for trying out:",
			"tokenkeeper simulate --dir "+localstore.ShellWord(dir))
	}
	return f, nil
}

// awsFlags say which deployment on AWS is meant.
type awsFlags struct {
	profile, region, endpoint, stack, function, namespace, credentialStore, kmsKey string
}

// awsAnnotation marks the flags that are for AWS alone: the help has them in a section of
// their own.
const awsAnnotation = "aws"

func (f *awsFlags) register(cmd *cobra.Command) {
	set := pflag.NewFlagSet("aws", pflag.ContinueOnError)
	set.StringVar(&f.stack, "stack", "", "the CloudFormation stack's `name`, or REGION/NAME, or PROFILE/REGION/NAME (default tokenkeeper)")
	set.StringVar(&f.function, "function", "", "the function's `name`, to find no other")
	set.StringVar(&f.namespace, "namespace", "", "the `name` that all others begin with (default as deployed)")
	set.StringVar(&f.credentialStore, "credential-store", "", "the `store`: ssm or secretsmanager (default as deployed)")
	set.StringVar(&f.kmsKey, "kms-key", "", "the `ARN` of the key, or aws for AWS's own (default as deployed)")
	set.StringVar(&f.profile, "profile", "", "the `name` of a profile of the AWS CLI")
	set.StringVar(&f.region, "region", "", "the AWS `region`")
	set.StringVar(&f.endpoint, "endpoint-url", "", "the `URL` to ask in the place of AWS")
	set.VisitAll(func(flag *pflag.Flag) { flag.Annotations = map[string][]string{awsAnnotation: nil} })
	cmd.Flags().AddFlagSet(set)
}

func (f *awsFlags) open(ctx context.Context, c *cli) (*place.AWS, error) {
	f = f.located()
	switch f.credentialStore {
	case "", stack.InSSM, stack.InSecretsManager:
	default:
		return nil, usagef("--credential-store is %q; it can be %s or %s", f.credentialStore, stack.InSSM, stack.InSecretsManager)
	}
	a, err := place.OpenAWS(ctx, place.Options{
		Profile:     f.profile,
		Region:      f.region,
		EndpointURL: f.endpoint,
		Stated: place.Deployment{
			Stack:           f.stack,
			Function:        f.function,
			Namespace:       stack.Namespace(f.namespace),
			CredentialStore: f.credentialStore,
			KMSKey:          f.kmsKey,
		},
		Now: c.now,
		MFA: c.askMFA(),
	})
	if errors.Is(err, place.ErrNoRegion) {
		return nil, instead(err, "give --region, or set AWS_REGION", "")
	}
	if access, ok := errors.AsType[*place.AccessError](err); ok {
		return nil, unlooked(access, access.Remedy, access.Command)
	}
	return a, err
}

// openToChange opens the deployment, unless its names would be guessed: what is put where no
// function looks is lost, and the command would say that all is well.
func (f *awsFlags) openToChange(ctx context.Context, c *cli) (*place.AWS, error) {
	a, err := f.open(ctx, c)
	if err == nil && a.Guessed {
		return nil, instead(fmt.Errorf("the deployment is not known, so nothing is changed: %w", a.Undiscovered),
			"give --stack or --function, and --region if it is another; or, where the function cannot be looked at, "+
				"all of --stack, --namespace, --credential-store and --kms-key", "")
	}
	return a, err
}

// assumed says that the settings of the function are not known, where it matters: on the
// standard error, since what is shown may still be right.
func (c *cli) assumed(p place.Place, s refresh.Schedule) {
	a, ok := p.(*place.AWS)
	if !ok || a.Undiscovered == nil {
		return
	}
	terminal.New(c.stderr, c.getenv).Paragraph("note: ", fmt.Sprintf(
		"the settings of the function are not known, so a tick of %s and a cache age of %s are assumed: %v",
		terminal.Span(s.Tick), terminal.Span(s.CacheAge), a.Undiscovered))
}

// scheduleFlags say what the moment of a refresh depends on.
type scheduleFlags struct {
	tick, cacheAge time.Duration
}

func (f *scheduleFlags) register(cmd *cobra.Command) {
	cmd.Flags().DurationVar(&f.tick, "tick", 0, "the time between two runs (default 1m, or as deployed)")
	cmd.Flags().DurationVar(&f.cacheAge, "cache-age", 0, "how long applications keep a record (default 5m, or as deployed)")
}

// over returns s with what the flags say instead.
func (f *scheduleFlags) over(s refresh.Schedule, cmd *cobra.Command) (refresh.Schedule, error) {
	if cmd.Flags().Changed("tick") {
		s.Tick = f.tick
	}
	if cmd.Flags().Changed("cache-age") {
		s.CacheAge = f.cacheAge
	}
	if err := s.Check(); err != nil {
		return s, misuse(err)
	}
	return s, nil
}
