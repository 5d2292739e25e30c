package tokenendpoint_test

import (
	"strings"
	"testing"
	"time"

	"example.com/tokenkeeper/internal/refresh"
	"example.com/tokenkeeper/internal/secret"
)

func TestRecordForms(t *testing.T) {
	record := refresh.Record{
		AccessToken: secret.New(`t0k"3n`), TokenType: "Bearer", Provider: "erp", Scope: "read",
		IssuedAt: noon, RefreshAfter: noon.Add(40 * time.Minute), ExpiresAt: noon.Add(time.Hour),
		Extra: map[string]any{"url": "https://eu.example.com", "n": 9007199254740991.0, "deep": map[string]any{"b": []any{true, nil}, "a": "x"}},
	}
	const extra = `, "response": {"extra": {"url": "a", "n": "b", "deep": "c", "gone": "d"}}`
	for _, row := range []struct{ fields, want string }{
		{`"record": "token"`, `t0k"3n`},
		{`"record": "Bearer ${access_token}"`, `Bearer t0k"3n`},
		{`"record": "machine ${extra.url} login x password ${access_token}\n"` + extra, "machine https://eu.example.com login x password t0k\"3n\n"},
		{`"record": "${base64(access_token)}"`, `dDBrIjNu`},
		{`"record": {"token": "${access_token}"}`, `{"token":"t0k\"3n"}`},
		{`"record": {"z": "Bearer ${access_token}", "a": ["${provider}", 1.50, true, null]}`, `{"z":"Bearer t0k\"3n","a":["erp",1.50,true,null]}`},
		{`"record": {"t": "${access_token}", "u": "${expires_at_unix}", "s": "at ${expires_at_unix}"}`, `{"t":"t0k\"3n","u":1795352400,"s":"at 1795352400"}`},
		{`"record": {"t": "${access_token}", "i": "${issued_at}", "r": "${refresh_after}", "e": "${expires_at}", "k": "${token_type}", "s": "${scope}"}`,
			`{"t":"t0k\"3n","i":"2026-11-22T12:00:00Z","r":"2026-11-22T12:40:00Z","e":"2026-11-22T13:00:00Z","k":"Bearer","s":"read"}`},
		{`"record": {"t": "${access_token}", "h": "${base64(access_token)}"}`, `{"t":"t0k\"3n","h":"dDBrIjNu"}`},
		{`"record": {"t": "${access_token}", "u": "${extra.url}/v1", "n": "${extra.n}", "d": "${extra.deep}", "g": "${extra.gone}", "l": ["${extra.gone}"]}` + extra,
			`{"t":"t0k\"3n","u":"https://eu.example.com/v1","n":9007199254740991,"d":{"a":"x","b":[true,null]},"l":[]}`},
	} {
		p := understood(t, `{"token_endpoint": "https://id.example.com/token", `+row.fields+`}`)
		value, err := p.Encode(record)
		if err != nil || value.Reveal() != row.want {
			t.Errorf("%s gives\n     %s, %v\nwant %s", row.fields, value.Reveal(), err, row.want)
		}
	}
	// A record without a scope has none, or what the form has in its place.
	record.Scope = ""
	bare := understood(t, `{"token_endpoint": "https://id.example.com/token", "record": {"t": "${access_token}", "a": "${scope}", "b": "${scope?}", "c": "${scope?'all'}", "d": ["${scope?}"]}}`)
	if value, err := bare.Encode(record); err != nil || value.Reveal() != `{"t":"t0k\"3n","a":"","c":"all","d":[]}` {
		t.Errorf("without a scope: %s, %v", value.Reveal(), err)
	}
	// What the answer had not is an error in a line: half of one would be read as a whole.
	p := understood(t, `{"token_endpoint": "https://id.example.com/token", "record": "${extra.gone} ${access_token}"`+extra+`}`)
	if value, err := p.Encode(record); err == nil {
		t.Errorf("a line without a part of it is stored: %q", value.Reveal())
	} else if !strings.Contains(err.Error(), "extra.gone") {
		t.Errorf("the error does not name what is missing: %v", err)
	}
	if understood(t, `{"token_endpoint": "https://id.example.com/token"}`).Encode != nil {
		t.Error("a provider has a form of its own that did not ask for one")
	}
}
