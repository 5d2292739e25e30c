package tokenendpoint

import (
	"fmt"
	"slices"

	"example.com/tokenkeeper/internal/answer"
	"example.com/tokenkeeper/internal/refresh"
	"example.com/tokenkeeper/internal/secret"
)

// refreshToken is the value that stands for the ticket of a provider that rotates them
// (see refresh.Provider.Rotates): it comes from the vault, never from the credential.
const refreshToken = "refresh_token"

// compileRefreshToken compiles where in the answer the next refresh token is.
func compileRefreshToken(ps *problems, given *string, rotates bool) answer.Path {
	if rotates {
		return compilePath(ps, "response.refresh_token", given, refreshToken)
	}
	if given != nil {
		ps.add("response.refresh_token", "", "has no effect: no refresh token is sent", `say "grant_type": "refresh_token", or write ${refresh_token} where the request has it`)
	}
	return answer.Path{}
}

// provides reports whether a value is not the credential's, but there when a request is
// built.
func (p plan) provides(name string) bool {
	return name == refreshToken && p.rotates || slices.ContainsFunc(p.jwts, func(j jwt) bool { return j.name == name })
}

// next returns the refresh token that came with the answer of x, or a warning where
// there is one that cannot be kept. None is usual: the one before goes on (RFC 6749
// section 6).
func (x exchange) next() (secret.Text, []string) {
	v, at := x.selected.RefreshToken, x.shape.RefreshToken
	text, ok := v.(string)
	switch {
	case v == nil || ok && text == "":
		return secret.Text{}, nil
	case text == sameTicket:
		return x.credential.Values[refreshToken], nil
	case !ok:
		return secret.Text{}, []string{fmt.Sprintf("the refresh token at %s is %s, so the one before is kept", show(at.String()), answer.TypeOf(v))}
	case len(text) > answer.MaxToken, refresh.CheckRefreshToken(secret.New(text)) != nil:
		return secret.Text{}, []string{fmt.Sprintf("the refresh token at %s is longer than %d bytes, or has characters that none has, so the one before is kept", show(at.String()), answer.MaxToken)}
	}
	return secret.New(text), nil
}

// spending returns f as it counts for a login that spends a refresh token. It may have
// been spent as soon as it was sent, and whoever sends it a second time looks like a
// thief, who is shut out with everybody (RFC 9700 section 4.14.2). So only an answer that
// was lost is asked for once more, at once: a provider that has one to give remembers it.
func spending(f *failure) *failure {
	switch {
	case f.lost:
		f.tries, f.atOnce = 2, true
	case f.sent:
		f.tries = 1
	}
	return f
}
