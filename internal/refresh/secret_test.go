package refresh_test

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/url"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"example.com/tokenkeeper/internal/refresh"
	"example.com/tokenkeeper/internal/secret"
)

const canary = `c4n@ry+/= &%#"\<>:å-secret`

// No verb, no logger and no marshaller prints a secret, wherever it is kept.
func TestSecretDoesNotPrint(t *testing.T) {
	s := secret.New(canary)
	type hidden struct{ inner secret.Text }
	type holder struct {
		Shown secret.Text
		inner hidden
		m     map[string]secret.Text
		p     *secret.Text
		a     any
	}
	h := holder{s, hidden{s}, map[string]secret.Text{"k": s}, &s, s}
	values := []any{s, &s, h, &h, []secret.Text{s}, map[string]any{"k": h}, fmt.Errorf("wrapped: %v", h),
		refresh.Credential{Values: h.m}, refresh.Document{Data: s}, refresh.Grant{AccessToken: s}, refresh.Record{AccessToken: s}, refresh.Change{Record: s}}
	var out bytes.Buffer
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%X", "%d", "%t", "%p", "%T", "%10.3s"} {
		for _, v := range values {
			fmt.Fprintf(&out, verb+"\n", v)
		}
	}
	for _, handler := range []slog.Handler{slog.NewJSONHandler(&out, nil), slog.NewTextHandler(&out, nil)} {
		for _, v := range values {
			slog.New(handler).Info("x", "v", v)
		}
	}
	for _, v := range values {
		if b, err := json.Marshal(v); err == nil {
			out.Write(b)
		}
	}
	if text := out.String(); strings.Contains(text, "c4n@ry") || strings.Contains(text, hex.EncodeToString([]byte("c4n"))) {
		t.Errorf("the secret was printed:\n%s", text)
	}
	if _, err := json.Marshal(s); err == nil {
		t.Error("a secret was marshalled")
	}
	if s.Reveal() != canary || !s.Equal(secret.New(canary)) || s.Equal(secret.Text{}) {
		t.Error("the secret is not what it was made of")
	}
}

func TestRedactHidesEveryEcho(t *testing.T) {
	c := refresh.Credential{Values: map[string]secret.Text{"client_secret": secret.New(canary)}}
	quoted, _ := json.Marshal(canary)
	wrapped := base64.StdEncoding.EncodeToString([]byte("client:" + canary))
	for name, echo := range map[string]string{
		"plain":                                canary,
		"form-encoded":                         url.QueryEscape(canary),
		"percent-encoded, lower case":          strings.ToLower(url.PathEscape(canary)),
		"JSON":                                 string(quoted),
		"base64":                               base64.StdEncoding.EncodeToString([]byte(canary)),
		"base64url":                            base64.RawURLEncoding.EncodeToString([]byte(canary)),
		"Basic authentication":                 wrapped,
		"Basic authentication, shifted by one": base64.StdEncoding.EncodeToString([]byte("client1:" + canary)),
		"Basic authentication, shifted by two": base64.StdEncoding.EncodeToString([]byte("client12:" + canary)),
		"Basic authentication, form-encoded":   base64.StdEncoding.EncodeToString([]byte("client:" + url.QueryEscape(canary))),
		"base64 broken over lines":             wrapped[:20] + "\r\n" + wrapped[20:],
		"plain, broken over lines":             canary[:9] + "\n\t" + canary[9:],
		"hexadecimal":                          hex.EncodeToString([]byte(canary)),
	} {
		text := "they said: " + echo + ", and more"
		got := c.Redact(text)
		for _, piece := range []string{canary[3:12], "c4n@ry", wrapped[12:24], hex.EncodeToString([]byte(canary))[8:20]} {
			if strings.Contains(got, piece) {
				t.Errorf("%s: %q is left of %q", name, piece, got)
			}
		}
		if !strings.HasPrefix(got, "they said: ") || !strings.HasSuffix(got, ", and more") {
			t.Errorf("%s: more than the secret is gone: %q", name, got)
		}
		if name := found(c, text); name != "client_secret" {
			t.Errorf("%s: FoundIn says %q", name, name)
		}
	}
	if got := c.Redact("nothing of it"); got != "nothing of it" {
		t.Errorf("a harmless text becomes %q", got)
	}
}

// Of a long text the first part is quoted, and of a secret that begins there nothing.
func TestRedactCutsLongTexts(t *testing.T) {
	c := refresh.Credential{Values: map[string]secret.Text{"client_secret": secret.New(canary)}}
	for _, n := range []int{100, 8180, 16370, 16384, 100_000} {
		got := c.Redact(strings.Repeat("x", n) + canary + strings.Repeat("y", 20_000))
		if strings.Contains(got, canary[:4]) || len(got) > 16384 || !strings.HasPrefix(got, strings.Repeat("x", 100)) {
			t.Errorf("after %d characters: %d are left", n, len(got))
		}
		if found(c, strings.Repeat("x", n)+canary) == "" {
			t.Errorf("it is not found after %d characters", n)
		}
	}
}

func TestRedactAnySecret(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		value := rapid.StringMatching(`[!-~å ]{8,40}`).Filter(func(s string) bool {
			return strings.TrimSpace(s) == s && len(strings.NewReplacer(" ", "", "+", "").Replace(s)) >= 8
		}).Draw(t, "secret")
		before := rapid.StringMatching(`[a-z]{0,5}`).Draw(t, "before")
		c := refresh.Credential{Values: map[string]secret.Text{"password": secret.New(value)}}
		for _, echo := range []string{value, url.QueryEscape(value), base64.StdEncoding.EncodeToString([]byte(before + value + before))} {
			if found(c, before+echo) == "" {
				t.Fatalf("%q is not found in %q", value, before+echo)
			}
		}
		if got := c.Redact(before + value + before); strings.Contains(got, value) {
			t.Fatalf("%q is left in %q", value, got)
		}
	})
}

