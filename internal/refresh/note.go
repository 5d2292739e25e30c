package refresh

import (
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// A Note remembers, beside the secret, an attempt that stored no new token. It is one
// tag of fixed words; nothing in it is foreign. The zero Note is none.
type Note struct {
	Class Class
	// Code is that of the [Error], in at most 32 of a-z, 0-9 and "_".
	Code string
	// Since is when this class of failure began, Last when it was last met, both in
	// whole seconds, UTC.
	Since, Last time.Time
	// Tries counts the attempts in a row that ended in this class.
	Tries int
	// Ours is how many of them failed here, as of the store, and say nothing of the provider.
	Ours int
	// Next is when to try again; zero: not before something was edited.
	Next time.Time
	// Claim says which claim on the refresh token this is the outcome of. Spent says of which token
	// that was replaced and must never be sent again, and Unsure which may have been spent. Each is
	// eight hexadecimal digits, or empty. The latter two are also set where nothing fails.
	Claim, Spent, Unsure string
	// RefreshTokenEnds is when the refresh token expires, as the provider said with the last
	// token; zero: it did not. It is also set where nothing fails.
	RefreshTokenEnds time.Time
	// Config is the fingerprint of the config, and Credential the version of the
	// credential, that were tried: editing either clears the note.
	Config     Fingerprint
	Credential string
}

const noteFormat = "v1"

// validVersion is the version of a credential: a number, a UUID or a digest.
var validVersion = regexp.MustCompile(`^[A-Za-z0-9._:/@+-]{1,64}$`)

// String returns n as the value of a tag: words of at most 256 characters in all.
// The zero Note is "".
func (n Note) String() string {
	text := ""
	if n.Class != "" {
		text = fmt.Sprintf(" class=%s code=%s since=%s last=%s tries=%d next=%s config=%s",
			n.Class, fixedWord(n.Code), stamp(n.Since), stamp(n.Last), n.Tries, stamp(n.Next), n.Config)
	}
	if n.Ours != 0 {
		text += fmt.Sprintf(" ours=%d", n.Ours)
	}
	for _, w := range []struct{ key, value string }{{"cred", n.Credential}, {"claim", n.Claim}, {"spent", n.Spent}, {"unsure", n.Unsure}} {
		if w.value != "" {
			text += " " + w.key + "=" + w.value
		}
	}
	if !n.RefreshTokenEnds.IsZero() {
		text += " ends=" + stamp(n.RefreshTokenEnds)
	}
	if text == "" {
		return ""
	}
	return noteFormat + text
}

// ParseNote reads what String wrote. Unknown words are passed over, so that an older
// release can read a newer one's note. An error means that it was not written by us.
func ParseNote(s string) (Note, error) {
	words := strings.Fields(s)
	if len(words) == 0 {
		return Note{}, nil
	}
	if words[0] != noteFormat {
		return Note{}, fmt.Errorf("reading the state tag: it begins with %.20q, not %q", words[0], noteFormat)
	}
	var n Note
	var errs []error
	for _, w := range words { // the format is no key
		key, value, _ := strings.Cut(w, "=")
		errs = append(errs, n.read(key, value))
	}
	switch n.Class {
	case Transient, Misconfigured, NeedsPerson, Unchanged:
		n.Tries = max(n.Tries, 1)
	case "":
		if n.Claim+n.Spent+n.Unsure == "" && n.RefreshTokenEnds.IsZero() {
			errs = append(errs, errors.New("it has no class"))
		}
	default:
		errs = append(errs, fmt.Errorf("unknown class %.20q", string(n.Class)))
	}
	if err := errors.Join(errs...); err != nil {
		return Note{}, fmt.Errorf("reading the state tag: %w", err)
	}
	return n, nil
}

// read sets the field that a word is of. A tag may hold anything.
func (n *Note) read(key, value string) (err error) {
	switch key {
	case "class":
		n.Class = Class(value)
	case "code":
		n.Code = value
	case "since":
		n.Since, err = unstamp(value)
	case "last":
		n.Last, err = unstamp(value)
	case "next":
		n.Next, err = unstamp(value)
	case "ends":
		n.RefreshTokenEnds, err = unstamp(value)
	case "tries":
		n.Tries, err = strconv.Atoi(value)
		n.Tries = min(n.Tries, maxTries)
	case "ours":
		n.Ours, err = strconv.Atoi(value)
		n.Ours = min(max(n.Ours, 0), maxTries)
	case "config":
		var f uint64
		f, err = strconv.ParseUint(value, 16, 24)
		n.Config = Fingerprint(f)
	case "cred":
		n.Credential, err = versionOf(value)
	case "claim":
		n.Claim, err = versionOf(value)
	case "spent":
		n.Spent, err = versionOf(value)
	case "unsure":
		n.Unsure, err = versionOf(value)
	}
	return err
}

func versionOf(word string) (string, error) {
	if !validVersion.MatchString(word) {
		return "", fmt.Errorf("%.20q is no version", word)
	}
	return word, nil
}

func stamp(t time.Time) string {
	if t.IsZero() {
		return "0"
	}
	return strconv.FormatInt(t.Unix(), 10)
}

func unstamp(s string) (time.Time, error) {
	i, err := strconv.ParseInt(s, 10, 64)
	if i == 0 {
		return time.Time{}, err
	}
	return time.Unix(i, 0).UTC(), err
}

// fixedWord cuts what is not a code down to one.
func fixedWord(s string) string {
	s = strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= '0' && r <= '9' || r == '_' {
			return r
		}
		return -1
	}, s)
	return s[:min(len(s), 32)]
}

// maxTries is where counting ends.
const maxTries = 9999
