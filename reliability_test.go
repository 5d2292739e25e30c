package tokenkeeper_test

import (
	"flag"
	"fmt"
	"os"
	"regexp"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "write the tables of docs/reliability.md")

// lastRun is what `tools/test simulation` printed last: see the target reliability in the Makefile.
const lastRun = "testdata/simulation.txt"

// A trial is a command of that step, and what it does.
type trial struct{ what, command string }

var trials = []trial{
	{"worlds in memory", "go test ./internal/simulation -count=1 -timeout 10m -run TestWorlds -v -args -worlds 48 -days 20"},
	{"worlds over wires", "go test ./internal/simulation -count=1 -timeout 10m -run TestWorlds -v -args -worlds 32 -wires"},
	{"a run of each kind of login: each call, to AWS and to the provider, against every fault, in a new process and in a warm one; singly, and in 1,000 pairs within one run and over two",
		"go test ./cmd/refresher -count=1 -timeout 10m -run TestEveryFaultOfARun -v -args -pairs 1000"},
	{"the bootstrap as it is deployed: SIGKILL before and after each call, and in 80 pairs over two runs",
		"go test ./cmd/refresher -count=1 -timeout 10m -run TestTheBootstrapIsKilled -v -args -kills 80"},
	{"a rotating login against every fault, one run or three at once, singly and in 20,000 pairs",
		"go test ./internal/refresh -count=1 -timeout 10m -run TestEveryFaultOfARotatingLogin -v -args -pairs 20000"},
	{"a run in a folder against every fault of each of its calls to the system, singly and in 400 pairs",
		"go test ./cmd/tokenkeeper/internal/localstore -count=1 -timeout 10m -run TestEveryFaultOfARunInAFolder -v -args -pairs 400"},
}

// A fault is one that is tested: what is promised nevertheless, by which tests, and how often.
type fault struct {
	fault, promise string
	tests          []string
	figure         string // a pattern: what matches it in the last run
}

var faults = []fault{
	{"a call of a run is denied, throttled, fails, gets lost on its way there or back, is slow, or gets no answer: once, five times, to the end of the run, or with another fault in this run or the next",
		"consumers keep a good token; the next runs mend the rest; a failure is reported; a person is called only if a refresh token arrived nowhere or no write went through",
		[]string{"TestEveryFaultOfARun", "TestWorlds"}, `\d+ cases of 11 kinds of login`},
	{"a fault before the run that its process outlives: an outage, connections that died in the pool, answers with another time",
		"the run is as strong as the first", []string{"TestEveryFaultOfARun", "TestTheRunAfterAnOutage", "TestARetryAfterAllConnectionsWereLost"}, `\d+ of them after a fault that the process outlived`},
	{"the process is killed before or after any call", "the last good token stays readable; the next run finishes",
		[]string{"TestTheBootstrapIsKilled", "TestARunIsKilled", "TestEveryFaultOfARun", "TestWorlds"}, `\d+ kills or pairs of them`},
	{"it is killed with a refresh token in hand", "no consent is lost that a write could have saved",
		[]string{"TestTheBootstrapIsKilled", "TestEveryFaultOfARotatingLogin", "TestAProcessThatDiesAtAnyCall", "TestWorlds"}, `\d+ cases of a rotating login`},
	{"EIO, ENOSPC, EACCES or a kill at any call of a run in a folder, singly and in pairs, in one run and over two",
		"consumers read a whole token, never an older one; later runs mend the rest",
		[]string{"TestEveryFaultOfARunInAFolder", "TestRunsKilledBeforeEveryStep"}, `\d+ cases of a run in a folder`},
	{"power lost", "no half file is read", []string{"TestPowerLostAfterEveryStep"}, ""},
	{"two runs at once", "one login's token is current, never an older one",
		[]string{"TestRunsAtOnce", "TestManyProcesses", "TestConcurrentSwaps", "TestWorlds"}, `\d+ doubled`},
	{"a duplicate event", "the two runs begin at different ends, and meet seldom", []string{"TestTwoRunsMeetSeldom"}, ""},
	{"AWS is down, throttles, hangs, loses connections for minutes or hours", "repeated to the end of the call's time, on new connections; after it all is well again",
		[]string{"TestACallAfterAnOutage", "TestConnectionsThatAreLostDuringACall", "TestWorlds"}, `\d+ outage`},
	{"others use the account's quota", "the run waits up to half of its time", []string{"TestOthersUseTheQuotaAtTheBeginningOfARun"}, ""},
	{"a listing that is old", "what is due is described before a login", []string{"TestListIsAHint", "TestTheDescriptionLagsBehind", "TestWorlds"}, `\d+ lagging`},
	{"a disk that is full or cannot be written", "found before the login; reported once, and so is its end",
		[]string{"TestFullDiskIsFoundBeforeTheLogin", "TestDiskThatCannotBeWritten", "TestTheEndOfAFailureThatIsNotNoted"}, ""},
	{"a secret that cannot be opened", "reported once, and so is its end", []string{"TestTheEndOfAFailureThatIsNotNoted"}, ""},
	{"a provider that answers 429", "one attempt a run, later and later, also past the end of the token; Retry-After is kept",
		[]string{"TestNextAfterFailures", "TestWorlds"}, ""},
	{"a provider that is down past the end of its token", "asked at most every five ticks", []string{"TestNextAfterFailures", "TestWorlds"}, `\d+ down`},
	{"a login that is rejected", "not repeated within half an hour, unless something is edited", []string{"TestNextAfterFailures", "TestWorlds"}, `\d+ wrong secret`},
	{"an answer without a token, or with the client secret in it", "it is not stored, reported once, and left alone for longer and longer",
		[]string{"TestNextAfterFailures", "TestAFailureWithANewRefreshTokenEachTime", "TestWorlds"}, `\d+ echoes`},
	{"a config that is wrong, removed or not approved, a credential that is missing, a secret that is not ours", "no provider is asked; reported once, and so is its end",
		[]string{"TestABadConfigStopsNoOther", "TestARemovedCredentialIsReported", "TestWorlds"}, `\d+ bad config`},
	{"a provider that hangs, and hundreds of them", "the others are served", []string{"TestThoseThatHangStarveNobody"}, ""},
	{"a panic", "one provider fails, and is noted", []string{"TestAPanicIsContained"}, ""},
	{"a clock that was wrong", "its version is replaced, and a failure that it noted is tried again", []string{"TestAClockThatWasAhead", "TestDecide"}, ""},
	{"clocks that differ by up to ten seconds", "all the same", []string{"TestWorlds"}, `\d+ clock off`},
	{"a day's versions used up", "planned refreshes keep their room", []string{"TestTheVersionsOfADay", "TestWorlds"}, ""},
}

