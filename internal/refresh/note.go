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
	// Claim says which claim on the refresh token this is the outcome of. Spent says of
	// which token that was replaced and must never be sent again, and Unsure which may have
	// been spent. Each is eight hexadecimal digits, or empty. The latter two are also set where
	// nothing fails.
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
	words := []string{noteFormat}
	if n.Class != "" {
		words = append(words,
			"class="+string(n.Class),
			"code="+fixedWord(n.Code),
			"since="+stamp(n.Since),
			"last="+stamp(n.Last),
			"tries="+strconv.Itoa(n.Tries),
			"next="+stamp(n.Next),
			"config="+n.Config.String())
	}
	if n.Ours > 0 {
		words = append(words, "ours="+strconv.Itoa(n.Ours))
	}
	for _, w := range []struct{ key, value string }{
		{"cred", n.Credential}, {"claim", n.Claim}, {"spent", n.Spent}, {"unsure", n.Unsure},
	} {
		if w.value != "" {
			words = append(words, w.key+"="+w.value)
		}
	}
	if !n.RefreshTokenEnds.IsZero() {
		words = append(words, "ends="+stamp(n.RefreshTokenEnds))
	}
	if len(words) == 1 {
		return ""
	}
	return strings.Join(words, " ")
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
	set := func(err error) { errs = append(errs, err) }
	for _, w := range words[1:] {
		k, v, _ := strings.Cut(w, "=")
		switch k {
		case "class":
			n.Class = Class(v)
		case "code":
			n.Code = v
		case "since":
			set(unstamp(v, &n.Since))
		case "last":
			set(unstamp(v, &n.Last))
		case "next":
			set(unstamp(v, &n.Next))
		case "ends":
			set(unstamp(v, &n.RefreshTokenEnds))
		case "tries":
			i, e := strconv.Atoi(v)
			n.Tries = min(max(i, 1), maxTries) // a tag may hold anything
			set(e)
		case "ours":
			i, e := strconv.Atoi(v)
			n.Ours = min(max(i, 0), maxTries)
			set(e)
		case "config":
			f, e := strconv.ParseUint(v, 16, 24)
			n.Config = Fingerprint(f)
			set(e)
		case "cred":
			n.Credential = v
			set(checkVersion(k, v))
		case "claim":
			n.Claim = v
			set(checkVersion(k, v))
		case "spent":
			n.Spent = v
			set(checkVersion(k, v))
		case "unsure":
			n.Unsure = v
			set(checkVersion(k, v))
		}
	}
	switch n.Class {
	case Transient, Misconfigured, NeedsPerson, Unchanged:
	default:
		if n.Class == "" && (n.Claim+n.Spent+n.Unsure != "" || !n.RefreshTokenEnds.IsZero()) {
			break
		}
		set(fmt.Errorf("unknown class %.20q", string(n.Class)))
	}
	if n.Class != "" && n.Tries == 0 {
		n.Tries = 1
	}
	if err := errors.Join(errs...); err != nil {
		return Note{}, fmt.Errorf("reading the state tag: %w", err)
	}
	return n, nil
}

// checkVersion says that a word does not identify a version.
func checkVersion(key, value string) error {
	if validVersion.MatchString(value) {
		return nil
	}
	return fmt.Errorf("%s=%.20q is no version", key, value)
}

func stamp(t time.Time) string {
	if t.IsZero() {
		return "0"
	}
	return strconv.FormatInt(t.Unix(), 10)
}

func unstamp(s string, t *time.Time) error {
	i, err := strconv.ParseInt(s, 10, 64)
	if i != 0 {
		*t = time.Unix(i, 0).UTC()
	}
	return err
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
