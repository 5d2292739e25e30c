package tokenendpoint_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"pgregory.net/rapid"

	"example.com/tokenkeeper/internal/tokenendpoint"
)

// An editor writes configs as an attacker does who is after the secret: over the whole language.
type editor struct {
	owned  string   // the URL of the provider that the credential's owner allows
	places []string // URLs of others
	values []string // the names of the credential's values
	fields []string // the names of all fields of a config
}

func newEditor(owned string, places, values []string) editor {
	return editor{owned, places, values, append(tokenendpoint.Fields(), "x", "X-Forwarded-Host", "Host", "a", "${client_secret}")}
}

// edited returns a config with up to three edits.
func (e editor) edited(t *rapid.T, config string) string {
	var root any
	if json.Unmarshal([]byte(config), &root) != nil {
		root = map[string]any{"token_endpoint": e.owned + "/token"}
	}
	object, ok := root.(map[string]any)
	if !ok {
		object = map[string]any{}
	}
	for range rapid.IntRange(1, 3).Draw(t, "edits") {
		if rapid.IntRange(0, 7).Draw(t, "kind") > 0 {
			e.skilled(t, object)
			continue
		}
		at := object
		for { // to some object within
			var inner []string
			for _, name := range slices.Sorted(maps.Keys(at)) {
				if _, ok := at[name].(map[string]any); ok {
					inner = append(inner, name)
				}
			}
			if len(inner) == 0 || rapid.Bool().Draw(t, "here") {
				break
			}
			at = at[rapid.SampledFrom(inner).Draw(t, "into")].(map[string]any)
		}
		at[rapid.SampledFrom(e.fields).Draw(t, "name")] = e.wanted(t)
	}
	if rapid.IntRange(0, 7).Draw(t, "tidy") > 0 {
		e.tidy(t, object)
	}
	text, err := json.Marshal(object)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// tidy removes what is in a config beside what does the same, so that most configs are run.
func (e editor) tidy(t *rapid.T, config map[string]any) {
	keep := func(at map[string]any, names ...string) {
		seen := false
		for _, name := range names {
			if _, ok := at[name]; ok && seen {
				delete(at, name)
			} else {
				seen = seen || ok
			}
		}
	}
	request, whole := config["request"].(map[string]any)
	switch {
	case config["signed_jwt"] != nil:
		for _, name := range []string{"token_endpoint", "request", "steps", "parameters", "headers", "scope", "assertion", "client_assertion", "body", "token_endpoint_auth_method", "issuer"} {
			delete(config, name)
		}
	case whole:
		for _, name := range []string{"token_endpoint", "parameters", "headers", "scope", "grant_type", "token_endpoint_auth_method", "client_assertion", "body", "issuer", "client_secret_basic_encoding"} {
			delete(config, name)
		}
		keep(request, rapid.Permutation([]string{"form", "json", "multipart", "text"}).Draw(t, "bodies")...)
	default:
		for _, name := range []string{"form", "json", "multipart", "text", "query", "assertion"} {
			delete(config, name)
		}
	}
	if r, ok := config["record"].(map[string]any); ok && r["x"] == "${extra.x}" {
		extra := within(within(config, "response"), "extra")
		if extra["x"] == nil {
			extra["x"] = e.path(t)
		}
	}
}

// within returns the object of that name in another, which it becomes if it is none.
func within(at map[string]any, name string) map[string]any {
	inner, ok := at[name].(map[string]any)
	if !ok {
		inner = map[string]any{}
		at[name] = inner
	}
	return inner
}

// skilled makes an edit that keeps a config in order, and has more of what was sent come
// back, or of what came back be stored.
func (e editor) skilled(t *rapid.T, config map[string]any) {
	request, fields := config, []string{"headers", "parameters"}
	if _, ok := config["request"].(map[string]any); ok {
		request, fields = within(config, "request"), []string{"form", "json", "query", "headers", "multipart"}
	}
	path := func() string { return e.path(t) }
	template := func() string { return e.template(t) }
	switch rapid.IntRange(0, 11).Draw(t, "edit") {
	case 0, 1:
		within(within(config, "response"), "extra")["x"] = path()
	case 2, 3:
		within(request, rapid.SampledFrom(fields).Draw(t, "fields"))["x"] = template()
	case 4:
		within(config, "response")[rapid.SampledFrom([]string{"access_token", "scope", "token_type", "expires_in", "expires_at", "success", "refresh_token", "error", "error_description"}).Draw(t, "field")] = path()
	case 5:
		config["record"] = map[string]any{"t": "${access_token}", "x": "${extra.x}", "s": "${scope} ${token_type}"}
	case 6:
		config["steps"] = []any{map[string]any{"name": "a", "request": map[string]any{"url": e.owned + "/a", "form": map[string]any{"x": template()}},
			"response": map[string]any{"keep": map[string]any{"x": path()}}}}
		request["headers"] = map[string]any{"X-Kept": rapid.SampledFrom([]string{"${steps.a.x}", "${hex(sha256(steps.a.x))}", "${hex(hmac(client_secret, steps.a.x))}", "x"}).Draw(t, "kept")}
	case 7:
		name := rapid.SampledFrom([]string{"assertion", "client_assertion", "signed_jwt"}).Draw(t, "signed")
		config[name] = map[string]any{
			"alg": rapid.SampledFrom([]string{"ES256", "HS256"}).Draw(t, "alg"), "aud": rapid.SampledFrom([]string{"https://allowed.example", "https://other.example", template()}).Draw(t, "aud"),
			"iss": "${client_id}", "lifetime": "5m", "claims": map[string]any{"x": template()}, "header": map[string]any{"y": template()}}
		switch name {
		case "assertion":
			delete(config, "token_endpoint")
			config["request"] = map[string]any{"url": e.owned + "/token", "form": map[string]any{"assertion": "${assertion}"}, "headers": map[string]any{"X": template()}}
		case "client_assertion":
			config["token_endpoint_auth_method"] = rapid.SampledFrom([]string{"private_key_jwt", "client_secret_jwt"}).Draw(t, "method")
			delete(within(config, name), "alg")
		case "signed_jwt":
			for _, other := range []string{"token_endpoint", "request", "steps", "parameters", "headers", "scope"} {
				delete(config, other)
			}
		}
	case 8:
		config["probe"] = map[string]any{"request": map[string]any{"url": e.owned + rapid.SampledFrom([]string{"/me", "/refused"}).Draw(t, "probe")},
			"response": map[string]any{"error_description": path()}}
	case 9:
		config["token_endpoint_auth_method"] = rapid.SampledFrom([]string{"client_secret_basic", "client_secret_post", "client_secret_jwt", "private_key_jwt"}).Draw(t, "method")
		config["token_endpoint"] = e.owned + rapid.SampledFrom([]string{"/token", "/refused", "/moved"}).Draw(t, "endpoint")
		delete(config, "request")
		delete(config, "steps")
	case 10:
		config["request"] = map[string]any{"url": e.owned + rapid.SampledFrom([]string{"/token", "/refused", "/${client_secret}"}).Draw(t, "url") + "?q=" + template(),
			"basic": []any{rapid.SampledFrom(append(e.values, "assertion", "refresh_token", "")).Draw(t, "user"), rapid.SampledFrom(append(e.values, "assertion", "client_assertion", "refresh_token")).Draw(t, "password")}}
		for _, other := range []string{"token_endpoint", "parameters", "headers", "scope", "grant_type", "token_endpoint_auth_method", "body", "issuer"} {
			delete(config, other)
		}
		if rapid.Bool().Draw(t, "signed") {
			config["assertion"] = map[string]any{"alg": "ES256", "aud": "https://other.example", "lifetime": "5m", "claims": map[string]any{"x": template()}}
		}
	case 11:
		within(config, "request")["text"] = template()
		within(config, "request")["url"] = e.owned + "/text"
		within(within(config, "request"), "headers")["Content-Type"] = rapid.SampledFrom([]string{"text/plain", "text/xml", "application/octet-stream"}).Draw(t, "type")
	}
}

// template is a text with an expression in it.
func (e editor) template(t *rapid.T) string {
	return rapid.SampledFrom([]string{"", "x-", "Bearer "}).Draw(t, "before") + "${" + e.expression(t, 0) + "}"
}

// expression is one of the language of templates.
func (e editor) expression(t *rapid.T, depth int) string {
	inner := func() string { return e.expression(t, depth+1) }
	least := 0
	if depth > 3 {
		least = 8
	}
	switch rapid.IntRange(least, 11).Draw(t, "expression") {
	case 0:
		return rapid.SampledFrom([]string{"base64", "base64url", "hex"}).Draw(t, "encoder") + "(" + inner() + ")"
	case 1:
		return rapid.SampledFrom([]string{"base64", "hex"}).Draw(t, "encoder") + "(sha256(" + inner() + "))"
	case 2:
		return "hex(hmac(" + inner() + ", " + inner() + "))"
	case 3:
		return "join('', " + inner() + ")"
	case 4:
		return "join('" + rapid.SampledFrom([]string{"", ":", "%", "=3", `\u00`}).Draw(t, "between") + "', " + inner() + ", " + inner() + ")"
	case 5:
		return rapid.SampledFrom([]string{"now('unix')", "uuid()", "steps.a.x", "assertion", "client_assertion", "refresh_token", "access_token", "extra.x"}).Draw(t, "other")
	case 6:
		return "'" + rapid.SampledFrom([]string{"a", "%25", "YWJj"}).Draw(t, "text") + "'"
	case 7:
		return rapid.SampledFrom(e.values).Draw(t, "optional") + rapid.SampledFrom([]string{"?", "?'x'"}).Draw(t, "instead")
	}
	return rapid.SampledFrom(e.values).Draw(t, "value")
}

// path leads to what was sent, now or in an earlier login, perhaps in disguise, or to something
// harmless.
func (e editor) path(t *rapid.T) string {
	of := rapid.SampledFrom([]string{"echo", "memory[0]", "memory[3]", "disguised", "other"}).Draw(t, "of")
	switch of {
	case "disguised":
		return of + "." + rapid.SampledFrom([]string{"percent", "percent4", "json2", "html2", "mixed", "base64", "base64url", "form64", "json64", "base32", "hex", "list", "list[0]", "small", "hex_percent"}).Draw(t, "disguise")
	case "other":
		return rapid.SampledFrom([]string{"@", "data.session", "data", "data.refresh_token", "token", "memory", "ok", "expires_in", "to_string(echo)", "echo.form == 'x'", "error_description"}).Draw(t, "path")
	}
	return of + "." + rapid.SampledFrom([]string{"body", "form.x[0]", "form", "json.x", "json", "headers.Authorization", "headers.Authorization_plain", "headers.X", "headers.\"X-Kept\"", "query",
		"form.client_secret[0]", "form.assertion[0]", "form.client_assertion[0]", "path", "headers"}).Draw(t, "path")
}

// wanted returns a value that may bring the secret nearer.
func (e editor) wanted(t *rapid.T) any {
	place := rapid.SampledFrom(e.places).Draw(t, "place")
	host, mine := strings.TrimPrefix(place, "http://"), strings.TrimPrefix(e.owned, "http://")
	value, path := e.template(t), e.path(t)
	return rapid.SampledFrom([]any{
		place + "/token", e.owned + "/moved", e.owned + "/${client_secret}", e.owned + "@" + host + "/", place + "\\@" + mine + "/", place + "#@" + mine, e.owned + "/\\" + host,
		"http://${client_id}@" + host, "//" + host + "/token", strings.Replace(e.owned, "127.0.0.1", "localhost", 1) + "/token", "http://" + mine + "." + host,
		host, value, path, value + "\r\nHost: " + host,
		map[string]any{"url": place + "/", "form": map[string]any{"x": value}},
		map[string]any{"url": e.owned + "/token", "form": map[string]any{"x": value}, "headers": map[string]any{"X-Api-Key": value}},
		map[string]any{"url": e.owned + "/moved", "json": map[string]any{"x": value}},
		map[string]any{"request": map[string]any{"url": place + "/me", "headers": map[string]any{"X": value}}},
		map[string]any{"access_token": path, "extra": map[string]any{"x": path}},
		map[string]any{"access_token": map[string]any{"header": "X-Echo"}},
		map[string]any{"x": "${access_token}", "y": value, "z": "${extra.x}"},
		map[string]any{"x": path}, map[string]any{"x": value},
		[]any{map[string]any{"name": "a", "request": map[string]any{"url": place + "/", "text": value}}},
		"${steps.a.x}", "token", 7, true, nil, []any{value}, []any{302, 307}, []any{200, 400}, fmt.Sprint("refresh", "_token"),
	}).Draw(t, "wanted")
}
