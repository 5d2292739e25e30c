package awstest

import (
	"encoding/base64"
	"encoding/json"
)

// A cursor is what a NextToken carries. It names the last item that was given,
// so that items which come and go between pages move no others.
type cursor struct {
	List  string // the listing and what it was asked for
	After string // key of the last item given
	Gap   bool   // an empty page is due
}

// page cuts the page that a token asks for out of items, whose keys ascend. The
// list identifies the request: a token of another one is refused. The size is what was
// asked for, or else what AWS gives.
func page[T any](o Options, list, token string, items []T, key func(T) string, asked *int, size int) ([]T, string, bool) {
	if asked != nil {
		size = *asked
	}
	at := cursor{List: list, Gap: o.EmptyPages}
	if token != "" {
		raw, err := base64.RawURLEncoding.DecodeString(token)
		if err != nil || json.Unmarshal(raw, &at) != nil || at.List != list {
			return nil, "", false
		}
	}
	for len(items) > 0 && at.After != "" && key(items[0]) <= at.After {
		items = items[1:]
	}
	if o.PageSize > 0 {
		size = min(size, o.PageSize)
	}
	switch {
	case len(items) == 0:
		return nil, "", true
	case at.Gap:
		at.Gap = false
		return nil, at.token(), true
	case len(items) <= size && !o.EmptyPages:
		return items, "", true
	}
	items = items[:min(size, len(items))]
	at.After, at.Gap = key(items[len(items)-1]), o.EmptyPages
	return items, at.token(), true
}

func (c cursor) token() string {
	return base64.RawURLEncoding.EncodeToString(encode(c))
}
