package tokenendpoint

import (
	"fmt"
	"regexp"
	"strings"
)

// maxGrowth is how often an expression may make something of the whole of an answer, so
// that what it gives, and what it holds on the way, stays near the answer in size. An
// element of a list costs sixteen bytes and more, however short it is written.
const maxGrowth = 8

// What multiplies an answer: joins, by what stands between; to_string, by escaping what
// another has escaped; long texts, written beside each of many elements.
var (
	joins       = regexp.MustCompile(`join\s*\(`)
	writtenGlue = regexp.MustCompile("join\\s*\\(\\s*(?:'[^'\\\\]{0,16}'|`[^`\\\\]{0,18}`)\\s*,")
	toStrings   = regexp.MustCompile(`to_string\s*\(`)
	longText    = regexp.MustCompile("'[^']{65,}'|`[^`]{65,}`")
)

// tooComplex says why an expression could make a small answer large, or nothing.
func tooComplex(text string) (detail, remedy string) {
	const most, mostEscapes, mostSelections = 8, 3, 3
	shorter := "take a shorter path"
	parts, selections := selected(text)
	switch {
	case strings.Count(text, ",") > most:
		return fmt.Sprintf("has more than %d commas", most), shorter
	case strings.Count(text, "(") > most:
		return fmt.Sprintf("has more than %d parentheses", most), shorter
	case parts > maxGrowth || selections > mostSelections:
		return fmt.Sprintf("puts together more than %d parts, or parts of parts of parts", maxGrowth), "take fewer, or each in a field of its own"
	case len(toStrings.FindAllString(text, -1)) > mostEscapes:
		return fmt.Sprintf("calls to_string more than %d times", mostEscapes), shorter
	case len(longText.FindAllString(text, -1)) > 0 && !plainPath.MatchString(text):
		return "has a text of more than 64 bytes", "take a shorter one"
	case strings.Contains(text, "reverse"):
		return "calls reverse, which would make a text that nobody recognizes of what was sent", "count from the end: items[-1]"
	case len(joins.FindAllString(text, -1)) != len(writtenGlue.FindAllString(text, -1)):
		return "joins with something that is not written out, or is long", "write what stands between in single quotes, in at most 16 bytes: join(' ', …)"
	}
	return "", ""
}

// selected returns how many parts the multi-selects of an expression make together, such
// as [a, b] and {x: a}, if each is of all that the one before it gave; and how many
// multi-selects there are.
func selected(text string) (parts, selections int) {
	parts = 1
	var open []int // for each bracket that is open: how many parts so far; 0: it selects none
	for i := 0; i < len(text); i++ {
		switch c := text[i]; c {
		case '\'', '"', '`':
			for i++; i < len(text) && text[i] != c; i++ {
				if text[i] == '\\' {
					i++
				}
			}
		case '{':
			open = append(open, 1)
		case '[':
			rest := strings.TrimLeft(text[i+1:], " \t\r\n")
			if rest == "" || strings.ContainsRune("0123456789-:?]", rune(rest[0])) || allOf.MatchString(rest) {
				open = append(open, 0) // an index, a slice, a filter, a flatten or all items
			} else {
				open = append(open, 1)
			}
		case '(':
			open = append(open, 0)
		case ',':
			if n := len(open); n > 0 && open[n-1] > 0 {
				open[n-1]++
			}
		case ')', ']', '}':
			if n := len(open); n > 0 {
				if open[n-1] > 0 {
					selections++
					parts = min(parts*open[n-1], maxGrowth+1)
				}
				open = open[:n-1]
			}
		}
	}
	return parts, selections
}

// allOf is what stands in [*].
var allOf = regexp.MustCompile(`^\*\s*\]`)
