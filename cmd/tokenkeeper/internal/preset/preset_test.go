package preset_test

import (
	"encoding/json"
	"errors"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"example.com/tokenkeeper/cmd/tokenkeeper/internal/explain"
	"example.com/tokenkeeper/cmd/tokenkeeper/internal/preset"
	"example.com/tokenkeeper/internal/refresh"
	"example.com/tokenkeeper/internal/secret"
	"example.com/tokenkeeper/internal/tokenendpoint"
)

// samples are values for placeholders that are not just a word.
var samples = map[string]string{
	"AUDIENCE": "https://api.example.com",
	"HOST":     "login.example.com",
	"LIFETIME": "2h",
	"RESOURCE": "https://graph.example.com",
	"SCOPE":    "read write",
}

// sample returns a value for a placeholder.
func sample(name string) string {
	if v, ok := samples[name]; ok {
		return v
	}
	return strings.ToLower(name) + "-1"
}

// filled returns a preset with samples for its placeholders, and its config.
func filled(t *testing.T, p preset.Preset) (preset.Preset, string) {
	t.Helper()
	values := map[string]string{}
	for _, f := range p.Placeholders {
		values[f.Name] = sample(f.Name)
	}
	p, err := p.Fill(values)
	if err != nil {
		t.Fatal(err)
	}
	config, err := p.Config()
	if err != nil {
		t.Fatal(err)
	}
	return p, string(config)
}

// login returns a credential as the preset describes it, without the fields named.
func login(t *testing.T, p preset.Preset, without ...string) refresh.Credential {
	t.Helper()
	fields := map[string]any{}
	for name, list := range map[string][]string{"allowed_hosts": p.AllowedHosts, "public": p.Public, "signs": p.Signs} {
		if list != nil {
			fields[name] = list
		}
	}
	for _, f := range p.Credential {
		fields[f.Name] = secretOf(t, f.Name)
	}
	for _, name := range without {
		delete(fields, name)
	}
	text, err := json.Marshal(fields)
	if err != nil {
		t.Fatal(err)
	}
	c, err := tokenendpoint.New(tokenendpoint.Options{}).Credential(document(p.Name, string(text)))
	if err != nil {
		t.Fatalf("credential:\n%v", err)
	}
	return c
}

func document(name, text string) refresh.Document {
	return refresh.Document{Name: name, Where: name + ".json", Data: secret.New(text)}
}

func list(t *testing.T) []preset.Preset {
	t.Helper()
	presets, err := preset.List()
	if err != nil {
		t.Fatal(err)
	}
	return presets
}

// Every preset is a config that works once it is filled in, and asks for just what it
// needs.
func TestEveryPreset(t *testing.T) {
	for _, p := range list(t) {
		t.Run(p.Name, func(t *testing.T) {
			checkWords(t, p)
			checkDocumentation(t, p)
			checkPlaceholders(t, p)

			full, config := filled(t, p)
			provider, err := tokenendpoint.New(tokenendpoint.Options{}).Provider(document(p.Name, config))
			if err != nil {
				t.Fatalf("config %s:\n%v", config, err)
			}
			endpoint := provider.Endpoint.(*tokenendpoint.Endpoint)
			if ps := endpoint.Check(login(t, full)); len(ps) > 0 {
				t.Errorf("the credential as described does not fit the config:\n%v", ps)
			}
			if diff := cmp.Diff(explain.Hosts(endpoint.Plan()), full.AllowedHosts); diff != "" {
				t.Errorf("allowed_hosts (-needed +described):\n%s", diff)
			}
			for _, f := range p.Credential {
				if len(p.Credential) == 1 {
					break // one that holds nothing is refused before
				}
				if ps := endpoint.Check(login(t, full, f.Name)); len(ps) == 0 {
					t.Errorf("the credential is to have %s, which the config does not use", f.Name)
				}
			}
		})
	}
}

// checkWords looks at what people read.
func checkWords(t *testing.T, p preset.Preset) {
	t.Helper()
	if err := refresh.CheckName(p.Name); err != nil {
		t.Error(err)
	}
	if got, err := preset.Get(p.Name); err != nil || got.Title != p.Title {
		t.Errorf("Get(%q) is the preset %q, %v", p.Name, got.Title, err)
	}
	if p.Title == "" || len(p.Notes) == 0 || len(p.Credential) == 0 {
		t.Errorf("the title, the notes or the credential is empty")
	}
	for _, note := range p.Notes {
		if strings.TrimSpace(note) != note || !strings.HasSuffix(note, ".") {
			t.Errorf("not a sentence: %q", note)
		}
	}
	for _, f := range slices.Concat(p.Placeholders, p.Credential) {
		if f.Where == "" || strings.TrimSpace(f.Where) != f.Where || strings.HasSuffix(f.Where, ".") {
			t.Errorf("%s is described as %q", f.Name, f.Where)
		}
	}
}

