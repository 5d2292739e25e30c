package tokenendpoint_test

import (
	"os"
	"regexp"
	"strings"
	"testing"

	"example.com/tokenkeeper/internal/tokenendpoint"
)

// Every block of JSON in the documentation is a config or a credential that works, and
// every field that there is, is documented.
func TestDocumentation(t *testing.T) {
	text, err := os.ReadFile("../../docs/configuration.md")
	if err != nil {
		t.Fatal(err)
	}
	p := tokenendpoint.New(tokenendpoint.Options{})
	blocks := regexp.MustCompile("(?s)```json\n(.*?)```").FindAllSubmatch(text, -1)
	configs, credentials := 0, 0
	for _, b := range blocks {
		block := string(b[1])
		if strings.Contains(block, "allowed_hosts") || strings.Contains(block, `"signs"`) {
			credentials++
			_, err = p.Credential(document("erp", block))
		} else {
			configs++
			_, err = p.Provider(document("erp", block))
		}
		if err != nil {
			t.Errorf("%s\n%v", block, err)
		}
	}
	if configs < 6 || credentials < 3 {
		t.Errorf("found %d configs and %d credentials", configs, credentials)
	}
	for _, name := range tokenendpoint.Fields() {
		if !strings.Contains(string(text), "`"+name+"`") {
			t.Errorf("the field %s is not documented", name)
		}
	}
}
