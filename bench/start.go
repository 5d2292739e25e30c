package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"time"
)

// mostRatio is where something that takes long has crept into the initialisation of a
// package.
const mostRatio = 3

// start measures the time from the start of the process to its first request to the Runtime
// API: what a cold start takes beside what Lambda itself does. Both functions are started
// in turn, so that whatever else the machine does strikes both.
func start(ctx context.Context, flags *flag.FlagSet, args []string) error {
	rounds := flags.Int("rounds", 300, "how often each function is started")
	flags.Parse(args)
	dir, err := built(ctx, runtime.GOARCH)
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	api, err := newRuntimeAPI()
	if err != nil {
		return err
	}
	defer api.Close()

	took := make(map[string][]time.Duration)
	for range *rounds {
		for _, name := range []string{"bootstrap", "empty"} {
			if ctx.Err() != nil {
				return ctx.Err()
			}
			d, err := api.coldStart(filepath.Join(dir, name))
			if err != nil {
				return fmt.Errorf("%s: %w", name, err)
			}
			took[name] = append(took[name], d)
		}
	}
	fmt.Printf("%d starts each, %s, %d processors\n\n%-12s%10s%10s%10s\n", *rounds, runtime.GOARCH, runtime.NumCPU(), "ms", "median", "25 %", "75 %")
	for _, name := range []string{"bootstrap", "empty"} {
		slices.Sort(took[name])
		fmt.Printf("%-12s%10.1f%10.1f%10.1f\n", name, ms(took[name], 2), ms(took[name], 1), ms(took[name], 3))
	}
	ratio := ms(took["bootstrap"], 2) / ms(took["empty"], 2)
	fmt.Printf("\nratio of the medians: %.2f\n", ratio)
	if ratio > mostRatio {
		return fmt.Errorf("ours takes %.2f times as long as an empty function, more than %d: GODEBUG=inittrace=1 shows which package does", ratio, mostRatio)
	}
	return nil
}

func (a *runtimeAPI) coldStart(bootstrap string) (time.Duration, error) {
	began := time.Now()
	cmd, err := a.begin(bootstrap, io.Discard)
	if err != nil {
		return 0, err
	}
	defer end(cmd)
	at, err := a.ready()
	return at.Sub(began), err
}

// ms returns a quartile of sorted durations, in milliseconds.
func ms(sorted []time.Duration, quarter int) float64 {
	return float64(sorted[(len(sorted)-1)*quarter/4].Microseconds()) / 1000
}
