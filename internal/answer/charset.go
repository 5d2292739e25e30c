package answer

import (
	"bytes"
	"fmt"
	"mime"
	"strings"
	"unicode/utf8"

	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/unicode"
)

// charsets are those that are read beside UTF-8, as Content-Type has them. Those that Latin-1 is
// called by are Windows's, which has more, as in browsers (https://encoding.spec.whatwg.org).
var charsets = map[string]encoding.Encoding{
	"iso-8859-1": charmap.Windows1252, "iso8859-1": charmap.Windows1252, "latin1": charmap.Windows1252, "latin-1": charmap.Windows1252,
	"windows-1252": charmap.Windows1252, "cp1252": charmap.Windows1252,
	"iso-8859-15": charmap.ISO8859_15, "latin-9": charmap.ISO8859_15, "windows-1251": charmap.Windows1251, "iso-8859-2": charmap.ISO8859_2,
	"utf-16":   unicode.UTF16(unicode.BigEndian, unicode.UseBOM), // RFC 2781 section 4.3
	"utf-16le": unicode.UTF16(unicode.LittleEndian, unicode.IgnoreBOM),
	"utf-16be": unicode.UTF16(unicode.BigEndian, unicode.IgnoreBOM),
}

// text returns the body in UTF-8, without a byte order mark, and what is wrong where it cannot
// be had.
func (m *Message) text() (text []byte, wrong string) {
	if coding := m.Header.Get("Content-Encoding"); coding != "" {
		return nil, fmt.Sprintf("a body packed in a way that was not asked for and is not read (%s)", word.FindString(coding))
	}
	text = m.Body
	stated := ""
	if _, params, err := mime.ParseMediaType(m.Header.Get("Content-Type")); err == nil {
		stated = strings.ToLower(params["charset"])
	}
	if set, ok := charsets[stated]; ok {
		decoded, err := set.NewDecoder().Bytes(text)
		if err != nil {
			return nil, "a body that is not in " + stated + ", as it says"
		}
		text = decoded
	}
	text = bytes.TrimPrefix(text, []byte("\uFEFF"))
	switch {
	case utf8.Valid(text):
		return text, ""
	case hasUTF16Mark(text):
		return nil, "text in UTF-16 that does not say so"
	case stated == "" || strings.HasPrefix(stated, "utf"):
		return nil, "text that is not in UTF-8"
	}
	return nil, fmt.Sprintf("text in a charset that is not read (%s)", word.FindString(stated))
}

func hasUTF16Mark(text []byte) bool {
	return bytes.HasPrefix(text, []byte{0xFF, 0xFE}) || bytes.HasPrefix(text, []byte{0xFE, 0xFF})
}
