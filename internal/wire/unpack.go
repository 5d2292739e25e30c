package wire

import (
	"bufio"
	"compress/flate"
	"compress/gzip"
	"compress/zlib"
	"io"
	"net/http"
	"slices"
	"strings"
)

// unpack returns the body of an answer without its content codings (RFC 9110 section 8.4.1), and
// takes them out of the header. One that is not known stays in both, with those below it. (Only gzip
// is asked for; servers send others unasked.)
func unpack(header http.Header, body io.Reader) (io.Reader, error) {
	var codings []string
	for coding := range strings.SplitSeq(strings.Join(header.Values("Content-Encoding"), ","), ",") {
		if coding = strings.ToLower(strings.TrimSpace(coding)); coding != "" && coding != "identity" {
			codings = append(codings, coding)
		}
	}
	for len(codings) > 0 {
		last := len(codings) - 1
		inner, err := decoder(codings[last], body)
		if err != nil {
			return nil, err
		}
		if inner == nil {
			break
		}
		body, codings = inner, codings[:last]
	}
	header.Del("Content-Encoding")
	if len(codings) > 0 {
		header.Set("Content-Encoding", strings.Join(codings, ", "))
	}
	return body, nil
}

// decoder returns what undoes a coding, or nil where it is not known. An empty body is packed
// in nothing.
func decoder(coding string, body io.Reader) (io.Reader, error) {
	if !slices.Contains([]string{"gzip", "x-gzip", "deflate"}, coding) {
		return nil, nil
	}
	b := bufio.NewReader(body)
	head, err := b.Peek(2)
	if len(head) == 0 && err == io.EOF {
		return b, nil
	}
	if coding != "deflate" {
		return gzip.NewReader(b)
	}
	// It is zlib by the RFC, and bare deflate by many: RFC 9110 section 8.4.1.2.
	if len(head) == 2 && head[0]&15 == 8 && (int(head[0])<<8|int(head[1]))%31 == 0 {
		return zlib.NewReader(b)
	}
	return flate.NewReader(b), nil
}
