package shape_test

import (
	"path"
	"slices"
	"testing"

	"example.com/tokenkeeper/tools/shape/internal/shape"
)

// A package can be read from top to bottom: few arrows lead back up, and few files can only be
// understood together.
func TestPackagesReadFromTopToBottom(t *testing.T) {
	const largestCircle, largestOfFakes, uphillPercent = 6, 10, 10
	fakes := []string{"awstest", "simulator"}
	packages, err := shape.Measure("../../../..", "./internal/...", "./cmd/...")
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range packages {
		largest := largestCircle
		if slices.Contains(fakes, path.Base(p.Path)) {
			largest = largestOfFakes
		}
		if c := p.Circle(); len(c) > largest {
			t.Errorf("%s: %d files can only be understood together: %q; see go run ./tools/shape -v", p.Path, len(c), c)
		}
		if n := len(p.Uphill()); n > 1 && n*100 > len(p.Arrows)*uphillPercent {
			t.Errorf("%s: %d of %d arrows lead uphill; see go run ./tools/shape -v", p.Path, n, len(p.Arrows))
		}
	}
}
