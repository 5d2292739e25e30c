package signing

import (
	"fmt"

	"example.com/tokenkeeper/internal/strictjson"
)

// A Fault is what is wrong with a key, a certificate, or what is to be signed. It may be
// printed: nothing in it is taken from something secret.
type Fault struct {
	// Detail says what was found, without saying where: "is a public key".
	Detail string
	// Remedy says what to give instead.
	Remedy string
}

func (f *Fault) Error() string { return f.Detail + "; " + f.Remedy }

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
