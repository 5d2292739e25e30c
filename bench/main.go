// Command bench measures the Lambda function: the bootstrap as sam build makes it, run on
// this machine, with Lambda's Runtime API, AWS and the providers played beside it.
//
//	go run ./bench tick     memory and time of a run with 1,000 providers due
//	go run ./bench scale    tokens that a stack keeps, in virtual time
//	go run ./bench price    what a stack costs a month
//	go run ./bench core     what a run does with the part of a processor that Lambda gives it
//	go run ./bench peers    what users would write instead, beside it
//	go run ./bench start    time to the first request for work, beside an empty function
//	go run ./bench size     what each dependency adds to the bootstrap
//
// Each ends non-zero when what it measures is beyond what is promised of it. It is run from
// the root of the repository, on Linux.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	err := run(ctx, os.Args[1:])
	stop()
	if err != nil {
		fmt.Fprintf(os.Stderr, "bench: %v\n", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string) error {
	measures := map[string]func(context.Context, *flag.FlagSet, []string) error{
		"tick": tick, "scale": scale, "core": core, "peers": peers, "start": start, "size": size, "price": price,
	}
	if len(args) == 0 || measures[args[0]] == nil {
		return fmt.Errorf("usage: go run ./bench tick|scale|price|core|peers|start|size")
	}
	return measures[args[0]](ctx, flag.NewFlagSet(args[0], flag.ExitOnError), args[1:])
}

// built builds the bootstrap for an architecture with the recipe that sam build uses, and
// the empty function with the same flags. The caller removes the folder.
func built(ctx context.Context, arch string) (dir string, err error) {
	dir, err = os.MkdirTemp("", "tokenkeeper-bench-")
	if err != nil {
		return "", fmt.Errorf("making a folder for the bootstrap: %w", err)
	}
	empty := goBuild(ctx, arch, "-ldflags", "-s -w", "-o", filepath.Join(dir, "empty"), "./bench/empty")
	for _, cmd := range []*exec.Cmd{
		exec.CommandContext(ctx, "make", "--silent", "build-RefresherFunction", "GOARCH="+arch, "ARTIFACTS_DIR="+dir),
		empty,
	} {
		if out, err := cmd.CombinedOutput(); err != nil {
			os.RemoveAll(dir)
			return "", fmt.Errorf("%v: %w\n%s", cmd, err, out)
		}
	}
	return dir, nil
}

// goBuild has the flags of the Makefile's recipe that matter to what comes of it.
func goBuild(ctx context.Context, arch string, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, "go", append([]string{"build", "-trimpath", "-buildvcs=false", "-tags", "lambda.norpc"}, args...)...)
	cmd.Env = append(os.Environ(), "GOOS=linux", "GOARCH="+arch, "CGO_ENABLED=0")
	return cmd
}