// checkDocumentation makes sure that readers can find the page that was read.
func checkDocumentation(t *testing.T, p preset.Preset) {
	t.Helper()
	if len(p.Documentation) == 0 {
		t.Errorf("no documentation is cited")
	}
	for _, page := range p.Documentation {
		if u, err := url.Parse(page.URL); err != nil || u.Scheme != "https" || u.Host == "" {
			t.Errorf("not the address of a page: %q", page.URL)
		}
		if _, err := time.Parse(time.DateOnly, page.Read); err != nil {
			t.Errorf("%s was read on %q, which is not a date", page.URL, page.Read)
		}
	}
}

// capitals are words that look like placeholders.
var capitals = regexp.MustCompile(`[A-Z][A-Z0-9]+`)

// fixed are words that look like placeholders, and are none.
var fixed = []string{"ES256", "GET", "PS256", "S256"}

// checkPlaceholders makes sure that the config has the placeholders that are described,
// all of them, and no others.
func checkPlaceholders(t *testing.T, p preset.Preset) {
	t.Helper()
	config, err := p.Config()
	if err != nil {
		t.Fatal(err)
	}
	var described []string
	for _, f := range p.Placeholders {
		described = append(described, f.Name)
	}
	slices.Sort(described)
	used := words(config)
	slices.Sort(used)
	if diff := cmp.Diff(described, slices.Compact(used)); diff != "" {
		t.Errorf("placeholders (-described +in the config):\n%s", diff)
	}
	for _, host := range p.AllowedHosts {
		for _, w := range capitals.FindAllString(host, -1) {
			if !slices.Contains(described, w) {
				t.Errorf("allowed host %s has the placeholder %s, which is not described", host, w)
			}
		}
	}
	_, filled := filled(t, p)
	if left := words([]byte(filled)); len(left) > 0 {
		t.Errorf("%v are left in the config:\n%s", left, filled)
	}
}

// words returns what in a config looks like placeholders.
func words(config []byte) []string {
	return slices.DeleteFunc(capitals.FindAllString(string(config), -1), func(w string) bool { return slices.Contains(fixed, w) })
}

func TestGetUnknown(t *testing.T) {
	for name, want := range map[string]string{
		"auth":             `there is no such preset as "auth"; did you mean "auth0"?`,
		"something":        `there is no such preset as "something"; there are: adobe, adp, altinn, `,
		"Auth0":            `there is no such preset as "Auth0"; did you mean "auth0"?`,
		"entre":            `there is no such preset as "entre"; did you mean "entra"?`,
		"../presets/auth0": `there is no such preset as "../presets/auth0"; there are: `,
		"":                 `there is no such preset as ""; there are: `,
	} {
		_, err := preset.Get(name)
		if !errors.Is(err, preset.ErrUnknown) || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("Get(%q): %v\nwant %s", name, err, want)
		}
	}
}

func TestFillSaysAllThatIsWrong(t *testing.T) {
	p, err := preset.Get("auth0")
	if err != nil {
		t.Fatal(err)
	}
	for _, row := range []struct {
		name   string
		values map[string]string
		want   string
	}{
		{"one is missing, one has a space, two are unknown", map[string]string{"TENANT": "acme ", "REGION": "eu", "tenant": "acme"},
			`preset "auth0": the value of TENANT begins or ends with a space
preset "auth0" needs AUDIENCE: Identifier on the API's Settings tab
preset "auth0" has no placeholder "REGION"; it has TENANT, AUDIENCE
preset "auth0" has no placeholder "tenant"; it has TENANT, AUDIENCE`},
		{"one is empty", map[string]string{"TENANT": "acme", "AUDIENCE": ""},
			`preset "auth0" needs AUDIENCE: Identifier on the API's Settings tab`},
	} {
		t.Run(row.name, func(t *testing.T) {
			_, err := p.Fill(row.values)
			if err == nil {
				t.Fatal("it was filled in")
			}
			if diff := cmp.Diff(row.want, err.Error()); diff != "" {
				t.Errorf("error (-want +got):\n%s", diff)
			}
		})
	}
}

// A value may hold anything: it lands in a string of the config, is not looked at again
// for placeholders, and leaves the preset that it was filled into as it was.
func TestFillKeepsValuesWhole(t *testing.T) {
	p, err := preset.Get("auth0")
	if err != nil {
		t.Fatal(err)
	}
	before, _ := p.Config()
	audience := `https://x.example/"TENANT"\<&`
	full, err := p.Fill(map[string]string{"TENANT": "Acme.EU", "AUDIENCE": audience})
	if err != nil {
		t.Fatal(err)
	}
	text, err := full.Config()
	if err != nil {
		t.Fatal(err)
	}
	var config struct {
		Parameters struct{ Audience string }
	}
	if err := json.Unmarshal(text, &config); err != nil || config.Parameters.Audience != audience {
		t.Errorf("the audience is %q, %v; want %q", config.Parameters.Audience, err, audience)
	}
	if diff := cmp.Diff([]string{"acme.eu.auth0.com"}, full.AllowedHosts); diff != "" {
		t.Errorf("allowed hosts (-want +got):\n%s", diff)
	}
	if after, _ := p.Config(); string(after) != string(before) {
		t.Errorf("filling in changed the preset itself:\n%s", after)
	}
}
