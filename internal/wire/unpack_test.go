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

	"example.com/tokenkeeper/internal/answer"
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
		{"deflate without zlib, stored", "deflate", "\x08\x14\x00\xeb\xff" + text[:20] + "\x03\x00", text[:20], "", false},
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
		case row.left == "" && m.Header.Values("Content-Encoding") != nil:
			t.Errorf("%s: the coding is still in the header", row.name)
		case f != nil || string(m.Body) != row.want || m.Header.Get("Content-Encoding") != row.left:
			t.Errorf("%s: %q, %+v", row.name, m.Body, f)
		}
		cancel()
		s.Close()
	}
}

// A body is read up to a megabyte, unpacked; of one that is longer nothing is kept. What is packed
// may be a little longer than that.
func TestTheLongestBody(t *testing.T) {
	gz := func(data []byte, level int) []byte {
		var b bytes.Buffer
		z, _ := gzip.NewWriterLevel(&b, level)
		_, _ = z.Write(data)
		_ = z.Close()
		return b.Bytes()
	}
	body := bytes.Repeat([]byte("x"), answer.MaxBody)
	for _, row := range []struct {
		name, coding string
		body         []byte
		want         int // -1: cut
	}{
		{"what is read of every answer at once", "", body[:8<<10], 8 << 10},
		{"a byte more", "", body[:8<<10+1], 8<<10 + 1},
		{"a megabyte", "", body, answer.MaxBody},
		{"a byte more than a megabyte", "", append(body, 'x'), -1},
		{"two megabytes", "", append(body, body...), -1},
		{"a megabyte, packed", "gzip", gz(body, 9), answer.MaxBody},
		{"a megabyte, packed as it is", "gzip", gz(body, 0), answer.MaxBody},
		{"a byte more than a megabyte, packed", "gzip", gz(append(body, 'x'), 9), -1},
		{"a megabyte, packed in more than there is room for", "gzip", append(gz(body, 0), gz(nil, 0)[:10:10]...), -2},
		{"a bomb", "gzip", gz(bytes.Repeat(body, 50), 9), -1},
	} {
		t.Run(row.name, func(t *testing.T) {
			s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				if row.coding != "" {
					w.Header().Set("Content-Encoding", row.coding)
				}
				_, _ = w.Write(row.body)
			}))
			defer s.Close()
			m, f := wire.New(wire.Options{AllowLoopback: true}).Do(request(t, s.URL))
			switch {
			case row.want == -2:
				if f == nil {
					t.Errorf("%d bytes", len(m.Body))
				}
			case f != nil || len(m.Body) != max(row.want, 0) || m.Cut != (row.want < 0):
				t.Errorf("%v, %d bytes, cut: %t", f, len(m.Body), m.Cut)
			}
		})
	}
}

// An answer that cannot be unpacked leaves its room to others.
func TestBadAnswersLeaveTheirRoom(t *testing.T) {
	coding, body := "gzip", "no gzip at all"
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if asked := r.Header.Get("Accept-Encoding"); asked != "gzip" {
			t.Errorf("%q is asked for", asked)
		}
		w.Header().Set("Content-Encoding", coding)
		_, _ = io.WriteString(w, body)
	}))
	defer s.Close()
	c := wire.New(wire.Options{AllowLoopback: true})
	for range 5 { // more than there are rooms
		if _, f := c.Do(request(t, s.URL)); f == nil || f.Kind != wire.BadAnswer {
			t.Fatalf("%+v", f)
		}
	}
	coding, body = "deflate", "\x08"
	if _, f := c.Do(request(t, s.URL)); f == nil {
		t.Error("one byte is unpacked")
	}
}
