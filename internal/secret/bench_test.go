package secret_test

import (
	"encoding/hex"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/url"
	"runtime"
	"strings"
	"testing"
	"time"

	"example.com/tokenkeeper/internal/answer"
	"example.com/tokenkeeper/internal/secret"
)

// worst are texts that take a search the longest: all that can be escaped is, over and over.
func worst(size int) map[string]string {
	r := rand.New(rand.NewPCG(1, 2))
	letters := func(n int) string {
		b := make([]byte, n)
		for i := range b {
			b[i] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789+/"[r.IntN(64)]
		}
		return string(b)
	}
	percent := func(s string) string {
		var b strings.Builder
		for i := range len(s) {
			fmt.Fprintf(&b, "%%%02X", s[i])
		}
		return b.String()
	}
	again := func(s, old, new string, times int) string {
		for range times {
			s = strings.ReplaceAll(s, old, new)
		}
		return s
	}
	mixed := func(s string) string {
		var b strings.Builder
		for i := range len(s) {
			ways := []string{`\u00%02x`, `&#x%x;`, `%%%02X`, `=%02X`, `%%u00%02x`, `%%25%02X`, `&amp;#x%x;`, `\\u00%02x`, `=25%02x`}
			fmt.Fprintf(&b, ways[r.IntN(len(ways))], s[i])
		}
		return b.String()
	}
	return map[string]string{
		"plain":                     letters(size),
		"percent-encoded":           percent(letters(size / 3)),
		"percent-encoded over":      again(percent(letters(size/9)), "%", "%25", 3),
		"percent-encoded all over":  percent(percent(letters(size / 9))),
		"quoted-printable over":     again(strings.ReplaceAll(percent(letters(size/9)), "%", "="), "=", "=3D", 3),
		"HTML":                      again(strings.Repeat("&#x25;41", size/24), "&", "&amp;", 4),
		"JSON":                      again(strings.Repeat(`\u0041`, size/96), `\`, `\\`, 4),
		"mixed":                     mixed(letters(size / 6)),
		"only %":                    strings.Repeat("%", size),
		"only %25":                  strings.Repeat("%25", size/3),
		"%25 in %25":                strings.Repeat("%2525252525252525", size/17),
		"only &":                    strings.Repeat("&", size),
		"only amp":                  strings.Repeat("amp;", size/4),
		"only &amp;":                strings.Repeat("&amp;", size/5),
		"only backslashes":          strings.Repeat(`\`, size),
		"only \\u":                  strings.Repeat(`\u`, size/2),
		"\\u005c":                   strings.Repeat(`\u005c`, size/6),
		"digits escaped":            strings.Repeat(`%%32%%35`, size/8),
		"&%23 and names":            strings.Repeat(`&%61m\u0070;`, size/12),
		"a beginning of each, over": strings.Repeat("secret-", size/7),
		"what all have, over":       strings.Repeat("the-same-in-all-of-them-", size/24),
		"%25 and what may follow":   strings.Repeat("u005c%25", size/8),
		"=5c":                       strings.Repeat("=5c", size/3),
		"x5c%5c":                    strings.Repeat("x5c%5c", size/6),
		"%5c and \\u005c":           strings.Repeat("%5cu005c%5c=5c", size/14),
		"almost each":               almost(size),
		"almost each, in hex":       hex.EncodeToString([]byte(almost(size / 2))),
		"almost each, in a form":    url.QueryEscape(url.QueryEscape(almost(size / 2))),
	}
}

// needles are secrets with much in common, whose beginnings a provider that knows them can
// write: eight long random ones of a credential, whose parts are looked for too, and what a
// config has made of them.
func needles(n int) []secret.Value {
	r := rand.New(rand.NewPCG(3, 4))
	var values []secret.Value
	for i := range n {
		b := make([]byte, 48)
		letters, before, kind := "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789+/%\"&", "secret-", secret.Made
		if i < 8 {
			letters, before, kind = letters[:62], "the-same-in-all-of-them-", secret.Own
		}
		for j := range b {
			b[j] = letters[r.IntN(len(letters))]
		}
		values = append(values, secret.Value{Name: fmt.Sprint("v", i), Text: secret.New(before + string(b)), Kind: kind})
	}
	return values
}

// almost has what comes before the last character of each needle.
func almost(size int) string {
	var b strings.Builder
	for b.Len() < size {
		for _, v := range needles(60) {
			text := v.Text.Reveal()
			b.WriteString(text[:15] + " " + text[:len(text)-1] + " ")
		}
	}
	return b.String()[:size]
}

// mostTimes is how many times as long as decoding an answer searching a text of it may take.
const mostTimes = 20

// fastest returns how long f takes when nothing else has the processor: of many runs the shortest.
func fastest(f func()) time.Duration {
	shortest := time.Hour
	for range 40 {
		start := time.Now()
		f()
		shortest = min(shortest, time.Since(start))
	}
	return shortest
}

// fullCredential returns as many values as a credential of 16 KiB holds, 50 random ones of 300
// characters, of each of which all parts are looked for.
func fullCredential() []secret.Value {
	full := make([]secret.Value, 50)
	r := rand.New(rand.NewPCG(5, 6))
	for i := range full {
		text := make([]byte, 300)
		for j := range text {
			text[j] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"[r.IntN(62)]
		}
		full[i] = secret.Value{Name: fmt.Sprint("v", i), Text: secret.New(string(text))}
	}
	return full
}

// What is kept of a full credential for searching is a small part of a function's memory.
func TestMemoryOfAFullCredential(t *testing.T) {
	s := secret.NewSearcher(fullCredential())
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	_, _ = s.Find("it is built for the first search")
	_ = s.Redact("and for what is printed")
	runtime.GC()
	runtime.ReadMemStats(&after)
	if held := int64(after.HeapAlloc-before.HeapAlloc) >> 20; held > 6 {
		t.Errorf("%d MiB are kept; at most 6 are wanted", held)
	}
	runtime.KeepAlive(s)
}

// BenchmarkSearch reports how many times as long as decoding an answer searching a text of it takes,
// and fails where that is too many: with 600 secrets, and with a full credential.
func BenchmarkSearch(b *testing.B) {
	for credential, values := range map[string][]secret.Value{"600 values": needles(600), "16 KiB of values": fullCredential()} {
		s := secret.NewSearcher(values)
		_, _ = s.Find("it is built for the first search")
		for name, text := range worst(64 << 10) {
			document, err := json.Marshal(map[string]string{"scope": text})
			if err != nil {
				b.Fatal(err)
			}
			message := answer.Message{Status: 200, Body: document}
			b.Run(credential+"/"+name, func(b *testing.B) {
				var decoding, searching time.Duration
				refused := 0.0
				for b.Loop() {
					decoding = fastest(func() { _ = message.Decode("token_endpoint") })
					searching = fastest(func() {
						if _, err := s.Find(text); err != nil {
							refused = 1
						}
					})
				}
				times := float64(searching) / float64(decoding)
				if b.ReportMetric(times, "x-decoding"); times > mostTimes {
					b.Errorf("searching takes %v, and decoding %v; at most %v times as long is wanted", searching, decoding, mostTimes)
				}
				b.ReportMetric(refused, "refused")
			})
		}
	}
}

func BenchmarkNewSearcher(b *testing.B) {
	for _, n := range []int{3, 600} {
		values := needles(n)
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			for b.Loop() {
				_, _ = secret.NewSearcher(values).Find("x")
			}
		})
	}
}
