package signing

import (
	"fmt"

	"example.com/tokenkeeper/internal/strictjson"
)

// encode returns an object as JSON, its members in the order in which they are. The error names
// a member, and no value: that may be a credential's.
func encode(members []strictjson.Member) ([]byte, error) {
	for _, m := range members {
		if _, err := (strictjson.Value{Type: strictjson.Object, Members: []strictjson.Member{m}}).Encode(); err != nil {
			return nil, fmt.Errorf("%.40q: %w", m.Name, &Fault{"is not text in UTF-8", "correct its encoding"})
		}
	}
	return strictjson.Value{Type: strictjson.Object, Members: members}.Encode()
}
