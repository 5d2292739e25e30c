package httprequest

import (
	"maps"
	"net/url"
	"regexp"
	"slices"
	"strings"

	"example.com/tokenkeeper/internal/problem"
	"example.com/tokenkeeper/internal/secret"
	"example.com/tokenkeeper/internal/template"
	"example.com/tokenkeeper/internal/wire"
)

// A Target is the URL of a request. Values of the credential may be in its path and
// query, percent-encoded, but never in what decides where it goes.
type Target struct {
	Site        wire.Site
	path, query template.Template // as they go out
	// Shown is the URL in errors: without its query, and with ${…} as written.
	Shown string
}

// authority is what of a URL comes before its path, query and fragment (RFC 3986 section 3).
var authority = regexp.MustCompile(`^([A-Za-z][A-Za-z0-9+.-]*):(?://([^/?#]*))?`)

// CompileTarget compiles a URL.
func CompileTarget(ps *problem.List, path, text string) Target {
	where := authority.FindStringSubmatch(text)
	refuse := func(detail, remedy string) Target {
		ps.Add(path, ShowURL(text), detail, remedy)
		return Target{}
	}
	if where == nil || where[2] == "" {
		return refuse("is not an absolute URL", `write it whole: "https://host/path"`)
	}
	if strings.Contains(where[0], "${") {
		return refuse("has ${…} where the host is", "write scheme, host and port out: no value may decide where secrets go")
	}
	s, fault := wire.ParseSite(strings.ToLower(where[1]), where[2])
	if fault != nil {
		return refuse(fault.Detail, fault.Remedy)
	}
	whole := CompileTemplate(ps, path, "", text[len(where[0]):])
	mustStand(ps, whole)
	plain := whole.Outline("_")
	if strings.Contains(plain, "#") {
		return refuse("has a fragment, which is never sent", "remove # and what follows, or write it %23")
	}
	if strings.ContainsFunc(plain, func(r rune) bool { return r <= ' ' || r > '~' || strings.ContainsRune(`"<>\^|`, r) }) {
		return refuse("has a character that no URL has", "percent-encode it")
	}
	pathPart, query := whole.Cut("?")
	if plain == "" || plain[0] == '?' {
		pathPart = template.Literal("/")
	}
	t := Target{Site: s, Shown: s.String() + pathPart.Written()}
	t.path, t.query = pathPart.Each(url.PathEscape), query.Each(url.QueryEscape)
	fixed := t.FixedQuery()
	for _, name := range slices.Sorted(maps.Keys(fixed)) {
		for _, value := range fixed[name] {
			if !strings.Contains(value, "${}") {
				refuseSecret(ps, path+"?"+name, name, value)
			}
		}
	}
	if dotSegment.MatchString(pathPart.Outline("_")) {
		return refuse(`has a segment "." or ".." in its path`, "write the path that is meant")
	}
	if _, err := url.PathUnescape(plain); err != nil {
		return refuse("has a % that no two hexadecimal digits follow", "write % as %25")
	}
	return t
}

// FixedPath returns the URL's path; empty: it holds a value.
func (t Target) FixedPath() string {
	path, _ := t.path.Fixed()
	return path
}

// FixedQuery returns the parameters of the URL's own query, with ${} for what is not written out. A
// semicolon separates them too, as it does for some servers.
func (t Target) FixedQuery() url.Values {
	query, _ := url.ParseQuery(strings.ReplaceAll(t.query.Outline("${}"), ";", "&")) // no value holds a separator
	return query
}

// dotSegment is a segment of an escaped path that clients and servers remove (RFC 3986 section 5.2.4).
var dotSegment = regexp.MustCompile(`(?i)(?:^|/)(?:\.|%2e){1,2}(?:/|$)`)

// longestURL is how many characters of a URL are shown.
const longestURL = 80

// ShowURL returns a URL in a form that may be printed: without what may hold a secret.
func ShowURL(text string) string {
	if i := strings.IndexAny(text, "?#"); i >= 0 {
		text = text[:i] + "…"
	}
	scheme, rest, ok := strings.Cut(text, "//")
	if user, host, has := strings.Cut(rest, "@"); ok && has && user != "" {
		rest = "…@" + host
	}
	if !ok {
		return problem.Show(text)
	}
	segments := strings.Split(rest, "/")
	segments[0] = ascii(segments[0]) // or what looks like another letter would look like it here
	for i, s := range segments[1:] {
		segments[i+1] = secret.Printable(secret.Mask(s), longestURL)
	}
	text = scheme + "//" + strings.Join(segments, "/")
	if runes := []rune(text); len(runes) > longestURL {
		text = string(runes[:longestURL]) + "…"
	}
	return `"` + text + `"`
}

// ascii returns text with all other letters, but the ellipsis, escaped as in JSON.
func ascii(text string) string {
	var b strings.Builder
	for _, r := range text {
		if r > '~' && r != '…' || r < ' ' {
			b.WriteString(secret.Escaped(r))
			continue
		}
		b.WriteRune(r)
	}
	return b.String()
}
