package preset_test

import (
	"encoding/base64"
	"encoding/json"
	"regexp"
	"testing"
	"time"

	"example.com/tokenkeeper/internal/signing/keytest"
)

// secretOf returns a value for a field of a credential: keys and certificates are real.
func secretOf(t *testing.T, field string) string {
	t.Helper()
	switch field {
	case "private_key":
		return keytest.PEM(t, keytest.RSA())
	case "auth_key":
		return keytest.PEM(t, keytest.EC())
	case "certificate":
		return keytest.Certificate(t, keytest.RSA(), "its certificate", noon.AddDate(-10, 0, 0), noon.AddDate(10, 0, 0))
	}
	return "its " + field
}

var compactJWT = regexp.MustCompile(`(eyJ[\w-]+)\.(eyJ[\w-]+)\.[\w-]+`)

// unsigned replaces the JWTs in text by what is in them, without what each has anew.
func unsigned(t *testing.T, text string) string {
	t.Helper()
	part := func(encoded string) string {
		data, err := base64.RawURLEncoding.DecodeString(encoded)
		if err != nil {
			t.Fatal(err)
		}
		var members map[string]any
		if err := json.Unmarshal(data, &members); err != nil {
			t.Fatal(err)
		}
		for _, name := range []string{"jti", "x5t#S256"} {
			if _, ok := members[name]; ok {
				members[name] = "…"
			}
		}
		for _, name := range []string{"exp", "iat", "nbf"} {
			if at, ok := members[name].(float64); ok {
				members[name] = time.Unix(int64(at), 0).Sub(noon).String()
			}
		}
		text, err := json.Marshal(members)
		if err != nil {
			t.Fatal(err)
		}
		return string(text)
	}
	return compactJWT.ReplaceAllStringFunc(text, func(jwt string) string {
		m := compactJWT.FindStringSubmatch(jwt)
		return "JWT " + part(m[1]) + " " + part(m[2])
	})
}
