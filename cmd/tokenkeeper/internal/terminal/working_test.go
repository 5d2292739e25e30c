package terminal

import (
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// What takes no time is not spoken of, and of the rest nothing is left on the screen.
func TestWorking(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for _, row := range []struct {
			took time.Duration
			want string
		}{
			{1200 * time.Millisecond, ""},
			{3500 * time.Millisecond, "\r\x1b[Kasking: 2s …\r\x1b[Kasking: 3s …\r\x1b[K"},
		} {
			var b strings.Builder
			stop := working(&b, "asking")
			time.Sleep(row.took)
			stop()
			if got := b.String(); got != row.want {
				t.Errorf("after %v it says %q, want %q", row.took, got, row.want)
			}
		}
		Working(&strings.Builder{}, "a pipe")()
	})
}
