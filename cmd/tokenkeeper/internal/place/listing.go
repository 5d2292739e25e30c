package place

import (
	"context"
	"fmt"
	"slices"

	"example.com/tokenkeeper/internal/refresh"
)

// Configs lists a source and decides which documents run; see [refresh.Effective].
func Configs(ctx context.Context, from refresh.Lister) ([]refresh.Config, error) {
	docs, err := Documents(ctx, from)
	if err != nil {
		return nil, err
	}
	configs, _ := refresh.Effective(docs)
	return configs, nil
}

// Documents lists all configs, and then all approved copies, or returns an error: never some of
// them.
func Documents(ctx context.Context, from refresh.Lister) ([]refresh.Document, error) {
	docs, err := refresh.Pages(ctx, from.Configs)
	if err != nil {
		return nil, fmt.Errorf("loading provider configs: %w", err)
	}
	slices.SortStableFunc(docs, func(a, b refresh.Document) int {
		switch {
		case (a.Approver == "") == (b.Approver == ""):
			return 0
		case a.Approver == "":
			return -1
		}
		return 1
	})
	return docs, nil
}
