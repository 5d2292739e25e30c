package secret

import (
	"encoding/base64"
	"encoding/hex"
	"errors"
	"slices"
	"strconv"
	"strings"
	"sync"
)

// A Kind says how a value is looked for.
type Kind int

const (
	// Own is a secret of the credential: looked for whole and in parts, everywhere.
	Own Kind = iota
	// Issued is a secret that a provider gave. In records it is looked for whole, since
	// tokens of one provider share their beginnings.
	Issued
	// Made was made of a secret, perhaps with texts of the config: looked for whole.
	Made
	// Identifier says who logs in. Tokens state it by right; it is kept out of what is printed.
	Identifier
	// Public may be found anywhere.
	Public
)

// A Value is something that texts of others are searched for.
type Value struct {
	Name string
	Text Text
	Kind Kind
}

// A Searcher looks for secrets in foreign text, in the encodings in which they are commonly
// echoed. It is a guard against accidents: who wants to hide a secret in an answer can.
//
// It finds a secret as it is, percent-encoded, in JSON or HTML, quoted-printable, in several of
// these at once, in base64, base32, hexadecimal or UTF-16, and broken into lines: in one pass, in a
// time that is bounded by the length of the text. The zero Searcher finds nothing. It is safe for
// concurrent use.
type Searcher struct {
	values []Value
	// public are the public values in all forms, and harmless also what parts of secrets may
	// have in common with texts that are no secrets.
	public, harmless func() []string

	records func() *index
	prints  func() *index
	whole   func() map[any][]int
}

// ErrUnsearchable is the error of a search in a text that was escaped as no honest text is.
var ErrUnsearchable = errors.New("has more escapes in escapes than can be searched")

const (
	// LeastFound is the length of the shortest secret that is looked for within longer text, in
	// bytes, and LeastSecret that of the shortest at all. Shorter ones would be found by chance.
	LeastFound  = 8
	LeastSecret = 4
)

// NewSearcher returns a searcher for values. Parts of a secret that lie within a harmless
// word, such as a host, are not looked for.
func NewSearcher(values []Value, harmless ...string) *Searcher {
	s := &Searcher{values: values}
	s.public = sync.OnceValue(func() []string { return formsOf(values, Public) })
	s.harmless = sync.OnceValue(func() []string {
		return slices.Concat(s.public(), formsOf(values, Identifier), distinct(slices.Clone(harmless)))
	})
	s.records = sync.OnceValue(func() *index { return s.index(false) })
	s.prints = sync.OnceValue(func() *index { return s.index(true) })
	s.whole = sync.OnceValue(s.wholes)
	return s
}

func formsOf(values []Value, kind Kind) []string {
	var list []string
	for _, v := range values {
		if v.Kind == kind && !v.Text.IsZero() {
			list = append(list, forms(v.Text.Reveal())...)
		}
	}
	return list
}

// index collects what is looked for in records, or in what is printed.
func (s *Searcher) index(printed bool) *index {
	least, run := LeastFound, 16
	if printed {
		least, run = LeastSecret, LeastFound
	}
	x := &index{run: run, harmless: map[string]bool{}}
	for _, word := range s.harmless() {
		for i := 0; i+run <= len(word); i++ {
			x.harmless[word[i:i+run]] = true
		}
	}
	for i, v := range s.values {
		text := v.Text.Reveal()
		if len(text) < least || v.Kind == Public || v.Kind == Identifier && !printed {
			continue
		}
		if plain := strings.TrimSpace(text); len(Fold(text)) < leastForm && len(plain) >= least && !s.isPublic(plain) {
			for _, l := range append(escaped(plain), plain) {
				x.literals = append(x.literals, needle{i, l, len(l)})
			}
		}
		all := forms
		if v.Kind == Made {
			all = madeForms
		}
		for _, f := range all(text) {
			if !within(s.public(), f) {
				x.needles = append(x.needles, needle{i, f, len(f)})
			}
		}
		if v.Kind != Own && !(printed && v.Kind == Issued) {
			continue
		}
		parts := privateParts(text)
		if len(parts) == 0 && (printed && len(text) >= leastLong || unbroken.MatchString(text)) {
			parts = []string{text}
		}
		for _, part := range parts {
			for _, f := range distinct(plainForms(part)) {
				if len(f) >= run && !x.harmless[f] {
					x.needles = append(x.needles, needle{i, f, run})
				}
			}
		}
	}
	x.seal()
	return x
}

