package place_test

import (
	"context"
	"testing"

	"github.com/google/go-cmp/cmp"

	"example.com/tokenkeeper/cmd/tokenkeeper/internal/place"
	"example.com/tokenkeeper/internal/refresh"
)

// A lister has one document a page.
type lister []refresh.Document

func (l lister) Configs(_ context.Context, from string) ([]refresh.Document, string, error) {
	i := len(from)
	if i == len(l)-1 {
		return l[i : i+1], "", nil
	}
	return l[i : i+1], from + "+", nil
}

func TestDocuments(t *testing.T) {
	docs, err := place.Documents(context.Background(), lister{
		{Name: "b", Approver: "x"}, {Name: "a", Approver: "x"}, {Name: "a", Approver: "a"}, {Name: "c"}, {Name: "b"}, {Name: "a"}})
	var got []string
	for _, d := range docs {
		got = append(got, d.Approver+"/"+d.Name)
	}
	if diff := cmp.Diff([]string{"/c", "/b", "/a", "x/b", "x/a", "a/a"}, got); diff != "" || err != nil {
		t.Errorf("%v (-want +got):\n%s", err, diff)
	}
}
