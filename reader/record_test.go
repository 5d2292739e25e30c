package reader_test

import (
	"context"
	"encoding/json"
	"errors"
	"os"
	"strings"
	"testing"
	"time"

	"example.com/tokenkeeper/reader"
)

// decode returns the token of a record as a Reader serves it at noon.
func decode(t testing.TB, record []byte) (reader.Token, error) {
	source := reader.SourceFunc(func(context.Context) ([]byte, error) { return record, nil })
	now := func() time.Time { return time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC) }
	return reader.New(source, reader.Options{Now: now}).Token(t.Context())
}

func golden(t testing.TB) []byte {
	t.Helper()
	data, err := os.ReadFile("testdata/record_v1.json")
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// edit returns the golden record with fields set, or removed where nil.
func edit(t testing.TB, fields map[string]any) []byte {
	t.Helper()
	var record map[string]any
	if err := json.Unmarshal(golden(t), &record); err != nil {
		t.Fatal(err)
	}
	for name, value := range fields {
		if value == nil {
			delete(record, name)
		} else {
			record[name] = value
		}
	}
	data, err := json.Marshal(record)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func TestRecordMayGainAndOmitFields(t *testing.T) {
	for name, fields := range map[string]map[string]any{
		"a field that this reader does not know": {"cnf": map[string]any{"jkt": "x"}},
		"a name that differs in case only":       {"ACCESS_TOKEN": "other"},
		"no scope":                               {"scope": nil},
		"no extra":                               {"extra": nil},
		"no expires_at_unix":                     {"expires_at_unix": nil},
		"times with an offset":                   {"expires_at": "2026-11-22T14:00:00+01:00"},
		"times with a fraction":                  {"expires_at": "2026-11-22T13:00:00.000Z"},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := decode(t, edit(t, fields))
			if err != nil {
				t.Fatal(err)
			}
			if want := example(t); got.AccessToken() != want.AccessToken() || got.ExpiresAt != want.ExpiresAt {
				t.Errorf("got %v, want %v", got, want)
			}
		})
	}
}

func TestBadRecords(t *testing.T) {
	for name, tc := range map[string]struct {
		record []byte
		says   string
	}{
		"empty":                 {nil, "not a JSON object"},
		"a bare token":          {[]byte("secret-by-hand"), "not a JSON object"},
		"null":                  {[]byte("null"), "not a JSON object"},
		"a list":                {[]byte(`["secret-by-hand"]`), "not a JSON object"},
		"cut off":               {golden(t)[:100], "not a JSON object"},
		"two records":           {append(golden(t), golden(t)...), "not a JSON object"},
		"somebody's credential": {[]byte(`{"client_id": "c", "client_secret": "secret-by-hand"}`), `no "version"`},
		"no token":              {edit(t, map[string]any{"access_token": nil}), `"access_token" is missing`},
		"an empty token":        {edit(t, map[string]any{"access_token": ""}), `"access_token" is missing`},
		"a token in an object":  {edit(t, map[string]any{"access_token": map[string]any{"t": "secret-by-hand"}}), "is not a string"},
		"a line break":          {edit(t, map[string]any{"access_token": "secret-by-hand\r\nX: y"}), "no header can carry"},
		"a letter beyond ASCII": {edit(t, map[string]any{"access_token": "secret-by-händ"}), "no header can carry"},
		"no type":               {edit(t, map[string]any{"token_type": nil}), `"token_type" is missing`},
		"a type with a space":   {edit(t, map[string]any{"token_type": "Bearer secret-by-hand"}), "no header can carry"},
		"no provider":           {edit(t, map[string]any{"provider": nil}), `"provider" is missing`},
		"no expiry":             {edit(t, map[string]any{"expires_at": nil}), `"expires_at" is missing`},
		"an expiry in seconds":  {edit(t, map[string]any{"expires_at": 1795352400}), `"expires_at" is missing or is not a string`},
		"the token as expiry":   {edit(t, map[string]any{"expires_at": "secret-by-hand"}), "2026-11-22T12:00:00Z"},
		"no refresh_after":      {edit(t, map[string]any{"refresh_after": nil}), `"refresh_after" is missing`},
		"no issued_at":          {edit(t, map[string]any{"issued_at": nil}), `"issued_at" is missing`},
		"a scope that is none":  {edit(t, map[string]any{"scope": 7}), `"scope"`},
		"extra that is none":    {edit(t, map[string]any{"extra": "secret-by-hand"}), `"extra"`},
		"version 0":             {edit(t, map[string]any{"version": 0}), `no "version"`},
		"a version in words":    {edit(t, map[string]any{"version": "secret-by-hand"}), `no "version"`},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := decode(t, tc.record)
			if err == nil {
				t.Fatalf("got %v, want an error", got)
			}
			if !strings.Contains(err.Error(), tc.says) {
				t.Errorf("got %q, want it to say %q", err, tc.says)
			}
			for _, secret := range []string{"secret-by-h", "example-access-token"} {
				if strings.Contains(err.Error(), secret) {
					t.Errorf("the error quotes the record: %v", err)
				}
			}
		})
	}
}

func TestALaterRecordVersionSaysToUpgrade(t *testing.T) {
	_, err := decode(t, []byte(`{"version": 2, "token": {"of": "another shape"}}`))
	var version *reader.VersionError
	if !errors.As(err, &version) || version.Version != 2 {
		t.Fatalf("got %v, want a VersionError of 2", err)
	}
	if !strings.Contains(err.Error(), "upgrade the reader") {
		t.Errorf("got %q", err)
	}
}

// FuzzRecord: whatever the source answers, a token that is served is one that
// the record states, is live, and fits in a header; and no error quotes it.
func FuzzRecord(f *testing.F) {
	f.Add(golden(f))
	f.Add([]byte(`{"version": 2}`))
	f.Add(edit(f, map[string]any{"access_token": "a\nb", "expires_at": "2026-11-22T12:00:00Z"}))
	f.Fuzz(func(t *testing.T, data []byte) {
		var stated struct {
			AccessToken any `json:"access_token"`
		}
		_ = json.Unmarshal(data, &stated)
		text, _ := stated.AccessToken.(string)

		token, err := decode(t, data)
		if err != nil {
			if len(text) > 12 && strings.Contains(err.Error(), text) {
				t.Errorf("the error quotes the token: %v", err)
			}
			return
		}
		if !token.ExpiresAt.After(time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)) {
			t.Errorf("served although over: %v", token)
		}
		if got := token.AccessToken(); got == "" || strings.ContainsFunc(got, func(r rune) bool { return r < '!' || r > '~' }) {
			t.Errorf("served a token that no header can carry")
		}
		if !strings.Contains(string(data), "access_token") && !strings.Contains(string(data), `\u`) {
			t.Errorf("served a token that the record does not state")
		}
	})
}

// TestTheDocumentedRecord holds docs/consumers.md to what this package reads.
func TestTheDocumentedRecord(t *testing.T) {
	page, err := os.ReadFile("../docs/consumers.md")
	if err != nil {
		t.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(page), "```json\n")
	block, _, _ := strings.Cut(rest, "```")
	if _, err := decode(t, []byte(block)); err != nil {
		t.Error(err)
	}
	var documented, stored map[string]any
	if err := errors.Join(json.Unmarshal([]byte(block), &documented), json.Unmarshal(golden(t), &stored)); err != nil {
		t.Fatal(err)
	}
	for name := range stored {
		if _, ok := documented[name]; !ok || !strings.Contains(string(page), "| `"+name+"` |") {
			t.Errorf("%q is not documented", name)
		}
	}
}
