package reader_test

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/url"
	"os"
	"strings"
	"testing"
	"time"

	"example.com/tokenkeeper/reader"
)

// example is the token of the golden record, at a time when it is live.
func example(t *testing.T) reader.Token {
	t.Helper()
	now := func() time.Time { return time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC) }
	token, err := reader.New(reader.File("testdata/record_v1.json"), reader.Options{Now: now}).Token(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return token
}

// TestRecordV1 holds this reader to the record as it is written, which is a
// contract: the fixture may gain fields, and nothing in it may change.
func TestRecordV1(t *testing.T) {
	token := example(t)
	at := func(hour, minute, second int) time.Time {
		return time.Date(2026, 11, 22, hour, minute, second, 0, time.UTC)
	}
	for _, field := range []struct {
		name      string
		got, want any
	}{
		{"access_token", token.AccessToken(), "example-access-token"},
		{"token_type", token.TokenType, "Bearer"},
		{"provider", token.Provider, "meitner"},
		{"issued_at", token.IssuedAt, at(12, 0, 0)},
		{"refresh_after", token.RefreshAfter, at(12, 36, 10)},
		{"expires_at", token.ExpiresAt, at(13, 0, 0)},
		{"scope", token.Scope, "read:sources"},
		{"extra", string(token.Extra("instance_url")), `"https://eu1.example.com"`},
		{"extra, unknown", string(token.Extra("other")), ""},
		{"Authorization", token.Authorization(), "Bearer example-access-token"},
	} {
		if field.got != field.want {
			t.Errorf("%s: got %v, want %v", field.name, field.got, field.want)
		}
	}

	// For those who compare seconds, such as a shell.
	data, err := os.ReadFile("testdata/record_v1.json")
	if err != nil {
		t.Fatal(err)
	}
	var unix struct {
		ExpiresAtUnix int64 `json:"expires_at_unix"`
	}
	if err := json.Unmarshal(data, &unix); err != nil || unix.ExpiresAtUnix != token.ExpiresAt.Unix() {
		t.Errorf("expires_at_unix is %d and expires_at is %d (%v)", unix.ExpiresAtUnix, token.ExpiresAt.Unix(), err)
	}
}

func TestATokenIsNeverPrinted(t *testing.T) {
	token := example(t)
	type holder struct {
		Seen   reader.Token
		unseen reader.Token
		all    []any
	}
	held := holder{Seen: token, unseen: token, all: []any{token, &token}}

	var out bytes.Buffer
	for _, v := range []any{token, &token, held, &held, []reader.Token{token}, map[string]reader.Token{"": token}} {
		for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%X", "%d", "%t", "%p"} {
			fmt.Fprintf(&out, verb+"\n", v)
		}
		fmt.Fprintln(&out, v)
		text := slog.New(slog.NewTextHandler(&out, nil))
		text.Info("text", "token", v)
		slog.New(slog.NewJSONHandler(&out, nil)).Info("json", "token", v)
		if _, err := json.Marshal(v); err == nil {
			t.Errorf("json.Marshal(%T) succeeded", v)
		} else {
			fmt.Fprintln(&out, err)
		}
	}
	fmt.Fprintln(&out, token.String(), token.LogValue())

	for _, secret := range []string{token.AccessToken(), "eu1.example.com"} {
		for _, form := range []string{
			secret, url.QueryEscape(secret), base64.StdEncoding.EncodeToString([]byte(secret)),
			fmt.Sprintf("%x", secret), fmt.Sprint([]byte(secret)),
		} {
			for line := range strings.Lines(out.String()) {
				if strings.Contains(strings.ToLower(line), strings.ToLower(form)) {
					t.Errorf("printed as %q in %s", form, line)
				}
			}
		}
	}
	if want := `token of "meitner" issued 2026-11-22T12:00:00Z, ends 2026-11-22T13:00:00Z`; token.String() != want {
		t.Errorf("String: got %s, want %s", token, want)
	}
}

func TestZeroToken(t *testing.T) {
	var zero reader.Token
	if zero.AccessToken() != "" || zero.Extra("x") != nil || zero.String() != "no token" {
		t.Errorf("got %q, %v, %v", zero.AccessToken(), zero.Extra("x"), zero)
	}
}

func TestExtraIsACopy(t *testing.T) {
	token := example(t)
	clear(token.Extra("instance_url"))
	if got := string(token.Extra("instance_url")); got != `"https://eu1.example.com"` {
		t.Errorf("a caller changed it to %q", got)
	}
}
