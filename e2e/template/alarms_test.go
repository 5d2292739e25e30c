package template_test

import (
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"example.com/tokenkeeper/e2e/internal/function"
	"example.com/tokenkeeper/internal/awstest"
	"example.com/tokenkeeper/internal/simulator"
)

// A shift is a stack watched by its alarms, period by period.
type shift struct {
	*world
	alarms  []*alarm
	history []period
	wentOff map[string]bool
}

// watch puts what the function printed, and what Lambda would have done with its failure,
// into the metrics of a new period. Without a result nothing ran in it.
func (s *shift) watch(results ...function.Result) {
	s.t.Helper()
	p := period{}
	for _, r := range results {
		for name, value := range r.Metrics(s.t) {
			p["tokenkeeper/"+name] = append(p["tokenkeeper/"+name], value)
		}
		if r.Failed {
			p["AWS/SQS/NumberOfMessagesSent"] = append(p["AWS/SQS/NumberOfMessagesSent"], 1)
		}
	}
	s.history = append(s.history, p)
	for _, a := range s.alarms {
		if a.evaluate(s.history) {
			s.wentOff[a.name] = true
		}
	}
}

func (s *shift) ticks(n int) {
	s.t.Helper()
	for range n {
		s.watch(s.tick())
	}
}

// down has Meitner not answer, with a token of an hour that was issued so long ago.
func (s *shift) down(ago time.Duration) {
	s.setRecord(simulator.Meitner, ago, time.Hour)
	s.sim.Break(simulator.Meitner, simulator.Reset())
}

// up has it answer again, and an operator not wait for the next attempt.
func (s *shift) up() {
	s.sim.Mend(simulator.Meitner)
	s.watch(s.force(simulator.Meitner), s.tick())
}

// TestAlarms has the function run well, then badly, then well again. The alarms that
// are for it go off, no others do, and all are quiet in the end.
func TestAlarms(t *testing.T) {
	bootstrap := function.Build(t, root)
	for _, row := range []struct {
		what string
		// prepare is what there was before the first tick.
		prepare func(*shift)
		bad     func(*shift)
		want    string
		mend    func(*shift)
	}{
		{
			what: "all is well",
			bad:  func(s *shift) { s.ticks(6) },
		},
		{
			what: "one failure that the next tick makes good",
			bad: func(s *shift) {
				s.Fail("ssm:GetParametersByPath", awstest.Deny())
				s.ticks(1)
				s.Heal()
			},
		},
		{
			what: "nothing runs for three ticks",
			bad: func(s *shift) {
				for range 3 {
					s.watch()
				}
			},
			want: "stopped",
		},
		{
			what: "three runs cannot begin",
			bad: func(s *shift) {
				s.Fail("ssm:GetParametersByPath", awstest.Deny())
				s.ticks(3)
			},
			want: "failure-queue stopped",
			mend: func(s *shift) { s.Heal() },
		},
		{
			what: "a client secret was changed at the provider",
			prepare: func(s *shift) {
				s.setRecord(simulator.METI, 50*time.Minute, time.Hour)
				s.sim.SetSecret(simulator.METI, "changed")
			},
			bad:  func(s *shift) { s.ticks(2) },
			want: "misconfigured",
			mend: func(s *shift) { s.setCredential(simulator.METI) },
		},
		{
			what:    "a refresh token was revoked",
			prepare: func(s *shift) { s.setUpRotating(); s.setRefreshToken("revoked") },
			bad: func(s *shift) { // it is looked at once more, here before the next tick would
				s.watch(s.tick(), s.force("rotating"))
				s.ticks(4)
			},
			want: "failing needs-person",
			mend: func(s *shift) { s.setRefreshToken("ticket-1") },
		},
		{
			what:    "a login with a refresh token is not answered",
			prepare: func(s *shift) { s.setUpRotating(); s.setRefreshToken("unanswered") },
			bad:     func(s *shift) { s.ticks(2) },
			want:    "refresh-token-unsure",
			mend:    func(s *shift) { s.setRefreshToken("ticket-1") },
		},
		{
			what:    "a provider is down for five ticks",
			prepare: func(s *shift) { s.down(50 * time.Minute) },
			bad:     func(s *shift) { s.ticks(5) },
			want:    "failing",
			mend:    (*shift).up,
		},
		{
			what:    "a provider is down, and is paused",
			prepare: func(s *shift) { s.down(50 * time.Minute) },
			bad:     func(s *shift) { s.ticks(5) },
			want:    "failing",
			mend: func(s *shift) {
				secret, _ := s.Secret("tokenkeeper/tokens/" + simulator.Meitner)
				secret.Tags["tokenkeeper:paused"] = ""
				s.SetSecret(secret)
			},
		},
		{
			what:    "a provider is down and its token ends within the cache age",
			prepare: func(s *shift) { s.down(57 * time.Minute) },
			bad:     func(s *shift) { s.ticks(2) },
			want:    "least-time-left",
			mend:    (*shift).up,
		},
		{
			what:    "a provider is down and its token is over",
			prepare: func(s *shift) { s.down(2 * time.Hour) },
			bad:     func(s *shift) { s.ticks(2) },
			want:    "expired least-time-left",
			mend:    (*shift).up,
		},
		{
			what: "a run has the time for no provider",
			prepare: func(s *shift) {
				s.SetParameter(awstest.Parameter{Name: "/tokenkeeper/providers/" + simulator.Meitner,
					Value: s.config(simulator.Meitner), Changed: time.Now().Add(-10 * time.Minute)})
				s.function.Timeout = 3 * time.Second // less than is kept for storing
			},
			bad:  func(s *shift) { s.ticks(2) },
			want: "late",
			mend: func(s *shift) { s.function.Timeout = timeout },
		},
	} {
		t.Run(row.what, func(t *testing.T) {
			w := newWorld(t, bootstrap, nil)
			s := &shift{world: w, alarms: alarms(t, w.resources), wentOff: map[string]bool{}}
			w.setUp()
			if row.prepare != nil {
				row.prepare(s)
			}
			// A history of good runs, as it was before the bad ones.
			good := period{"tokenkeeper/RunCompleted": {1}, "tokenkeeper/Expired": {0}, "tokenkeeper/Misconfigured": {0}, "tokenkeeper/NeedsPerson": {0}, "tokenkeeper/RefreshTokenUnsure": {0},
				"tokenkeeper/Failing": {0}, "tokenkeeper/Lateness": {0}, "tokenkeeper/LeastTimeLeft": {1800}}
			s.history = slices.Repeat([]period{good}, 5)
			row.bad(s)
			if got := strings.Join(slices.Sorted(maps.Keys(s.wentOff)), " "); got != row.want {
				t.Errorf("went off: %q, want %q", got, row.want)
			}
			if row.mend != nil {
				row.mend(s)
			}
			s.ticks(5)
			for _, a := range s.alarms {
				if a.alarming {
					t.Errorf("%s did not go back", a.name)
				}
			}
		})
	}
}
