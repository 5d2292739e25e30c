package status_test

import (
	"strings"
	"testing"
	"time"

	"example.com/tokenkeeper/cmd/tokenkeeper/internal/place"
	"example.com/tokenkeeper/cmd/tokenkeeper/internal/status"
	"example.com/tokenkeeper/internal/refresh"
)

func TestJudgeCapacity(t *testing.T) {
	aws := place.Room{Limits: refresh.Limits{Saves: 20}, RunTime: 57 * time.Second, Documents: 10_000}
	const hour, minutes = time.Hour, time.Minute
	for _, row := range []struct {
		name           string
		n              int
		lifetime       time.Duration
		documents      int
		failing        bool
		wrong, warning string
	}{
		{"four", 4, hour, 8, false, "", ""},
		{"just below the wall", 36_000, hour, 0, false, "", ""},
		{"above it", 38_000, hour, 0, false, "", "tokens are replaced later than planned"},
		{"far above it", 50_000, hour, 0, true, "an outage of 2m leaves applications", ""},
		{"that no schedule keeps through an outage", 10, 10 * minutes, 0, false, "", ""},
		{"many parameters", 4, hour, 9_500, false, "", "9500 of the 10000 standard parameters"},
	} {
		c := status.JudgeCapacity(aws, onAWS, tokens(row.n, row.lifetime), row.documents)
		if c.Failing() != row.failing || !strings.Contains(c.Wrong, row.wrong) || !strings.Contains(c.Warning, row.warning) ||
			(row.warning == "") != (c.Warning == "") {
			t.Errorf("%s: failing %t, %q, %q", row.name, c.Failing(), c.Wrong, c.Warning)
		}
	}
	few := tokens(6_500, hour)
	for i := range few {
		few[i].Rotates = true
	}
	for saves, remedy := range map[float64]string{2.5: "Raise WritesPerSecond (5; at most 48), or", 20: "", 4: "Raise WritesPerSecond (8; at most 48), or"} {
		aws.Saves = saves
		if c := status.JudgeCapacity(aws, onAWS, few, 0); !strings.Contains(c.Wrong, remedy) || c.Failing() != (remedy != "") {
			t.Errorf("%v saves a second: %q", saves, c.Wrong)
		}
	}
	aws.Saves = 24 // no more can be had
	if c := status.JudgeCapacity(aws, onAWS, append(few, append(few, few...)...), 0); c.Warning+c.Wrong == "" || strings.Contains(c.Warning+c.Wrong, "Raise") {
		t.Errorf("at most writes: %q", c.Warning+c.Wrong)
	}
	if c := status.JudgeCapacity(place.Room{RunTime: time.Minute}, onAWS, nil, 3); c != nil || c.Failing() {
		t.Errorf("a disk: %+v", c)
	}
}
