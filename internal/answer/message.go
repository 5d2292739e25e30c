package answer

import (
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
)

// MaxBody is how much of a body is read, in bytes, after it was unpacked.
const MaxBody = 1 << 20

// MaxToken is the size of the longest token in bytes. A record has room for 64 KiB.
const MaxToken = 48 << 10

// A Message is an answer as it arrived.
type Message struct {
	// AskedAt is when the request was about to be sent, by our clock.
	AskedAt time.Time
	Status  int
	Header  http.Header
	Body    []byte
	// Cut marks a body that is longer than MaxBody, and Lost one that broke off: neither is kept.
	Cut, Lost bool

	room chan struct{}
}

// Enter waits for a place in room, in which messages are decoded and searched, and holds it until
// Leave.
func (m *Message) Enter(room chan struct{}) {
	room <- struct{}{}
	m.room = room
}

// Leave says that nothing more will be decoded of m. It may be called again.
func (m *Message) Leave() {
	if m != nil && m.room != nil {
		<-m.room
		m.room = nil
	}
}

// Outside calls f, which may take long, while others have the place of m.
func (m *Message) Outside(f func()) {
	room := m.room
	m.Leave()
	f()
	if room != nil {
		m.Enter(room)
	}
}

// OK reports whether the status says success.
func (m *Message) OK() bool { return m.Status >= 200 && m.Status < 300 }

// Clock is the provider's when the answer came, or ours when it was asked. The Date of an answer
// that was stored on its way is that of its origin (RFC 9111 section 4.2.3).
func (m *Message) Clock() time.Time {
	if t, err := http.ParseTime(m.Header.Get("Date")); err == nil {
		return t.Add(m.Age())
	}
	return m.AskedAt
}

// Age is for how long an answer was stored on its way, zero if it was not: what its first Age
// says, as far as that is a number (RFC 9111 section 5.1).
func (m *Message) Age() time.Duration {
	n, err := strconv.ParseUint(strings.TrimSpace(m.Header.Get("Age")), 10, 31)
	if err != nil {
		return 0
	}
	return time.Duration(n) * time.Second
}

// cookie returns the cookie of that name that a client has after the answer, or nil. A later one
// replaces, or once expired removes, one with the same domain and path (RFC 6265 section 5.3). Of
// those that are left the longest path is sent first (section 5.4), and the latest of these counts.
func (m *Message) cookie(name string) *http.Cookie {
	if name == "" {
		return nil
	}
	var jar []*http.Cookie
	for _, c := range (&http.Response{Header: m.Header}).Cookies() {
		if c.Name == name {
			before := func(o *http.Cookie) bool { return strings.EqualFold(o.Domain, c.Domain) && o.Path == c.Path }
			jar = append(slices.DeleteFunc(jar, before), c)
		}
	}
	var found *http.Cookie
	for _, c := range jar {
		expired := c.MaxAge < 0 || c.MaxAge == 0 && !c.Expires.IsZero() && !c.Expires.After(m.Clock())
		if c.Value != "" && !expired && (found == nil || len(c.Path) >= len(found.Path)) {
			found = c
		}
	}
	return found
}
