package main

import (
	"strings"
	"testing"
)

func TestAPackageThatIsNotMutated(t *testing.T) {
	for _, name := range []string{"internal/nosuch", "refresh", "./internal/refresh"} {
		if err := run(options{only: name}); err == nil || !strings.Contains(err.Error(), name+" is none of those that are mutated: internal/refresh, ") {
			t.Errorf("%s: %v", name, err)
		}
	}
}
