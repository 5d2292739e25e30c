package tokenendpoint_test

import (
	"bytes"
	"encoding/json"
	"maps"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/santhosh-tekuri/jsonschema/v6"

	"example.com/tokenkeeper/internal/tokenendpoint"
)

const schemaFile = "../../schema/provider.schema.json"

// schema returns the published schema.
func schema(t *testing.T) *jsonschema.Schema {
	t.Helper()
	s, err := jsonschema.NewCompiler().Compile(schemaFile)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// valid reports what the schema says of a config; ok is false if it is not JSON.
func valid(s *jsonschema.Schema, config string) (err error, ok bool) {
	v, err := jsonschema.UnmarshalJSON(bytes.NewReader([]byte(config)))
	if err != nil {
		return nil, false
	}
	return s.Validate(v), true
}

// The schema has the very fields that the decoder has, in every object.
func TestSchemaNamesWhatIsDecoded(t *testing.T) {
	text, err := os.ReadFile(schemaFile)
	if err != nil {
		t.Fatal(err)
	}
	var published struct {
		Defs map[string]struct {
			Properties map[string]any `json:"properties"`
		} `json:"$defs"`
	}
	if err := json.Unmarshal(text, &published); err != nil {
		t.Fatal(err)
	}
	for name, fields := range tokenendpoint.Structs() {
		if diff := cmp.Diff(fields, slices.Sorted(maps.Keys(published.Defs[name].Properties))); diff != "" {
			t.Errorf("%s (-decoded +in the schema):\n%s", name, diff)
		}
	}
}

// What the decoder takes is valid, and what is not valid the decoder refuses: the two are
// fed the documentation, the corpus of providers, the table of wrong configs, and each of
// these with one thing changed.
func TestSchemaAgreesWithTheDecoder(t *testing.T) {
	s := schema(t)
	p := tokenendpoint.New(tokenendpoint.Options{AllowLoopback: true})
	accepted, refused, beyond := 0, 0, 0
	for _, config := range everyConfig(t) {
		for _, variant := range append(variants(t, config), config) {
			invalid, ok := valid(s, variant)
			if !ok {
				continue
			}
			_, err := p.Provider(document("erp", variant))
			switch {
			case err == nil && invalid != nil:
				t.Errorf("the decoder takes %s\nand the schema says %v", variant, invalid)
			case err == nil:
				accepted++
			case invalid != nil:
				refused++
			default:
				beyond++ // of what a schema can say
			}
		}
	}
	t.Logf("%d were accepted by both and %d refused by both; %d were refused by the decoder alone", accepted, refused, beyond)
	if accepted < 100 || refused < 1000 {
		t.Errorf("too few cases: %d accepted, %d refused", accepted, refused)
	}
}

// everyConfig returns all configs that there are in documentation and tests.
func everyConfig(t *testing.T) []string {
	t.Helper()
	var list []string
	text, err := os.ReadFile("../../docs/configuration.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, b := range regexp.MustCompile("(?s)```json\n(.*?)```").FindAllSubmatch(text, -1) {
		if !bytes.Contains(b[1], []byte("allowed_hosts")) {
			list = append(list, string(b[1]))
		}
	}
	text, err = os.ReadFile("testdata/problems.txt")
	if err != nil {
		t.Fatal(err)
	}
	for c := range strings.SplitSeq(string(text), "\n== config:") {
		_, config, _ := strings.Cut(c, "\n")
		config, _, _ = strings.Cut(config, "\n>")
		list = append(list, config)
	}
	for _, shape := range shapes(t) {
		list = append(list, string(shape.Config))
	}
	return list
}

// variants returns a config with one thing changed, in turn: each field at any depth gone,
// mistyped, and of another type.
func variants(t *testing.T, config string) []string {
	t.Helper()
	var list []string
	var root any
	if json.Unmarshal([]byte(config), &root) != nil {
		return nil
	}
	note := func() {
		text, err := json.Marshal(root)
		if err != nil {
			t.Fatal(err)
		}
		list = append(list, string(text))
	}
	var walk func(v any)
	walk = func(v any) {
		switch v := v.(type) {
		case map[string]any:
			for _, name := range slices.Sorted(maps.Keys(v)) {
				old := v[name]
				delete(v, name)
				note()
				v[name+"s"] = old
				note()
				delete(v, name+"s")
				for _, other := range []any{nil, true, 7, "word", []any{}, []any{"x", 8}, map[string]any{}, map[string]any{"x": "y"}} {
					v[name] = other
					note()
				}
				v[name] = old
				walk(old)
			}
		case []any:
			for _, item := range v {
				walk(item)
			}
		}
	}
	walk(root)
	return list
}
