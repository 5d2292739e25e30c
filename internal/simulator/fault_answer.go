package simulator

import (
	"encoding/base64"
	"io"
	"net/http"
	"net/url"
	"strings"
)

// The faults of this file answer in the provider's place: no login takes place.

// Reply answers with the status and body. An empty contentType sends none.
func Reply(status int, contentType, body string) Fault {
	return func(http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.Header()["Content-Type"] = nil
			if contentType != "" {
				w.Header().Set("Content-Type", contentType)
			}
			w.WriteHeader(status)
			io.WriteString(w, body)
		})
	}
}

// Status answers with the status and its name in plain text, as proxies and
// load balancers do.
func Status(status int) Fault {
	return Reply(status, "text/plain; charset=utf-8", http.StatusText(status)+"\n")
}

// Empty answers with the status and nothing else.
func Empty(status int) Fault {
	return Reply(status, "", "")
}

// JSON answers with the status and the body, which need not be JSON at all.
func JSON(status int, body string) Fault {
	return Reply(status, "application/json", body)
}

// HTML answers with the status and a page for people: a firewall's block page,
// or a login form.
func HTML(status int) Fault {
	return Reply(status, "text/html; charset=utf-8", `<!DOCTYPE html>
<html><head><title>Attention required</title></head>
<body><h1>One more step</h1><p>Please prove that you are human.</p></body></html>
`)
}

// DeepJSON answers with a JSON array in an array, to the depth.
func DeepJSON(depth int) Fault {
	return JSON(http.StatusOK, strings.Repeat("[", depth)+strings.Repeat("]", depth))
}

// OAuthError answers with an error of RFC 6749 section 5.2. Code and
// description may hold what that section forbids; they are escaped for JSON and
// otherwise left alone.
func OAuthError(status int, code, description string) Fault {
	return JSON(status, string(marshal(oauthRefusal(status, code, description).body)))
}

// RetryAfter answers with the status, 429 or 503 most likely, and the value as
// Retry-After, which RFC 9110 section 10.2.3 has be seconds or a date.
func RetryAfter(status int, value string) Fault {
	return Join(Header("Retry-After", value), Status(status))
}

// Redirect sends the client elsewhere. Whether it goes there shows in the other
// server, or in [Simulator.Requests].
func Redirect(status int, location string) Fault {
	return Join(Header("Location", location), Status(status))
}

// Echo answers 400 with a description that repeats the secret in each of the
// encodings.
func Echo(secret string, as ...Encoding) Fault {
	var description strings.Builder
	for _, encode := range as {
		description.WriteString("what came was " + encode(secret) + " and is wrong; ")
	}
	return OAuthError(http.StatusBadRequest, "invalid_request", description.String())
}

// EchoRequest answers 400 with a description that repeats the request's
// Authorization header and body as they came.
func EchoRequest() Fault {
	return func(http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			body, _ := io.ReadAll(r.Body)
			description := "what came was " + r.Header.Get("Authorization") + " " + string(body)
			oauthRefusal(http.StatusBadRequest, "invalid_request", description).write(w)
		})
	}
}

// An Encoding is a way in which a secret turns up in what others print.
type Encoding func(string) string

// AsIs leaves the secret as it is.
func AsIs(s string) string { return s }

// AsForm writes the secret as in an urlencoded form.
func AsForm(s string) string { return url.QueryEscape(s) }

// AsPath writes the secret as in the path of a URL, a space being %20.
func AsPath(s string) string { return url.PathEscape(s) }

// AsBase64 writes the secret in standard base64, padded.
func AsBase64(s string) string { return base64.StdEncoding.EncodeToString([]byte(s)) }

// AsJSON writes the secret as inside a JSON string.
func AsJSON(s string) string {
	quoted := string(marshal(s))
	return quoted[1 : len(quoted)-1]
}

// AsLines breaks the secret in two lines.
func AsLines(s string) string {
	runes := []rune(s)
	half := len(runes) / 2
	return string(runes[:half]) + "\r\n" + string(runes[half:])
}
