package refresh

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
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

// A word is one of a note's: key=value. Read sets the field that it is of.
type word struct {
	key, value string
	read       func(value string) error
}

// words returns those of the failure, and the others, which are left out where they are empty.
func (n *Note) words() (failure, others []word) {
	moment := func(key string, t *time.Time) word {
		return word{key, stamp(*t), func(v string) error { return unstamp(v, t) }}
	}
	count := func(key string, i *int) word {
		return word{key, strconv.Itoa(*i), func(v string) (err error) {
			*i, err = strconv.Atoi(v)
			*i = min(max(*i, 0), maxTries) // a tag may hold anything
			return err
		}}
	}
	version := func(key string, id *string) word {
		return word{key, *id, func(v string) error {
			if *id = v; !validVersion.MatchString(v) {
				return fmt.Errorf("%s=%.20q is no version", key, v)
			}
			return nil
		}}
	}
	failure = []word{
		{"class", string(n.Class), func(v string) error { n.Class = Class(v); return nil }},
		{"code", fixedWord(n.Code), func(v string) error { n.Code = v; return nil }},
		moment("since", &n.Since),
		moment("last", &n.Last),
		count("tries", &n.Tries),
		moment("next", &n.Next),
		{"config", n.Config.String(), func(v string) error {
			f, err := strconv.ParseUint(v, 16, 24)
			n.Config = Fingerprint(f)
			return err
		}},
	}
	unlessZero := func(w word) word {
		w.value = strings.TrimPrefix(w.value, "0") // no other number begins with one
		return w
	}
	others = []word{
		unlessZero(count("ours", &n.Ours)),
		version("cred", &n.Credential),
		version("claim", &n.Claim),
		version("spent", &n.Spent),
		version("unsure", &n.Unsure),
		unlessZero(moment("ends", &n.RefreshTokenEnds)),
	}
	return failure, others
}

// String returns n as the value of a tag: words of at most 256 characters in all.
// The zero Note is "".
func (n Note) String() string {
	failure, others := n.words()
	text := ""
	for _, w := range failure {
		if n.Class != "" {
			text += " " + w.key + "=" + w.value
		}
	}
	for _, w := range others {
		if w.value != "" {
			text += " " + w.key + "=" + w.value
		}
	}
	if text == "" {
		return ""
	}
	return noteFormat + text
}

// ParseNote reads what String wrote. Unknown words are passed over, so that an older
// release can read a newer one's note. An error means that it was not written by us.
func ParseNote(s string) (Note, error) {
	given := strings.Fields(s)
	if len(given) == 0 {
		return Note{}, nil
	}
	if given[0] != noteFormat {
		return Note{}, fmt.Errorf("reading the state tag: it begins with %.20q, not %q", given[0], noteFormat)
	}
	var n Note
	var errs []error
	words := slices.Concat(n.words())
	for _, w := range given { // what is no word of ours is passed over, as the format is
		key, value, _ := strings.Cut(w, "=")
		if i := slices.IndexFunc(words, func(w word) bool { return w.key == key }); i >= 0 {
			errs = append(errs, words[i].read(value))
		}
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
