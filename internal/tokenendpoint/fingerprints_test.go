package tokenendpoint_test

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"example.com/tokenkeeper/internal/tokenendpoint"
)

// A fingerprint is part of the id of every token that is stored: were one to change with a
// release, every provider of that shape would be due at once.
func TestFingerprintsOfShapes(t *testing.T) {
	const file = "testdata/fingerprints.txt"
	var got strings.Builder
	for _, s := range shapes(t) {
		config := strings.ReplaceAll(s.Config, "URL", "https://id.example.com")
		provider, err := tokenendpoint.New(tokenendpoint.Options{}).Provider(document("erp", config))
		if err != nil {
			t.Errorf("%s: %v", s.Name, err)
			continue
		}
		fmt.Fprintf(&got, "%s  %s\n", provider.Config, s.Name)
	}
	if *update {
		if err := os.WriteFile(file, []byte(got.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got.String()); diff != "" {
		t.Errorf("fingerprints changed (-want +got):\n%s", diff)
	}
}
