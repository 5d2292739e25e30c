package outline_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"example.com/tokenkeeper/cmd/tokenkeeper/internal/outline"
)

func TestChanges(t *testing.T) {
	long := strings.Repeat("x", 5000)
	for _, row := range []struct {
		name, old, new string
		want           []outline.Change
	}{
		{"nothing", `{"a": 1}`, `{"a": 1}`, nil},
		{"white space and order", `{"a": 1, "b": 2}`, "{\"b\":2,\n\"a\":1}", nil},
		{"a value", `{"scope": "read"}`, `{"scope": "write"}`, []outline.Change{{"scope", `"read"`, `"write"`}}},
		{"a type", `{"a": 1}`, `{"a": "1"}`, []outline.Change{{"a", "1", `"1"`}}},
		{"deep", `{"steps": [{"request": {"url": "u"}}]}`, `{"steps": [{"request": {"url": "v"}}]}`, []outline.Change{{"steps[0].request.url", `"u"`, `"v"`}}},
		{"one more and one less", `{"a": 1}`, `{"b": 1}`, []outline.Change{{"b", "", "1"}, {"a", "1", ""}}},
		{"an empty object is something", `{}`, `{"probe": {}}`, []outline.Change{{"probe", "", "{}"}, {"", "{}", ""}}},
		{"far behind in a long value", `{"a": "` + long + `1"}`, `{"a": "` + long + `2"}`, []outline.Change{{"a", `"` + long + `1"`, `"` + long + `2"`}}},
		{"what looks like a key", `{"a": "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa1"}`, `{"a": "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa2"}`,
			[]outline.Change{{"a", `"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa1"`, `"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa2"`}}},
		{"what cannot be seen", `{"a": "x"}`, `{"a": "x` + "\u200b" + `"}`, []outline.Change{{"a", `"x"`, `"x\u200b"`}}},
		{"what turns the text around", `{"a": "x"}`, `{"a": "` + "\u202e" + `"}`, []outline.Change{{"a", `"x"`, `"\u202e"`}}},
		{"no JSON", `{"a": 1}`, "{\u202e", []outline.Change{{"", "", `"{\u202e"`}, {"a", "1", ""}}},
	} {
		if diff := cmp.Diff(row.want, outline.Changes(row.old, row.new)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", row.name, diff)
		}
	}
}

func TestOptional(t *testing.T) {
	for config, want := range map[string][]string{
		`{"a": "${client_id}"}`:                               nil,
		`{"a": "why?", "b": "${x}?"}`:                         nil,
		`{"a": "${tenant?}"}`:                                 {"tenant"},
		`{"a": "${tenant?'none'}"}`:                           {"tenant"},
		`{"a": ["${b?} ${a?}", {"c": "${b?}"}]}`:              {"a", "b"},
		`{"a": "${base64(private_key?)}"}`:                    {"private_key"},
		`{"a": "${hmac_sha256(key, concat(x?, ':', y?''))}"}`: {"x", "y"},
		`{"a": "${x?'}${not?}'}"}`:                            {"x"},
		`{"a": "${join('is it?', z?)}"}`:                      {"z"},
	} {
		if diff := cmp.Diff(want, outline.Optional(outline.Of(config))); diff != "" {
			t.Errorf("%s (-want +got):\n%s", config, diff)
		}
	}
}

func TestReaching(t *testing.T) {
	const config = `{"token_endpoint": "https://a.example", "scope": "response", "response": {"extra": {"id": "user.id"}},
		"steps": [{"request": {"url": "u"}, "response": {"keep": {"sid": "session"}}}], "record": {"t": "${access_token}"},
		"probe": {"request": {"url": "p"}}, "request": {"json": {"response": 1}}}`
	want := []string{"response.extra.id", "steps[0].response.keep.sid", "record.t", "probe.request.url"}
	var got []string
	for _, l := range outline.Reaching(outline.Of(config)) {
		got = append(got, l.Path)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}
