package httprequest

import (
	"regexp"
	"slices"
	"strings"

	"example.com/tokenkeeper/internal/problem"
	"example.com/tokenkeeper/internal/template"
)

// secretWords are how the names of parameters, fields and headers end that hold
// secrets, without hyphens and underscores.
var secretWords = []string{
	"secret", "password", "passwd", "passphrase", "pwd", "token", "apikey", "privatekey", "accesskey", "secretkey",
	"authkey", "subscriptionkey", "authorization", "cookie", "assertion", "signature", "credentials",
}

// SecretName reports whether what is called name is a secret.
func SecretName(name string) bool {
	plain := strings.ToLower(strings.NewReplacer("-", "", "_", "", ".", "").Replace(name))
	for _, w := range secretWords {
		if strings.HasSuffix(plain, w) {
			return true
		}
	}
	return false
}

// secretTexts are texts that are secrets whatever they are called: a signed token, a
// private key.
var secretTexts = regexp.MustCompile(`eyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}\.|-----BEGIN [A-Z ]*PRIVATE KEY`)

// noSecrets are words that stand under such names and are none: how tokens against forgery
// are asked for or done without, and switches.
var noSecrets = []string{"fetch", "required", "no-check", "nocheck", "true", "false"}

// refuseSecret notes a secret that stands in the config itself, where many may read it.
func refuseSecret(ps *problem.List, path, name, text string) {
	if text == "" || slices.Contains(noSecrets, strings.ToLower(text)) || !SecretName(name) && !secretTexts.MatchString(text) {
		return
	}
	stand := "${" + suggestedName(name) + "}"
	prefix, _, found := strings.Cut(text, " ")
	if found && (strings.EqualFold(prefix, "Bearer") || strings.EqualFold(prefix, "Basic")) {
		stand = prefix + " " + stand
	}
	ps.Add(path, "", "looks like a secret, and a config is no place for one: whoever may read configs reads it",
		"put it in the credential, here write "+problem.Show(stand)+", and have it replaced at the provider")
}

// suggestedName returns what to call a value of the credential that is sent as name.
func suggestedName(name string) string {
	switch strings.ToLower(name) {
	case "authorization", "cookie":
		return "api_key"
	}
	plain := strings.ToLower(strings.ReplaceAll(name, "-", "_"))
	if !template.ValidName(plain) {
		return "secret"
	}
	return plain
}

// CompileTemplate compiles the string of the field at path. The name is that of the field or
// parameter that the string is the value of, by which a secret is found that should not be
// there.
func CompileTemplate(ps *problem.List, path, name, text string) template.Template {
	t, fault := template.Parse(path, text)
	if fault != nil {
		ps.Add(path, template.Shown(text), fault.Detail, fault.Remedy)
		return nil
	}
	if !template.Names([]template.Template{t}, "") && !t.Fresh() {
		refuseSecret(ps, path, name, text)
	}
	return t
}

// mustStand refuses a value that may be absent where there is nothing to leave out.
func mustStand(ps *problem.List, t template.Template) {
	for v := range template.Named([]template.Template{t}) {
		if v.LeavesOut() {
			ps.Add(v.At, problem.Show("${"+v.Name+"?}"), "may be absent where there is no field to leave out", "say what stands there then: ${"+v.Name+"?''}")
		}
	}
}
