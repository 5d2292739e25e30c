package simulator

import (
	"compress/gzip"
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// The faults of this file break what carries the answer. Those that wait do so
// until the request ends or the simulator is closed, and then abort it.

// Hold keeps the whole answer back until the channel is closed. The login takes
// place then, not before.
func Hold(until <-chan struct{}) Fault {
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			select {
			case <-until:
				next.ServeHTTP(w, r)
			case <-r.Context().Done():
				abort()
			}
		})
	}
}

// Hang takes the request and never answers.
func Hang() Fault {
	return Hold(nil)
}

// Reset resets the connection before the login takes place.
func Reset() Fault {
	return func(http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { reset(w) })
	}
}

// LoseAnswer resets the connection after the login, whose token is lost.
func LoseAnswer() Fault {
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			capture(next, w, r)
			reset(w)
		})
	}
}

// ResetMidBody resets the connection when half the body is sent.
func ResetMidBody() Fault {
	return sendHalf(reset)
}

// Truncate closes the connection in good order when half the body is sent, the
// Content-Length being that of the whole.
func Truncate() Fault {
	return sendHalf(func(http.ResponseWriter) { abort() })
}

func sendHalf(then func(http.ResponseWriter)) Fault {
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			a := capture(next, w, r)
			a.Header.Set("Content-Length", strconv.Itoa(len(a.Body)))
			a.sendHead(w)
			w.Write(a.Body[:len(a.Body)/2])
			flush(w)
			then(w)
		})
	}
}

// Trickle sends the header at once and then one byte of the body per period.
func Trickle(period time.Duration) Fault {
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			a := capture(next, w, r)
			a.sendHead(w)
			flush(w)
			tick := time.NewTicker(period)
			defer tick.Stop()
			for i := range a.Body {
				select {
				case <-tick.C:
				case <-r.Context().Done():
					abort()
				}
				w.Write(a.Body[i : i+1])
				flush(w)
			}
		})
	}
}

// EndlessBody begins a JSON answer whose token never ends.
func EndlessBody() Fault {
	return func(http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Type", "application/json")
			io.WriteString(w, `{"access_token":"`)
			pour(w, r, strings.Repeat("a", 32<<10), -1)
		})
	}
}

// GzipBomb answers with a compressed body that grows to the size in bytes, all
// blanks, a thousandth of that on the wire.
func GzipBomb(size int) Fault {
	return func(http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Type", "application/json")
			w.Header().Set("Content-Encoding", "gzip")
			z := gzip.NewWriter(w)
			pour(z, r, strings.Repeat(" ", 32<<10), size)
			z.Close()
		})
	}
}

// ManyHeaders adds n headers, each with a value of the size in bytes.
func ManyHeaders(n, size int) Fault {
	value := strings.Repeat("h", size)
	return Alter(func(a *Answer) {
		for i := range n {
			a.Header.Set(fmt.Sprintf("X-Flood-%d", i), value)
		}
	})
}

// EarlyHints sends n interim answers (103, RFC 8297) before the real one.
func EarlyHints(n int) Fault {
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			for range n {
				w.WriteHeader(http.StatusEarlyHints)
			}
			next.ServeHTTP(w, r)
		})
	}
}

// pour writes the chunk again and again, up to the size in bytes if that is not
// negative, until it is stopped.
func pour(w io.Writer, r *http.Request, chunk string, size int) {
	for sent := 0; sent != size; {
		if size >= 0 {
			chunk = chunk[:min(len(chunk), size-sent)]
		}
		n, err := io.WriteString(w, chunk)
		if err != nil || r.Context().Err() != nil {
			abort()
		}
		sent += n
	}
}

func flush(w http.ResponseWriter) {
	http.NewResponseController(w).Flush()
}

// reset ends the connection with a TCP reset, so that it does not look like the
// end of an answer. Over HTTP/2, where a connection has no single owner, the
// stream is reset instead.
func reset(w http.ResponseWriter) {
	conn, _, err := http.NewResponseController(w).Hijack()
	if err != nil {
		abort()
	}
	if secure, ok := conn.(interface{ NetConn() net.Conn }); ok {
		conn = secure.NetConn()
	}
	if tcp, ok := conn.(*net.TCPConn); ok {
		tcp.SetLinger(0)
	}
	conn.Close()
}

// abort ends the request without another byte.
func abort() {
	panic(http.ErrAbortHandler)
}
