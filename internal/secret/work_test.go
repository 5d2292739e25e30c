package secret_test

import (
	"errors"
	"fmt"
	"html"
	"net/url"
	"strings"
	"testing"

	"example.com/tokenkeeper/internal/secret"
)

// Whatever a text is, searching it takes a bounded number of comparisons: a text beyond that
// is refused, and not printed.
func TestWorkIsBounded(t *testing.T) {
	s := secret.NewSearcher(needles(600))
	for name, text := range worst(64 << 10) {
		taken, allowed, ok := s.Steps(text)
		t.Logf("%s: %.1f comparisons for each byte, %v", name, float64(taken)/float64(len(text)), ok)
		if most := 1<<15 + 8*len(text) + 24*strings.Count(text, `\`); allowed > most || taken > most+1000 {
			t.Errorf("%s: %d comparisons, %d are allowed, and at most %d are wanted", name, taken, allowed, most)
		}
		found, err := s.Find(text)
		if ok != (err == nil) && found == "" || err != nil && !errors.Is(err, secret.ErrUnsearchable) {
			t.Errorf("%s: %v, %v", name, ok, err)
		}
		got := s.Redact(text[:4096])
		for _, v := range needles(8) {
			if strings.Contains(got, v.Text.Reveal()[30:42]) {
				t.Errorf("%s: printed as %.80q", name, got)
			}
		}
	}
}

// Of values with much in common, what is read of one is read of all: what follows is passed over at a cost, too.
func TestWorkOnSharedParts(t *testing.T) {
	var values []secret.Value
	for i := range 200 {
		values = append(values, secret.Value{Name: fmt.Sprint(i), Text: secret.New(fmt.Sprintf("%05dwhatallofthesehaveincommon", i))})
	}
	s := secret.NewSearcher(values)
	one := secret.NewSearcher([]secret.Value{{Name: "one letter", Text: secret.New(strings.Repeat("a", 48<<10))}})
	if taken, allowed, ok := one.Steps(strings.Repeat("a", 16<<10)); ok || taken > allowed+1000 {
		t.Errorf("one letter: %d comparisons of %d, %v", taken, allowed, ok)
	}
	for name, text := range map[string]string{"spaces": strings.Repeat(" ", 60<<10) + "ftheseha", "over": strings.Repeat("oftheseh ", 6<<10)} {
		if taken, allowed, ok := s.Steps(text); ok || taken > allowed+1000 {
			t.Errorf("%s: %d comparisons of %d, %v", name, taken, allowed, ok)
		}
	}
}

// Text as servers write it is well within the bounds, however much was escaped in it.
func TestHonestTextIsSearchable(t *testing.T) {
	page := strings.Repeat(`<p class="error">Client 'reports' &amp; co. failed: "C:\temp\x" 100% of &quot;x&quot; = y</p>`+"\n", 200)
	indented := strings.Repeat("\"name\": \"x\",\n        ", 800)
	for name, text := range map[string]string{
		"indented JSON in JSON, in a form": url.QueryEscape(quotedJSON(indented)),
		"HTML":                             page, "in JSON": quotedJSON(page), "in JSON in JSON": quotedJSON(quotedJSON(page)), "in HTML": html.EscapeString(html.EscapeString(page)),
		"in a form": url.QueryEscape(page), "twice": url.QueryEscape(url.QueryEscape(page)), "quoted-printable": quotedPrintable(page), "UTF-16 in JSON": quotedJSON(utf16Of(page, false)),
		"in JSON, three times": quotedJSON(quotedJSON(quotedJSON(`{"error": "no \"such\" client"}`))), "a page, four times": quotedJSON(quotedJSON(quotedJSON(quotedJSON(page)))),
		"in JSON of ASCII": quotedJSON(units(page, `\u%04x`)), "in a form, three times": url.QueryEscape(url.QueryEscape(url.QueryEscape(page))),
	} {
		if found(t, searcher(hard), text) != "" {
			t.Errorf("%s: a secret is found", name)
		}
	}
}
