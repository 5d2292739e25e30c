package preset_test

import (
	"encoding/base64"
	"encoding/json"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/txtar"

	"example.com/tokenkeeper/cmd/tokenkeeper/internal/preset"
	"example.com/tokenkeeper/internal/refresh"
)

// secretFields are those of all presets that are secrets; the others say who logs in.
var secretFields = []string{"auth_key", "client_secret", "password", "private_key", "secret", "secret_id", "subscription_key", "certificate", "refresh_token"}

// Tokens state who logged in, in their text and in their claims, and so do scopes; and
// answers name the provider's own hosts: with the credential that a preset prints none of
// that is taken for a leak, and without its public the refusal has the line to add.
func TestTokensStateIdentifiers(t *testing.T) {
	for _, p := range list(t) {
		if p.Signs != nil {
			continue // what is in its token is in testdata
		}
		t.Run(p.Name, func(t *testing.T) {
			archive, err := txtar.ParseFile(filepath.Join("testdata", p.Name+".txtar"))
			if err != nil {
				t.Fatal(err)
			}
			full, _ := filled(t, p)
			answers := answersOf(archive)
			last := &answers[len(answers)-1]
			answer := statingHosts(t, *last, full.AllowedHosts)
			token := regexp.MustCompile(`(?m)^token (\S+)$`).FindStringSubmatch(file(t, archive, "grant"))[1]
			for form, stated := range tokensStating(t, identifiersOf(p), full.AllowedHosts) {
				if form == "plain" && strings.Count(token, ".") == 2 {
					continue // its lifetime is in its claims
				}
				*last = strings.ReplaceAll(answer, token, stated)
				if _, _, err := exchange(t, p, answers...); err != nil {
					t.Errorf("%s: %v", form, err)
				}
				if p.Public == nil {
					continue
				}
				secretive := p
				secretive.Public = nil
				_, _, err := exchange(t, secretive, answers...)
				failure, ok := err.(*refresh.Error)
				if !ok || failure.Code != refresh.CodeSecretInRecord || !strings.Contains(failure.Remedy, `"public": ["`) {
					t.Errorf("%s, without public: %v", form, err)
				}
			}
		})
	}
}

// statingHosts returns an answer that also states scopes, an issuer, an audience and an
// instance URL of the provider's hosts, if it is an object.
func statingHosts(t *testing.T, answer string, hosts []string) string {
	t.Helper()
	if !strings.HasPrefix(answer, "{") {
		return answer
	}
	var members map[string]any
	if err := json.Unmarshal([]byte(answer), &members); err != nil {
		t.Fatal(err)
	}
	host := hosts[len(hosts)-1]
	members["scope"] = "https://" + host + "/.default openid " + host
	members["iss"], members["aud"] = "https://"+host, []string{host, "https://" + host + "/token"}
	members["instance_url"] = "https://" + host
	text, err := json.Marshal(members)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func file(t *testing.T, a *txtar.Archive, name string) string {
	t.Helper()
	i := slices.IndexFunc(a.Files, func(f txtar.File) bool { return f.Name == name })
	if i < 0 {
		t.Fatalf("no %s", name)
	}
	return string(a.Files[i].Data)
}

// identifiersOf returns the fields of a preset's credential that are no secrets.
func identifiersOf(p preset.Preset) []string {
	var list []string
	for _, f := range p.Credential {
		if !slices.Contains(secretFields, f.Name) {
			list = append(list, f.Name)
		}
	}
	return list
}

// tokensStating returns tokens that state the values of fields, and the hosts.
func tokensStating(t *testing.T, fields, hosts []string) map[string]string {
	t.Helper()
	claims := map[string]any{"iat": noon.Unix(), "exp": noon.Unix() + 7200, "context": map[string]any{}}
	plain := []string{"token"}
	for _, h := range hosts {
		claims["iss"], claims["aud"] = "https://"+h+"/", []string{h, "https://" + h + "/token"}
		plain = append(plain, h)
	}
	for _, f := range fields {
		claims[f], claims["context"].(map[string]any)["of"] = secretOf(t, f), secretOf(t, f)
		plain = append(plain, strings.ReplaceAll(secretOf(t, f), " ", "+"))
	}
	payload, err := json.Marshal(claims)
	if err != nil {
		t.Fatal(err)
	}
	encode := base64.RawURLEncoding.EncodeToString
	return map[string]string{
		"plain": strings.Join(plain, "-"),
		"a JWT": encode([]byte(`{"alg":"RS256"}`)) + "." + encode(payload) + "." + encode([]byte("a signature")),
	}
}

// What says who logs in, and has not one of the usual names, is public in what a preset
// prints.
func TestIdentifiersArePublic(t *testing.T) {
	for _, p := range list(t) {
		for _, name := range identifiersOf(p) {
			if !refresh.Identifier(name) && !slices.Contains(p.Public, name) {
				t.Errorf("%s: %s is an identifier, and not public", p.Name, name)
			}
		}
		for _, name := range p.Public {
			if !slices.Contains(identifiersOf(p), name) {
				t.Errorf("%s: %s is public, and no identifier of the credential", p.Name, name)
			}
		}
	}
}
