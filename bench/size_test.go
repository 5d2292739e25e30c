package main

import (
	"testing"
	"time"
)

func TestPackageOf(t *testing.T) {
	for symbol, want := range map[string]string{
		"net/http.(*Client).Do":             "net/http",
		"runtime.mallocgc":                  "runtime",
		"main.main":                         "main",
		"code.dny.dev/ssrf.New":             "code.dny.dev/ssrf",
		"example.com/x/yaml%2ev3.Unmarshal": "example.com/x/yaml.v3",
		"slices.SortFunc[go.shape.struct { net/url.x string }]":          "slices",
		"github.com/aws/smithy-go/middleware.(*Stack).ID-fm":             "github.com/aws/smithy-go/middleware",
		"type:.eq.net/url.URL":                                           "net/url",
		"go:itab.*os.File,io.Writer":                                     "os",
		"crypto/internal/fips140/nistec.(*P256Point).add.func1":          "crypto/internal/fips140/nistec",
		"example.com/tokenkeeper/internal/refresh.(*run).one.deferwrap1": "example.com/tokenkeeper/internal/refresh",
		"_rt0_arm64_linux":                                               "",
	} {
		if got := packageOf(symbol); got != want {
			t.Errorf("%s: got %q, want %q", symbol, got, want)
		}
	}
}

// The floor of a thousand providers is the quota of writes: two each, at 40 a second.
func TestFloors(t *testing.T) {
	got := floors(1000, pace{20 * time.Millisecond, 200 * time.Millisecond}, time.Second)
	if got[0].time != 50*time.Second {
		t.Errorf("got %v (%s)", got[0].time, got[0].because)
	}
	// Few providers wait for what comes one after the other.
	got = floors(4, pace{20 * time.Millisecond, 200 * time.Millisecond}, 0)
	if want := 320 * time.Millisecond; got[0].time != want {
		t.Errorf("got %v (%s), want %v", got[0].time, got[0].because, want)
	}
}
