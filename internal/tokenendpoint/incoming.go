package tokenendpoint

import (
	"example.com/tokenkeeper/internal/answer"
)

// A refresh token that comes with an answer is a credential, whether or not it was asked for and
// wherever the config looks for one: who has it can log in. So it is looked for like what was
// sent, in what is kept of the answer, reported of it and compared.

// leastRefreshToken is the size of the shortest text under that name that is taken for one, in
// bytes: some providers say "none" there.
const leastRefreshToken = 16

// incoming returns the refresh tokens in an answer: what response.refresh_token leads to, and
// all members of that name. The access token is none, where a provider states it twice.
func incoming(s answer.Selection) []string {
	token, _ := s.AccessToken.(string)
	var list []string
	add := func(v any, least int) {
		if text, ok := v.(string); ok && len(text) >= least && text != token && text != sameTicket {
			list = append(list, text)
		}
	}
	add(s.RefreshToken, leastSecret)
	var walk func(v any)
	walk = func(v any) {
		switch v := v.(type) {
		case []any:
			for _, item := range v {
				walk(item)
			}
		case map[string]any:
			add(v[refreshToken], leastRefreshToken)
			for _, inner := range v {
				walk(inner)
			}
		}
	}
	walk(s.Document.Value)
	return list
}

// remember has the refresh tokens in the answer looked for from now on.
func (x *exchange) remember() {
	list := incoming(x.selected)
	for _, text := range list {
		x.made.add(text, inAnswer)
	}
	if len(list) > 0 {
		x.all = x.known().Searcher()
	}
}
