package tokenendpoint

import (
	"fmt"
	"slices"

	"example.com/tokenkeeper/internal/answer"
	"example.com/tokenkeeper/internal/secret"
)

// A refresh token that comes with an answer is a credential, whether or not it was asked for and
// wherever the config looks for one: its holder can log in. So it is looked for like what was
// sent, in what is kept of the answer, reported of it and compared.

// leastRefreshToken is the size of the shortest text under that name that is taken for one, in
// bytes: some providers say "none" there.
const leastRefreshToken = 16

// incoming returns the refresh tokens in an answer: what response.refresh_token leads to, and
// all members, headers and cookies that are called like one. The access token is none where it
// renews itself, and where a provider states it twice, the other time by another name.
func incoming(s answer.Selection, renewsItself bool) []string {
	token, _ := s.AccessToken.(string)
	var list []string
	byRight := renewsItself
	for name, part := range s.Named() {
		text, _ := textOf(part)
		if len(text) >= leastRefreshToken && likeRefreshToken.MatchString(name) {
			list = append(list, text)
		}
		byRight = byRight || text != "" && text == token && !likeRefreshToken.MatchString(name)
	}
	list = slices.DeleteFunc(list, func(text string) bool { return text == sameTicket || text == token && byRight })
	if next, ok := textOf(s.RefreshToken); ok && len(next) >= secret.LeastSecret && next != token && next != sameTicket {
		list = append(list, next)
	}
	return list
}

// mostRefreshTokens is how many different ones an answer may have: tens of thousands fit into one, and
// to look for them all would take the time and the memory of a run.
const mostRefreshTokens = 100

// remember has the refresh tokens in the answer looked for from now on. Of an answer with too many
// nothing may be used or quoted.
func (x *exchange) remember() *failure {
	list := incoming(x.selected, x.plan.renewsItself)
	slices.Sort(list)
	if list = slices.Compact(list); len(list) > mostRefreshTokens {
		return x.fault(answer.CodeTooLarge, fmt.Sprintf("answered %d with more than %d refresh tokens", x.answer.Status, mostRefreshTokens),
			"look at "+x.request.Path+": a login gives one")
	}
	for _, text := range list {
		x.witness.made.add(text, inAnswer)
	}
	if len(list) > 0 {
		x.all = x.known().Searcher()
	}
	return nil
}
