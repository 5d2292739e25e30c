package refresh

import (
	"cmp"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"html"
	"net/url"
	"slices"
	"strings"
	"unicode"
)

// encodings returns the forms in which value may come back in foreign text, without
// white space (see stripped), the longest first; none if it has fewer than least bytes.
func encodings(value string, least int) []string {
	if len(value) < least {
		return nil
	}
	quoted, _ := json.Marshal(value) // a string always marshals
	var plain strings.Builder
	enc := json.NewEncoder(&plain)
	enc.SetEscapeHTML(false)
	_ = enc.Encode(value)
	forms := []string{
		value,
		url.QueryEscape(value),
		url.PathEscape(value),
		strings.ReplaceAll(url.QueryEscape(value), "+", "%20"),
		strings.Trim(string(quoted), `"`),
		strings.Trim(strings.TrimSpace(plain.String()), `"`),
		html.EscapeString(value),
		hex.EncodeToString([]byte(value)),
	}
	// Within a longer text in base64, such as that of Basic authentication, a value
	// begins at one of three offsets; its first and last characters also depend on its
	// neighbours, and are left out.
	for offset := range 3 {
		padded := append(make([]byte, offset), value...)
		from, to := (offset*8+5)/6, len(padded)*8/6
		std := base64.RawStdEncoding.EncodeToString(padded)[from:to]
		forms = append(forms, std, strings.NewReplacer("+", "-", "/", "_").Replace(std))
	}
	for i, f := range forms {
		forms[i], _ = stripped(f)
	}
	forms = slices.DeleteFunc(forms, func(f string) bool { return len(f) < min(least, 4) })
	slices.SortFunc(forms, func(a, b string) int {
		return cmp.Or(len(b)-len(a), strings.Compare(a, b))
	})
	return slices.Compact(forms)
}

// stripped returns text in lower case without white space and control characters,
// and for each byte of that where it stood in text. Lower case, because percent- and
// hexadecimal escapes come in both.
func stripped(text string) (string, []int) {
	var b strings.Builder
	at := make([]int, 0, len(text))
	for i, r := range text {
		if unicode.IsSpace(r) || unicode.IsControl(r) {
			continue
		}
		n := b.Len()
		b.WriteRune(unicode.ToLower(r))
		for range b.Len() - n {
			at = append(at, i)
		}
	}
	return b.String(), at
}

// contains reports whether text holds one of the needles, wherever it is broken.
func contains(text string, needles []string) bool {
	flat, _ := stripped(text)
	return slices.ContainsFunc(needles, func(n string) bool { return strings.Contains(flat, n) })
}

// redact replaces each of the needles in text, wherever it is broken.
func redact(text string, needles []string) string {
	flat, at := stripped(text)
	hidden := make([]bool, len(text))
	found := false
	for _, n := range needles {
		for from := 0; ; {
			i := strings.Index(flat[from:], n)
			if i < 0 {
				break
			}
			i += from
			for j := at[i]; j <= at[i+len(n)-1]; j++ {
				hidden[j] = true
			}
			found = true
			from = i + 1
		}
	}
	if !found {
		return text
	}
	var b strings.Builder
	for i, r := range text {
		switch {
		case !hidden[i]:
			b.WriteRune(r)
		case i == 0 || !hidden[i-1]:
			b.WriteString(redacted)
		}
	}
	return b.String()
}
