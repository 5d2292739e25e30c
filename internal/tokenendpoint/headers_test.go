package tokenendpoint_test

import (
	"fmt"
	"strings"
	"testing"
)

// No header has a server act on another path than the one that is pinned.
func TestHeadersThatNameAPath(t *testing.T) {
	for _, name := range []string{"X-Original-URL", "x-rewrite-url", "X-REWRITE-URL", "X-Original-Uri", "X-Forwarded-Uri", "X-Forwarded-Prefix", "x-envoy-original-path", "X-Accel-Redirect"} {
		for _, config := range []string{
			`{"token_endpoint": "https://id.example.com/token", "headers": {"` + name + `": "/gists"}}`,
			`{"request": {"url": "https://id.example.com/token", "headers": {"` + name + `": "${path}"}}}`,
		} {
			_, err := onLoopback().Provider(document("erp", config))
			if !strings.Contains(fmt.Sprint(err), "names another path") {
				t.Errorf("%s: %v", config, err)
			}
		}
	}
}
