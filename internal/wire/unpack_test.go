package wire_test

import (
	"bytes"
	"compress/flate"
	"compress/gzip"
	"compress/zlib"
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"example.com/tokenkeeper/internal/wire"
)

// Bodies are unpacked whatever they were asked for, or said to be packed as they are.
func TestPackedBodies(t *testing.T) {
	const text = `{"access_token": "t"}`
	pack := func(w func(io.Writer) io.WriteCloser, data string) string {
		var b bytes.Buffer
		z := w(&b)
		io.WriteString(z, data)
		z.Close()
		return b.String()
	}
	gz := func(w io.Writer) io.WriteCloser { return gzip.NewWriter(w) }
	zl := func(w io.Writer) io.WriteCloser { return zlib.NewWriter(w) }
	raw := func(w io.Writer) io.WriteCloser { z, _ := flate.NewWriter(w, 9); return z }
	for _, row := range []struct {
		name, coding, body, want, left string
		fails                          bool
	}{
		{"gzip", "gzip", pack(gz, text), text, "", false},
		{"x-gzip", "x-gzip", pack(gz, text), text, "", false},
		{"in capitals", "X-GZIP", pack(gz, text), text, "", false},
		{"deflate", "deflate", pack(zl, text), text, "", false},
		{"deflate without zlib", "deflate", pack(raw, text), text, "", false},
		{"both", "deflate, gzip", pack(gz, pack(zl, text)), text, "", false},
		{"identity", "identity", text, text, "", false},
		{"nothing in x-gzip", "x-gzip", "", "", "", false},
		{"not known", "br", "\x8b", "\x8b", "br", false},
		{"not known, in gzip", "br, x-gzip", pack(gz, "\x8b"), "\x8b", "br", false},
		{"x-gzip that is none", "x-gzip", text, "", "", true},
		{"deflate that is none", "deflate", "\x07\x07\x07", "", "", true},
	} {
		s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Encoding", row.coding)
			io.WriteString(w, row.body)
		}))
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, s.URL, nil)
		if err != nil {
			t.Fatal(err)
		}
		m, f := wire.New(wire.Options{AllowLoopback: true}).Do(req)
		switch {
		case row.fails:
			if f == nil || f.Kind != wire.BadAnswer {
				t.Errorf("%s: %+v", row.name, f)
			}
		case f != nil || string(m.Body) != row.want || m.Header.Get("Content-Encoding") != row.left:
			t.Errorf("%s: %q, %+v", row.name, m.Body, f)
		}
		cancel()
		s.Close()
	}
}
