package status

import (
	"fmt"

	"example.com/tokenkeeper/internal/refresh"
	"example.com/tokenkeeper/internal/secret"
)

// Doubts returns what the owner of a credential should correct before it is stored, and what no
// run stops for.
func Doubts(where string, c refresh.Credential) refresh.Problems {
	_, doubtful := c.Conflicts()
	for _, name := range c.Names() {
		if c.Values[name].Len() < secret.LeastSecret && !c.IsPublic(name) && !refresh.NeverPublic(name) {
			doubtful = append(doubtful, refresh.Problem{Path: name,
				Detail: fmt.Sprintf("has fewer than %d characters, too few to be looked for in answers", secret.LeastSecret),
				Remedy: "if it is no secret, " + c.PublicLine(name)})
		}
	}
	doubtful = append(doubtful, absent(c, "public", c.Public)...)
	doubtful = append(doubtful, absent(c, "sign_only", c.SignOnly)...)
	for i := range doubtful {
		doubtful[i].Where = where
	}
	return doubtful
}

// absent notes the names in a list that no value of c has.
func absent(c refresh.Credential, list string, names []string) (found refresh.Problems) {
	for i, name := range names {
		if _, ok := c.Values[name]; !ok {
			found = append(found, refresh.Problem{Path: fmt.Sprintf("%s[%d]", list, i), Value: secret.Shown(name), Detail: "is not a value of the credential", Remedy: "remove it"})
		}
	}
	return found
}
