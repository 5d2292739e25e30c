package awscall_test

import (
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"

	"example.com/tokenkeeper/internal/awscall"
	"example.com/tokenkeeper/internal/awstest"
)

func TestWhatIsRepeated(t *testing.T) {
	for _, row := range []struct {
		name     string
		fault    awstest.Fault
		attempts int
		within   time.Duration
		fails    bool
	}{
		{"throttled three times", awstest.Throttle(3), 4, 3 * time.Second, false},
		{"failed three times", awstest.ServerError(3), 4, 1500 * time.Millisecond, false},
		{"the request is lost once", awstest.LoseRequest(1), 2, 300 * time.Millisecond, false},
		{"the answer is lost once", awstest.LoseAnswer(1), 2, 300 * time.Millisecond, false},
		{"it hangs once", awstest.Fault{Hang: true, Times: 1}, 2, 2300 * time.Millisecond, false},
		{"too many versions", refuse("LimitExceededException", ""), 1, time.Millisecond, true},
		{"denied", awstest.Deny(), 1, time.Millisecond, true},
	} {
		t.Run(row.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := newSubject(t)
				s.Fail("*", row.fault)
				began := time.Now()
				err := s.put(t.Context())
				if (err != nil) != row.fails || s.Count() != row.attempts || time.Since(began) > row.within {
					t.Errorf("%d attempts in %v: %v", s.Count(), time.Since(began), err)
				}
				calls := s.Calls()
				if first, last := calls[0], calls[len(calls)-1]; string(first.Body) != string(last.Body) {
					t.Errorf("a repeated call is another one:\n%s\n%s", first.Body, last.Body)
				}
			})
		})
	}
}

func TestConfigureLimitsTheTimeOfAnAttempt(t *testing.T) {
	var cfg aws.Config
	awscall.Configure(&cfg)
	c, ok := cfg.HTTPClient.(*http.Client)
	if !ok || c.Timeout != 2*time.Second {
		t.Errorf("the HTTP client is %+v", cfg.HTTPClient)
	}
}
