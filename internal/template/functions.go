package template

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"example.com/tokenkeeper/internal/secret"
	"example.com/tokenkeeper/internal/strictjson"
)

// A function is one of those that a template may call. None reads anything but its arguments and the
// time, and none can repeat, choose or define: a config stays data.
type function struct {
	signature string
	// least and most are how many arguments it takes.
	least, most int
	// textual marks one that takes text, and no octets.
	textual bool
	// fresh marks one that gives something else each time, so that no secret can be meant. It
	// takes only what is written in the config.
	fresh bool
	// What it does to a secret: encodes marks one that can be undone, and digests one that cannot,
	// and gives octets. A keyed digest has a key as its first argument.
	encodes, digests, keyed bool
	do                      func(m moment, args []string) string
}

// functions are all that there are. It is not written to.
var functions = map[string]*function{
	"base64": {signature: "base64(x)", least: 1, most: 1, encodes: true, do: func(_ moment, a []string) string {
		return base64.StdEncoding.EncodeToString([]byte(a[0]))
	}},
	"base64url": {signature: "base64url(x)", least: 1, most: 1, encodes: true, do: func(_ moment, a []string) string {
		return base64.RawURLEncoding.EncodeToString([]byte(a[0]))
	}},
	"hex": {signature: "hex(x)", least: 1, most: 1, encodes: true, do: func(_ moment, a []string) string {
		return hex.EncodeToString([]byte(a[0]))
	}},
	"sha256": {signature: "sha256(x)", least: 1, most: 1, digests: true, do: func(_ moment, a []string) string {
		sum := sha256.Sum256([]byte(a[0]))
		return string(sum[:])
	}},
	"hmac": {signature: "hmac(key, x)", least: 2, most: 2, digests: true, keyed: true, do: func(_ moment, a []string) string {
		mac := hmac.New(sha256.New, []byte(a[0]))
		mac.Write([]byte(a[1]))
		return string(mac.Sum(nil))
	}},
	"join": {signature: "join('separator', x, y)", least: 2, most: 16, textual: true, do: func(_ moment, a []string) string {
		return strings.Join(a[1:], a[0])
	}},
	"now": {signature: "now('format', 'offset')", least: 1, most: 2, fresh: true, do: func(m moment, a []string) string {
		var offset time.Duration
		if len(a) == 2 {
			offset, _ = time.ParseDuration(a[1]) // see checkNow
		}
		return timeFormats[a[0]](m.now.Add(offset).UTC())
	}},
	"uuid": {signature: "uuid()", most: 1, fresh: true, do: func(m moment, a []string) string {
		return m.uuid(strings.Join(a, ""))
	}},
}

// timeFormats are how a time may be written, always in UTC.
var timeFormats = map[string]func(time.Time) string{
	"unix":     func(t time.Time) string { return strconv.FormatInt(t.Unix(), 10) },
	"unix_ms":  func(t time.Time) string { return strconv.FormatInt(t.UnixMilli(), 10) },
	"rfc3339":  func(t time.Time) string { return t.Format(time.RFC3339) },
	"datetime": func(t time.Time) string { return t.Format("2006-01-02T15:04:05") },
	"date":     func(t time.Time) string { return t.Format(time.DateOnly) },
	"http":     func(t time.Time) string { return t.Format(http.TimeFormat) },
	"compact":  func(t time.Time) string { return t.Format("20060102T150405Z") },
}

func checkNow(args []string) *Fault {
	if _, ok := timeFormats[args[0]]; !ok {
		known := slices.Sorted(maps.Keys(timeFormats))
		return &Fault{"writes the time in a format that is not known here: " + secret.Shown(args[0]), "use " + strictjson.Either(known)}
	}
	const most = 366 * 24 * time.Hour
	if len(args) == 2 {
		if d, err := time.ParseDuration(args[1]); err != nil || d.Abs() > most {
			return &Fault{"moves the time by " + secret.Shown(args[1]) + ", which is not a duration of at most a year", `write it like '5m' or '-30s'`}
		}
	}
	return nil
}

func (f *function) check(name string, args []part) *Fault {
	if len(args) < f.least || len(args) > f.most {
		return &Fault{fmt.Sprintf("calls %s with the wrong number of arguments, %d", name, len(args)), "write " + f.signature}
	}
	var constants []string
	for _, a := range args {
		switch {
		case f.textual && a.octets():
			return &Fault{"gives octets to " + name + ", which takes text", "write them as hex(…), base64(…) or base64url(…)"}
		case f.fresh && a.substituted():
			return &Fault{"calls " + name + " with something else than texts in single quotes", "write " + f.signature}
		}
		constants = append(constants, a.literal)
	}
	if f.keyed && !args[0].substituted() {
		return &Fault{"has the key of hmac in it, and a config is no place for a secret", "put the key in the credential, and write its name without quotes"}
	}
	if name == "now" {
		return checkNow(constants)
	}
	return nil
}

// A moment is what functions know beside their arguments: it is the same throughout a request.
type moment struct {
	now   time.Time
	uuids map[string]string // by name
}

// uuid returns a random UUID (RFC 9562 section 5.4), the same for the same name
// throughout one request; for the empty name another each time.
func (m moment) uuid(name string) string {
	if id, ok := m.uuids[name]; ok {
		return id
	}
	var b [16]byte
	_, _ = rand.Read(b[:]) // never fails
	b[6] = b[6]&0x0f | 0x40
	b[8] = b[8]&0x3f | 0x80
	id := fmt.Sprintf("%x-%x-%x-%x-%x", b[:4], b[4:6], b[6:8], b[8:10], b[10:])
	if name != "" {
		m.uuids[name] = id
	}
	return id
}