// found returns the name of a secret in a text that can be searched.
func found(c refresh.Credential, text string) string {
	name, err := c.Searcher().Find(text)
	if err != nil {
		return err.Error()
	}
	return name
}

// Whatever escapes, whichever characters and how often: nothing of the secret is left.
func TestRedactHidesEveryEscape(t *testing.T) {
	// Each language has characters that it must escape, and may escape any other.
	languages := []struct {
		must string
		ways []func(r rune) string
	}{
		{`\"`, []func(r rune) string{
			func(r rune) string { return fmt.Sprintf(`\u%04x`, r) },
			func(r rune) string { return fmt.Sprintf(`\u%04X`, r) },
			func(r rune) string {
				if strings.ContainsRune(`"\/`, r) {
					return `\` + string(r)
				}
				return fmt.Sprintf(`\u%04x`, r)
			},
		}},
		{"%", []func(r rune) string{
			func(r rune) string { return fmt.Sprintf("%%%02x", []byte(string(r))[0]) + rest(r) },
			func(r rune) string { return fmt.Sprintf("%%%02X", []byte(string(r))[0]) + rest(r) },
		}},
		{"&", []func(r rune) string{
			func(r rune) string { return fmt.Sprintf("&#%d;", r) },
			func(r rune) string { return fmt.Sprintf("&#x%X;", r) },
		}},
	}
	rapid.Check(t, func(t *rapid.T) {
		const value = `pä/ss+w0rd-ünïcode:secret"x`
		c := refresh.Credential{Values: map[string]secret.Text{"password": secret.New(value)}}
		echo := value
		for range rapid.IntRange(0, 3).Draw(t, "layers") {
			l := rapid.SampledFrom(languages).Draw(t, "language")
			var b strings.Builder
			for _, r := range echo {
				if strings.ContainsRune(l.must, r) || rapid.Bool().Draw(t, "escaped") {
					b.WriteString(rapid.SampledFrom(l.ways).Draw(t, "way")(r))
					continue
				}
				b.WriteRune(r)
			}
			echo = b.String()
		}
		if got := c.Redact("<<" + echo + ">>"); got != "<<[secret]>>" {
			t.Fatalf("%q becomes %q", echo, got)
		}
		if found(c, "<<"+echo+">>") != "password" {
			t.Fatalf("%q is not found", echo)
		}
	})
}

// rest percent-encodes all bytes of r but the first.
func rest(r rune) string {
	var b strings.Builder
	for _, c := range []byte(string(r))[1:] {
		fmt.Fprintf(&b, "%%%02X", c)
	}
	return b.String()
}

func TestIdentifiersMayStandInARecord(t *testing.T) {
	c := refresh.Credential{Values: map[string]secret.Text{
		"client_id": secret.New("reporting-service"), "password": secret.New("short")}}
	if name := found(c, `{"azp":"reporting-service","x":"short"}`); name != "" {
		t.Errorf("%s was found", name)
	}
	if got := c.Redact("unknown client reporting-service"); strings.Contains(got, "reporting") {
		t.Errorf("an error says %q", got)
	}
}

// The record is a contract: fields may be added, none changed.
func TestRecordGolden(t *testing.T) {
	r := refresh.Record{
		AccessToken: secret.New("eyJ.&<>.x"), TokenType: "Bearer", Provider: "meitner",
		IssuedAt: noon, RefreshAfter: noon.Add(2170 * time.Second), ExpiresAt: noon.Add(time.Hour),
		Scope: "read:sources", Extra: map[string]any{"instance_url": "https://example.com"},
	}
	const want = `{"version":1,"access_token":"eyJ.&<>.x","token_type":"Bearer","provider":"meitner",` +
		`"issued_at":"2026-11-22T12:00:00Z","refresh_after":"2026-11-22T12:36:10Z","expires_at":"2026-11-22T13:00:00Z",` +
		`"expires_at_unix":1795352400,"scope":"read:sources","extra":{"instance_url":"https://example.com"}}`
	got, err := r.Encode()
	if err != nil || got.Reveal() != want {
		t.Errorf("got  %s, %v\nwant %s", got.Reveal(), err, want)
	}
	got, _ = refresh.Record{}.Encode()
	if !strings.HasSuffix(got.Reveal(), `"scope":"","extra":{}}`) {
		t.Errorf("a record without extra fields ends %s", got.Reveal())
	}
}

func TestCheckName(t *testing.T) {
	for name, ok := range map[string]bool{
		"meitner": true, "meti-login": true, "a": true, "0": true, strings.Repeat("a", 63): true, "erp-prod-eu": true,
		"": false, "-a": false, "Meitner": false, "a/b": false, "a_b": false, "å": false, strings.Repeat("a", 64): false,
		"erp-backup": false, "azure-devops": false, "exact-online": false, "erp-2026-11": true, "erp-123456": false, "azuredevops": true, "exact-online-eu": true, "erp-a-bcde": false, "a.json": false,
	} {
		if err := refresh.CheckName(name); (err == nil) != ok {
			t.Errorf("CheckName(%q) = %v", name, err)
		}
	}
	for name, use := range map[string]string{"erp-backup": `use "erpbackup" or`, "exact-online": `use "exactonline" or`, "a-b-123456": `use "a-b123456" or`} {
		if err := refresh.CheckName(name); err == nil || !strings.Contains(err.Error(), use) {
			t.Errorf("CheckName(%q) = %v", name, err)
		}
	}
}
