package secret_test

import (
	"encoding/hex"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/url"
	"strings"
	"syscall"
	"testing"
	"time"

	"example.com/tokenkeeper/internal/secret"
	"example.com/tokenkeeper/internal/strictjson"
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

// cpu is how much of a processor this process has used.
func cpu() time.Duration {
	var u syscall.Rusage
	if syscall.Getrusage(syscall.RUSAGE_SELF, &u) != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// mostTimes is how many times as long as decoding a text searching it may take.
const mostTimes = 20

// BenchmarkSearch reports how many times as long as decoding a text searching it takes, with
// 600 secrets, and fails where that is too many.
func BenchmarkSearch(b *testing.B) {
	s := secret.NewSearcher(needles(600))
	_, _ = s.Find("x") // builds it
	for name, text := range worst(64 << 10) {
		document, err := json.Marshal(text)
		if err != nil {
			b.Fatal(err)
		}
		b.Run(name, func(b *testing.B) {
			start := cpu()
			for range 20 {
				if _, err := strictjson.Parse(document, 8); err != nil {
					b.Fatal(err)
				}
			}
			decoding := (cpu() - start) / 20
			start = cpu()
			refused := 0.0
			for b.Loop() {
				if _, err := s.Find(text); err != nil {
					refused = 1
				}
			}
			times := float64(cpu()-start) / float64(b.N) / float64(decoding)
			if b.ReportMetric(times, "x-decoding"); times > mostTimes {
				b.Errorf("searching takes %.1f times as long as decoding; at most %d times are wanted", times, mostTimes)
			}
			b.ReportMetric(refused, "refused")
		})
	}
}

// BenchmarkSearchOfAFullCredential looks for 200 random values of 300 characters, as many as a
// document of 64 KiB holds, and for all parts of each.
func BenchmarkSearchOfAFullCredential(b *testing.B) {
	var values []secret.Value
	r := rand.New(rand.NewPCG(5, 6))
	for i := range 200 {
		text := make([]byte, 300)
		for j := range text {
			text[j] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"[r.IntN(62)]
		}
		values = append(values, secret.Value{Name: fmt.Sprint("v", i), Text: secret.New(string(text))})
	}
	s := secret.NewSearcher(values)
	_, _ = s.Find("x")
	for name, text := range worst(64 << 10) {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				_, _ = s.Find(text)
			}
		})
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
