package main

import (
	"os"
	"path/filepath"
	"strconv"
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

// Each line of equivalent.txt is about code that is there: a stale one stops the tool.
func TestEquivalentMutantsAreThere(t *testing.T) {
	for key := range equivalents() {
		parts := strings.SplitN(key, ": ", 4)
		text, err := os.ReadFile(filepath.Join("../..", parts[0]))
		if err != nil || len(parts) != 4 {
			t.Errorf("%s: %v", key, err)
			continue
		}
		_, index := strconv.Atoi(parts[3])
		named := strings.Contains(string(text), " "+parts[1]+"(") || strings.Contains(string(text), " "+parts[1]+"[")
		if !named || index != nil && !strings.Contains(string(text), parts[3]) {
			t.Errorf("there is no such code: %s", key)
		}
	}
}
