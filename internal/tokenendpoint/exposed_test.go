package tokenendpoint_test

import (
	"bytes"
	"encoding/base32"
	"encoding/base64"
	"encoding/hex"
	"html"
	"io"
	"mime/quotedprintable"
	"regexp"
	"strconv"
	"strings"
)

// An observer reads texts for secrets, by decoding them: it knows nothing of how a search does.
type observer struct {
	secrets map[string]string // by name, without white space
}

var (
	percentEscapes = regexp.MustCompile(`%u[0-9A-Fa-f]{4}|%[0-9A-Fa-f]{2}`)
	jsonEscapes    = regexp.MustCompile(`\\(?:u[0-9A-Fa-f]{4}|["\\/])`)
	base64Runs     = regexp.MustCompile(`[A-Za-z0-9+/_-]{11,}`)
	base32Runs     = regexp.MustCompile(`[A-Z2-7]{13,}`)
	hexRuns        = regexp.MustCompile(`[0-9a-fA-F]{16,}`)
	whiteSpace     = strings.NewReplacer(" ", "", "+", "", "\n", "", "\r", "", "\t", "")
)

func codePoint(digits string) string {
	n, _ := strconv.ParseUint(digits, 16, 32)
	return string(rune(n))
}

// unescapers undo one layer of escapes each.
var unescapers = []func(string) string{
	func(s string) string {
		return percentEscapes.ReplaceAllStringFunc(s, func(e string) string {
			if e[1] == 'u' {
				return codePoint(e[2:])
			}
			n, _ := strconv.ParseUint(e[1:], 16, 8)
			return string([]byte{byte(n)})
		})
	},
	func(s string) string {
		return jsonEscapes.ReplaceAllStringFunc(s, func(e string) string {
			if e[1] == 'u' {
				return codePoint(e[2:])
			}
			return e[1:]
		})
	},
	html.UnescapeString,
	func(s string) string {
		if !strings.Contains(s, "=") {
			return s
		}
		out, err := io.ReadAll(quotedprintable.NewReader(strings.NewReader(s)))
		if err != nil {
			return s
		}
		return string(out)
	},
}

// unescaped returns text and what it becomes by undoing up to that many layers of escapes.
func unescaped(text string, layers int) []string {
	list := []string{text}
	known := map[string]bool{text: true}
	for from := 0; layers > 0; layers-- {
		to := len(list)
		for _, s := range list[from:to] {
			for _, undo := range unescapers {
				if plain := undo(s); !known[plain] {
					known[plain] = true
					list = append(list, plain)
				}
			}
		}
		from = to
	}
	return list
}

// decoded returns what runs in text are encodings of.
func decoded(text string) []string {
	var list []string
	for _, run := range base64Runs.FindAllString(text, -1) {
		run = strings.NewReplacer("-", "+", "_", "/").Replace(run)
		for offset := range 4 {
			part := run[offset:]
			part = part[:len(part)-len(part)%4]
			if b, err := base64.StdEncoding.DecodeString(part); err == nil {
				list = append(list, string(b), string(bytes.ReplaceAll(b, []byte{0}, nil)))
			}
			if b, err := base64.RawStdEncoding.DecodeString(run[offset:]); err == nil {
				list = append(list, string(b))
			}
		}
	}
	for _, run := range hexRuns.FindAllString(text, -1) {
		for offset := range 2 {
			part := run[offset:]
			if b, err := hex.DecodeString(part[:len(part)-len(part)%2]); err == nil {
				list = append(list, string(b))
			}
		}
	}
	for _, run := range base32Runs.FindAllString(text, -1) {
		for offset := range 8 {
			part := run[min(offset, len(run)):]
			if b, err := base32.StdEncoding.DecodeString(part[:len(part)-len(part)%8]); err == nil {
				list = append(list, string(b))
			}
		}
	}
	return list
}

// contains returns the name of the secret that is in text as it is, or "".
func (o observer) contains(text string) string {
	text = whiteSpace.Replace(text)
	for name, value := range o.secrets {
		if strings.Contains(text, value) {
			return name
		}
	}
	return ""
}

// escaped returns the name of the secret that is in text under some layers of escapes.
func (o observer) escaped(text string, layers int) string {
	for _, plain := range unescaped(text, layers) {
		if name := o.contains(plain); name != "" {
			return name
		}
	}
	return ""
}

// sees returns the name of the secret that is in text in a form that a search knows: under up
// to four layers of escapes, or in one encoding, of itself or of its escaped form.
func (o observer) sees(text string) string {
	for _, plain := range unescaped(text, 4) {
		if name := o.contains(plain); name != "" {
			return name
		}
		for _, inner := range decoded(plain) {
			if name := o.escaped(inner, 1); name != "" {
				return name
			}
		}
	}
	return ""
}

// encoded reports whether a secret is in text in an encoding.
func (o observer) encoded(text string) bool {
	for _, plain := range unescaped(text, 2) {
		for _, inner := range decoded(plain) {
			if o.escaped(inner, 1) != "" {
				return true
			}
		}
	}
	return false
}

// digs returns the name of the secret that is in text in an encoding of an encoding.
func (o observer) digs(text string) string {
	for _, plain := range unescaped(text, 2) {
		for _, outer := range decoded(plain) {
			for _, escaped := range unescaped(outer, 1) {
				for _, inner := range decoded(escaped) {
					if name := o.escaped(inner, 1); name != "" {
						return name
					}
				}
			}
		}
	}
	return ""
}
