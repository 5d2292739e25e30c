package httprequest

import (
	"regexp"
	"slices"
	"strings"
	"time"

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
	return slices.ContainsFunc(secretWords, func(w string) bool { return strings.HasSuffix(plain, w) })
}

// secretTexts are texts that are secrets whatever they are called: a signed token, a private
// key, and what providers give a prefix of its own so that it is found.
var secretTexts = regexp.MustCompile(`eyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}\.|-----BEGIN [A-Z ]*PRIVATE KEY|` +
	`\b(?:gh[opsur]_|github_pat_|glpat-|xox[abeprs]-|sk_live_|AKIA)[A-Za-z0-9_-]{12,}`)

// noSecrets are words that occur under such names and are no secrets: how tokens against forgery
// are asked for or done without, and switches.
var noSecrets = []string{"fetch", "required", "no-check", "nocheck", "true", "false"}

// refuseSecret notes a secret written in the config itself, where many may read it.
func refuseSecret(ps *problem.List, path, name, text string) {
	if text == "" || slices.Contains(noSecrets, strings.ToLower(text)) || !SecretName(name) && !secretTexts.MatchString(text) {
		return
	}
	stand := "${" + suggestedName(name) + "}"
	prefix, _, found := strings.Cut(text, " ")
	if found && (strings.EqualFold(prefix, "Bearer") || strings.EqualFold(prefix, "Basic")) {
		stand = prefix + " " + stand
	}
	ps.Add(path, "", "looks like a secret, and a config is no place for one: all readers of configs see it",
		"put it in the credential, here write "+problem.Show(stand)+", and have it replaced at the provider")
}

// plainWord is a text that takes the place of a value and is no secret: "anonymous", "Bearer".
var plainWord = regexp.MustCompile(`^(?:[A-Za-z]{1,15} ?)?$`)

// refuseDefault notes a secret that hides in the default of a value.
func refuseDefault(ps *problem.List, path, name string, t template.Template) {
	list, absent := t.Instead()
	if text, err := template.NewValues(nil, time.Time{}, nil).Expand(t); absent && err == nil {
		list = append(list, text.Reveal())
	}
	for _, text := range list {
		plain := text
		if scheme, rest, found := strings.Cut(text, " "); found && plainWord.MatchString(scheme) {
			plain = rest
		}
		if n := len(ps.Found); !plainWord.MatchString(plain) {
			if refuseSecret(ps, path, name, text); len(ps.Found) > n {
				return
			}
		}
	}
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
// parameter that the string is the value of, by which a secret is found that should not be there.
func CompileTemplate(ps *problem.List, path, name, text string) template.Template {
	t, fault := template.Parse(path, text)
	if fault != nil {
		ps.Add(path, template.Shown(text), fault.Detail, fault.Remedy)
		return nil
	}
	refuseComputed(ps, t)
	switch {
	case template.Names([]template.Template{t}, ""):
		refuseDefault(ps, path, name, t)
	case !t.Fresh():
		n := len(ps.Found)
		if refuseSecret(ps, path, name, text); len(ps.Found) == n {
			refuseDefault(ps, path, name, t) // what functions make of it
		}
	}
	return t
}

// passedOn reports whether the value of that name is not the credential's own: a JWT that is
// signed with it, the refresh token, or what a step keeps. It comes and goes with each login,
// and what is made of it would not be recognized later.
func passedOn(name string) bool {
	return strings.HasPrefix(name, "steps.") || slices.Contains([]string{"refresh_token", "assertion", "client_assertion"}, name)
}

// refuseComputed refuses functions of what is passed on. A digest of it, as of a challenge that
// is to be signed, discloses nothing.
func refuseComputed(ps *problem.List, t template.Template) {
	for v := range t.Reaches() {
		if passedOn(v.Name) && v.Computed && !v.Digested {
			ps.Add(v.At, problem.Show("${"+v.Name+"}"), "is given to a function, and only values of the credential are", "write ${"+v.Name+"} by itself, or a digest of it")
		}
	}
}

// mustStand refuses a value that may be absent where there is nothing to leave out.
func mustStand(ps *problem.List, t template.Template) {
	for v := range template.Named(t) {
		if v.LeavesOut() {
			ps.Add(v.At, problem.Show("${"+v.Name+"?}"), "may be absent where there is no field to leave out", "say what is there then: ${"+v.Name+"?''}")
		}
	}
}