// The tables of trials and faults in docs/reliability.md are these lists, with the figures of the
// last run of `tools/test simulation`; and their tests exist.
func TestReliability(t *testing.T) {
	const page = "docs/reliability.md"
	text, step, printed := read(t, page), read(t, "tools/test"), read(t, lastRun)
	defined := definedTests(t)
	var trialTable, faultTable strings.Builder
	for _, tr := range trials {
		if !strings.Contains(step, "shown "+tr.command+"\n") {
			t.Errorf("tools/test does not run %s", tr.command)
		}
		figure := printedBy(printed, tr.command)
		if !strings.Contains(figure, " 0 violations") {
			t.Errorf("%s says of %s: %q", lastRun, tr.command, figure)
		}
		fmt.Fprintf(&trialTable, "| %s | %s | `%s` |\n", tr.what, figure, tr.command)
	}
	for _, f := range faults {
		for _, name := range f.tests {
			if !defined[name] {
				t.Errorf("%q names %s, and there is no such test", f.fault, name)
			}
		}
		figure := ""
		if f.figure != "" {
			if figure = regexp.MustCompile(f.figure).FindString(printed); figure == "" {
				t.Errorf("%s has no %s", lastRun, f.figure)
			}
		}
		fmt.Fprintf(&faultTable, "| %s | %s | `%s` | %s |\n", f.fault, f.promise, strings.Join(f.tests, "`, `"), figure)
	}
	want := withTable(t, text, "| what | last run | command |", trialTable.String())
	want = withTable(t, want, "| fault | promise | test | figure |", faultTable.String())
	for _, m := range namedTest.FindAllStringSubmatch(want, -1) {
		if !defined[m[1]] {
			t.Errorf("%s names %s, and there is no such test", page, m[1])
		}
	}
	switch {
	case want == text:
	case !*update:
		t.Errorf("the tables in %s are others than these: go test . -run TestReliability -update", page)
	case t.Failed():
		t.Logf("%s is left as it is", page)
	default:
		if err := os.WriteFile(page, []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

// printedBy returns the last line that a test logged under a command, without the time that it took on
// some machine.
func printedBy(printed, command string) (line string) {
	_, after, _ := strings.Cut(printed, command+"\n")
	logged := regexp.MustCompile(`^ +\w+_test\.go:\d+: (.*)`)
	for l := range strings.Lines(after) {
		if strings.HasPrefix(l, "go test ") {
			break
		}
		if m := logged.FindStringSubmatch(l); m != nil {
			line = m[1]
		}
	}
	return regexp.MustCompile(` in [0-9hms.]+: `).ReplaceAllString(line, ": ")
}

// withTable returns a page with other rows in the table of that head.
func withTable(t *testing.T, page, head, rows string) string {
	t.Helper()
	before, after, ok := strings.Cut(page, head+"\n")
	rule, after, _ := strings.Cut(after, "\n")
	end := strings.Index(after, "\n\n")
	if !ok || end < 0 {
		t.Fatalf("there is no table %s", head)
	}
	return before + head + "\n" + rule + "\n" + strings.TrimSuffix(rows, "\n") + after[end:]
}

func read(t *testing.T, path string) string {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}
