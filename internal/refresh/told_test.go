package refresh_test

import (
	"slices"
	"testing"

	"example.com/tokenkeeper/internal/refresh"
)

// What an answer has wrong each time is reported once, and again when it was right in between.
func TestWarningsAreReportedOnce(t *testing.T) {
	var told refresh.Told
	for i, row := range []struct {
		provider  string
		have, new []string
	}{
		{"a", []string{"x", "y"}, []string{"x", "y"}},
		{"a", []string{"x", "y"}, nil},
		{"b", []string{"x"}, []string{"x"}},
		{"a", []string{"y", "z"}, []string{"z"}},
		{"a", nil, nil},
		{"a", []string{"y"}, []string{"y"}},
	} {
		if got := told.News(row.provider, row.have); !slices.Equal(got, row.new) {
			t.Errorf("login %d: %q are reported, want %q", i, got, row.new)
		}
	}
}
