package main

import (
	"context"
	"flag"
	"fmt"
	"strings"
	"time"

	"example.com/tokenkeeper/internal/refresh"
	"example.com/tokenkeeper/internal/refresh/scaletest"
)

// Dollars, in us-east-1. Each is from the page of its service, https://aws.amazon.com/SERVICE/pricing/.
const (
	secretAMonth    = 0.40                 // secrets-manager
	secretsCall     = 0.05 / 10_000        // secrets-manager
	advancedAMonth  = 0.05                 // systems-manager: an advanced parameter
	advancedRead    = 0.05 / 10_000        // systems-manager: for each that a call returns
	decryption      = 0.03 / 10_000        // kms, with AWS's own key
	gigabyteSecond  = 0.0000133334         // lambda, arm64
	invocation      = 0.20 / 1_000_000     // lambda
	gigabyteOfLogs  = 0.50                 // cloudwatch
	metricsAndSoOn  = 14*0.30 + 9*0.10 + 3 // cloudwatch: metrics, alarms, the dashboard
	ticksAMonth     = 365 * 24 * 60 / 12
	memoryGigabytes = 0.5

	linesOfARun, lineOfARefresh = 2e-6, 4e-7 // gigabytes
)

// price prints what a stack costs a month.
func price(_ context.Context, flags *flag.FlagSet, args []string) error {
	flags.Parse(args)
	fmt.Print(prices())
	return nil
}

// prices is the table of docs/scale.md.
func prices() string {
	var b strings.Builder
	b.WriteString("| tokens of an hour | secrets | calls, keys and parameters | Lambda and logs | together |\n|---|---|---|---|---|\n")
	row := func(n, stacks, writes int) {
		secrets, calls, function := monthly(n/stacks, writes)
		s := float64(stacks)
		name := fmt.Sprint(n)
		if stacks > 1 {
			name += fmt.Sprintf(", in %d stacks", stacks)
		}
		fmt.Fprintf(&b, "| %s | %s | %s | %s | %s |\n", name, dollars(s*secrets), dollars(s*calls), dollars(s*function), dollars(s*(secrets+calls+function)))
	}
	for _, n := range []int{10, 100, 1_000, 5_000, 10_000, 37_000} {
		row(n, 1, 40)
	}
	row(1_000_000, 24, 45)
	fmt.Fprintf(&b, "\nEach stack costs %s more, for metrics, alarms and the dashboard.\n", dollars(metricsAndSoOn))
	return b.String()
}

func dollars(d float64) string {
	if d < 100 {
		return fmt.Sprintf("$%.2f", d)
	}
	return fmt.Sprintf("$%.0f", d)
}

// monthly returns what so many tokens of an hour cost, but for what all stacks cost, however
// few they keep: metricsAndSoOn.
func monthly(n, writes int) (secrets, calls, function float64) {
	var interval time.Duration
	schedule := scaletest.New(scaletest.Options{}, 0, nil).Runner().Schedule
	for i := range n {
		interval += schedule.DueAt(scaletest.Name(i), refresh.Version{Lifetime: time.Hour}).Sub(time.Time{}) / time.Duration(n)
	}
	refreshes := float64(n) * ticksAMonth / (interval + schedule.Tick/2).Minutes()
	run := demand{logins: int(refreshes / ticksAMonth), pages: (n + 9) / 10, secrets: (n + 99) / 100}
	listings := float64(ticksAMonth)
	if 2*n > scaletest.FreeDocuments {
		run.pages /= 60
		listings /= 60
	}

	advanced := float64(max(2*n-10_000, 0)) // of a config and a credential each
	reads := (listings*float64(n) + refreshes*2) * advanced / float64(2*n)
	calls = secretsCall*(3*refreshes+float64(ticksAMonth*run.secrets)) + decryption*refreshes +
		advancedAMonth*advanced + advancedRead*reads

	took := run.least(scaletest.Options{Latency: 20 * time.Millisecond, Login: 200 * time.Millisecond, Writes: writes})
	function = gigabyteSecond*memoryGigabytes*took.Seconds()*ticksAMonth + invocation*ticksAMonth +
		gigabyteOfLogs*(linesOfARun*ticksAMonth+lineOfARefresh*refreshes)
	return secretAMonth * float64(n), calls, function
}
