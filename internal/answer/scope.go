package answer

import (
	"slices"
	"strings"

	"example.com/tokenkeeper/internal/strictjson"
)

// scope returns the scope as the answer states it, and a warning where that is less than was
// asked for.
func (s Selection) scope() (scope string, warnings []string) {
	switch v := s.Scope.(type) {
	case string:
		scope = v
	case []any:
		var words []string
		for _, item := range v {
			if word, ok := item.(string); ok {
				words = append(words, word)
			}
		}
		scope = strings.Join(words, " ")
	}
	if strings.TrimSpace(scope) == "" {
		return "", nil // the same as asked for (RFC 6749 section 5.1)
	}
	has := strings.FieldsFunc(scope, func(c rune) bool { return c == ' ' || c == ',' || c == '\t' || c == '\n' })
	var missing []string
	for _, asked := range s.wanted.Token.Scopes {
		if !slices.ContainsFunc(has, func(h string) bool { return sameScope(asked, h) }) && !silent(asked) {
			missing = append(missing, asked)
		}
	}
	if len(missing) > 0 {
		warnings = append(warnings, "the token does not have all scopes that were asked for: "+strictjson.Enumerate(missing, "and")+" is missing")
	}
	return scope, warnings
}

// silent reports whether a scope is not repeated where it was granted: Microsoft's /.default
// means whatever the client may have, and offline_access asks for a refresh token, as do Ory's
// offline and Salesforce's refresh_token.
func silent(asked string) bool {
	return slices.Contains([]string{"offline_access", "offline", "refresh_token", ".default"}, asked) || strings.HasSuffix(asked, "/.default")
}

// sameScope reports whether a scope that was granted is the one that was asked for in other
// words: with or without the resource before it, as at Microsoft and Google, or in other case.
func sameScope(asked, granted string) bool {
	return strings.EqualFold(asked, granted) || strings.EqualFold(plainScope(asked), plainScope(granted))
}

// plainScope returns the last part of a scope that is a URI, without what Google has before the
// names of OpenID Connect.
func plainScope(scope string) string {
	if strings.Contains(scope, "://") {
		scope = scope[strings.LastIndexByte(scope, '/')+1:]
	}
	return strings.TrimPrefix(scope, "userinfo.")
}
