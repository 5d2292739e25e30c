package tokenkeeper_test

import (
	"flag"
	"fmt"
	"os"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "write the table of faults into docs/reliability.md")

// A fault is one that is tested: what is promised nevertheless, by which tests, and how often.
type fault struct {
	fault, promise string
	tests          []string
	figure         string // of the last run, where a test counts its cases
}

// The cases that the enumerations count are those of the commands in docs/reliability.md.
var faults = []fault{
	{"the process dies before or after any call", "the last good token stays readable; the next run finishes",
		[]string{"TestARunIsKilled", "TestAProcessThatDiesAtAnyCall", "TestRunsKilledBeforeEveryStep", "TestWorlds"}, "each call"},
	{"it dies with a refresh token in hand", "no consent is lost that a write could have saved",
		[]string{"TestTheBootstrapIsKilled", "TestEveryFaultOfARotatingLogin", "TestWorlds"}, "27,200 cases"},
	{"EIO, ENOSPC, EACCES or a kill at any call of a run in a folder, singly and in pairs, in one run and over two",
		"consumers read a whole token, never an older one; later runs mend the rest",
		[]string{"TestEveryFaultOfARunInAFolder"}, "2,010 cases"},
	{"two runs at once", "one login's token is current, never an older one",
		[]string{"TestRunsAtOnce", "TestManyProcesses", "TestConcurrentSwaps", "TestWorlds"}, ""},
	{"a duplicate event", "the two runs begin at different ends, and meet seldom",
		[]string{"TestTwoRunsMeetSeldom"}, "at most 50 of 1,000"},
	{"AWS refuses, throttles, hangs, loses connections", "repeated to the end of the call's time, on new connections",
		[]string{"TestACallAfterAnOutage", "TestARetryAfterAllConnectionsWereLost", "TestConnectionsThatAreLostDuringACall", "TestWorlds"}, ""},
	{"an outage before this run", "the run is as strong as the first", []string{"TestTheRunAfterAnOutage"}, ""},
	{"others use the account's quota", "the run waits up to half of its time", []string{"TestOthersUseTheQuotaAtTheBeginningOfARun"}, ""},
	{"a listing that is old", "what is due is described before a login", []string{"TestListIsAHint", "TestTheDescriptionLagsBehind", "TestWorlds"}, ""},
	{"power lost", "no half file is read", []string{"TestPowerLostAfterEveryStep"}, "each step"},
	{"a disk that is full or cannot be written", "found before the login; reported once, and so is its end",
		[]string{"TestFullDiskIsFoundBeforeTheLogin", "TestDiskThatCannotBeWritten", "TestTheEndOfAFailureThatIsNotNoted"}, ""},
	{"a secret that cannot be opened", "reported once, and so is its end", []string{"TestTheEndOfAFailureThatIsNotNoted"}, ""},
	{"a provider that answers 429", "one attempt a run, later and later, also past the end of the token; Retry-After is kept",
		[]string{"TestNextAfterFailures", "TestWorlds"}, ""},
	{"a provider that is down past the end of its token", "asked at most every five ticks", []string{"TestNextAfterFailures", "TestWorlds"}, ""},
	{"a login that is rejected", "not repeated within half an hour, unless something is edited", []string{"TestNextAfterFailures", "TestWorlds"}, ""},
	{"a provider that hangs, and hundreds of them", "the others are served", []string{"TestThoseThatHangStarveNobody"}, "700 of 720"},
	{"a panic", "one provider fails, and is noted", []string{"TestAPanicIsContained"}, ""},
	{"a clock that was wrong", "its version is replaced", []string{"TestAClockThatWasAhead", "TestWorlds"}, ""},
	{"a day's versions used up", "planned refreshes keep their room", []string{"TestTheVersionsOfADay", "TestWorlds"}, "at most 99 a day"},
}

// The table of faults in docs/reliability.md is this list, and its tests exist.
func TestReliability(t *testing.T) {
	const page = "docs/reliability.md"
	text, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	defined := definedTests(t)
	var b strings.Builder
	b.WriteString("| fault | promise | test | figure |\n|---|---|---|---|\n")
	for _, f := range faults {
		for _, name := range f.tests {
			if !defined[name] {
				t.Errorf("%q names %s, and there is no such test", f.fault, name)
			}
		}
		fmt.Fprintf(&b, "| %s | %s | `%s` | %s |\n", f.fault, f.promise, strings.Join(f.tests, "`, `"), f.figure)
	}
	begin, end := strings.Index(string(text), "| fault |"), strings.Index(string(text), "\n\n## Mutants")
	if begin < 0 || end < begin {
		t.Fatalf("%s has no table of faults before its section Mutants", page)
	}
	want := string(text[:begin]) + strings.TrimSuffix(b.String(), "\n") + string(text[end:])
	switch {
	case want == string(text):
	case *update:
		if err := os.WriteFile(page, []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
	default:
		t.Errorf("the table of faults in %s is another than this list: go test . -run TestReliability -update", page)
	}
	for _, m := range namedTest.FindAllStringSubmatch(string(text), -1) {
		if !defined[m[1]] {
			t.Errorf("%s names %s, and there is no such test", page, m[1])
		}
	}
}
