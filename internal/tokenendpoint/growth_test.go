package tokenendpoint_test

import (
	"errors"
	"fmt"
	"runtime"
	"strings"
	"testing"

	"example.com/tokenkeeper/internal/refresh"
)

// No expression that is taken makes much more of an answer than there was. (124)
func TestExpressionsDoNotGrow(t *testing.T) {
	body := `{"x": [` + strings.Repeat("0,", 100_000) + `0], "s": "` + strings.Repeat(`\"`, 100_000) + `"}`
	config := func(expression string) string {
		return fmt.Sprintf(`{"token_endpoint": "https://id.example.com/token", "response": {"extra": {"y": "%s"}}}`, expression)
	}
	body = strings.Replace(body, "{", `{"access_token": "t", "expires_in": 60, `, 1)
	// used is how much is allocated for it, in MiB.
	used := func(expression string) int {
		e := endpoint(t, onLoopback(), config(expression))
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		_, _ = e.Read(client("https://id.example.com"), 200, nil, []byte(body), noon)
		runtime.ReadMemStats(&after)
		return int(after.TotalAlloc-before.TotalAlloc) >> 20
	}
	plain := used("nothing")
	for _, expression := range []string{
		"x|" + strings.Repeat("[@,@][]|", 8) + "@",
		"x|" + strings.Repeat("[@,@][]|", 3) + "@",
		"x|" + strings.Repeat("{a:@,b:@}.*[]|", 8) + "@",
		"x|" + strings.Repeat("{a:@,b:@}.*[]|", 3) + "@",
		"x[*]" + strings.Repeat(".[@]", 200),
		"x[*].[@].[@].[@]",
		"x|[[@,@],[@,@]][][]|[[@,@],[@,@]][][]|@",
		strings.Repeat("to_string(", 8) + "s" + strings.Repeat(")", 8),
		strings.Repeat("to_string(", 3) + "s" + strings.Repeat(")", 3),
		"join('" + strings.Repeat("-", 900) + "', x[*].'')",
		"join('' || s, x[*].'')",
		"to_string(x[*].'" + strings.Repeat("-", 900) + "')",
		"to_string(x[*].'" + strings.Repeat("-", 60) + "')",
		"join('----------------', x[*].'')",
	} {
		if _, err := onLoopback().Provider(document("erp", config(expression))); errors.As(err, new(refresh.Problems)) {
			continue
		}
		if more := used(expression) - plain; more > 200 { // most of it is let go of again
			t.Errorf("%.80s: %d MiB more than %d, of %d KiB", expression, more, plain, len(body)>>10)
		}
	}
	// And what people write is taken.
	for _, expression := range []string{"items[?type=='access'].value | [0]", "join('.', [a, b])", "join(' ', scopes[*].name)", "{a: x, b: y, c: z}", "[a, b, c, d, e, f]", "a || b || c", "x[0].[a, b]", "contains(roles, 'admin')"} {
		if _, err := onLoopback().Provider(document("erp", config(expression))); err != nil {
			t.Errorf("%s: %v", expression, err)
		}
	}
}