func (s *Searcher) isPublic(text string) bool {
	if f := Fold(text); len(f) >= leastForm {
		return within(s.public(), f)
	}
	return slices.ContainsFunc(s.values, func(v Value) bool { return v.Kind == Public && strings.Contains(v.Text.Reveal(), text) })
}

func within(list []string, part string) bool {
	return slices.ContainsFunc(list, func(h string) bool { return strings.Contains(h, part) })
}

// Find returns the name of the secret that texts, which belong together, contain; "": none. One
// that is too short to be looked for within text it finds where it is one of the texts, a number
// by what it comes to. Identifiers and public values do not count. The error is [ErrUnsearchable].
func (s *Searcher) Find(texts ...string) (name string, err error) { return s.FindBut(nil, texts...) }

// FindBut does the same, and passes over the values that by right may be there.
func (s *Searcher) FindBut(byRight func(Value) bool, texts ...string) (name string, err error) {
	if s == nil || s.values == nil {
		return "", nil
	}
	counts := func(value int) bool { return byRight == nil || !byRight(s.values[value]) }
	for _, text := range texts {
		for _, k := range keys(text) {
			if i := slices.IndexFunc(s.whole()[k], counts); i >= 0 {
				return s.values[s.whole()[k][i]].Name, nil
			}
		}
	}
	left := s.records().search(strings.Join(texts, "\n"), func(value, _, _ int) (more bool) {
		if counts(value) {
			name = s.values[value].Name
		}
		return name == ""
	})
	if left < 0 {
		return "", ErrUnsearchable
	}
	return name, nil
}

// maxQuoted is how much of a foreign text is searched to be quoted, in bytes.
const maxQuoted = 16384

// Redact returns text with each value, and each part of a long secret, replaced; of a long text
// only the first part, and of one that cannot be searched nothing.
func (s *Searcher) Redact(text string) string {
	if s == nil || s.values == nil {
		return text
	}
	shown := len(text)
	if shown > maxQuoted {
		text, shown = text[:maxQuoted], maxQuoted/2 // a secret may begin in the rest
	}
	hidden := make([]bool, len(text))
	left := s.prints().search(text, func(_, from, to int) bool {
		for i := from; i < to; i++ {
			hidden[i] = true
		}
		return true
	})
	if left < 0 {
		return redacted
	}
	var b strings.Builder
	for i := range shown {
		switch {
		case !hidden[i]:
			b.WriteByte(text[i])
		case i == 0 || !hidden[i-1]:
			b.WriteString(redacted)
		}
	}
	return b.String()
}

// wholes leads from the keys of texts to the secrets that these are, as indexes of values.
func (s *Searcher) wholes() map[any][]int {
	whole := map[any][]int{}
	for i, v := range s.values {
		text := strings.TrimSpace(v.Text.Reveal())
		if v.Kind >= Identifier || len(text) < LeastSecret || s.isPublic(text) {
			continue
		}
		all := []string{text}
		if len(text) < LeastFound { // in longer ones these are found too
			all = append(all, base64.RawStdEncoding.EncodeToString([]byte(text)), base64.RawURLEncoding.EncodeToString([]byte(text)), hex.EncodeToString([]byte(text)))
		}
		for _, t := range all {
			for _, k := range keys(t) {
				whole[k] = append(whole[k], i)
			}
		}
	}
	return whole
}

// keys are what equal texts have in common: themselves, without padding, or what a number comes to.
func keys(text string) (list []any) {
	text = strings.TrimSpace(text)
	if bare := strings.TrimRight(text, "="); bare != "" {
		list = append(list, bare)
	}
	if len(text) >= LeastSecret && strings.Trim(text, "0123456789+-.eE") == "" {
		if n, err := strconv.ParseFloat(text, 64); err == nil {
			list = append(list, n)
		}
	}
	return list
}
