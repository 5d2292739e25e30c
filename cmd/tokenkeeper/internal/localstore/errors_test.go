package localstore_test

import (
	"os/exec"
	"testing"

	"example.com/tokenkeeper/cmd/tokenkeeper/internal/localstore"
)

func TestShellWord(t *testing.T) {
	for word, want := range map[string]string{
		"/var/lib/keeper-1/a_b.json":        "/var/lib/keeper-1/a_b.json",
		"arn:aws:kms:eu-north-1:123:key/ab": "arn:aws:kms:eu-north-1:123:key/ab",
		"":                                  "''",
		"my keeper":                         "'my keeper'",
		"Ann's":                             `'Ann'\''s'`,
		"=cat":                              "'=cat'",
		"~ann":                              "'~ann'",
		"$(id)\n`id`;*":                     "'$(id)\n`id`;*'",
		"å":                                 "'å'",
	} {
		got := localstore.ShellWord(word)
		if got != want {
			t.Errorf("ShellWord(%q) = %s, want %s", word, got, want)
		}
		if out, err := exec.Command("sh", "-c", "printf %s "+got).Output(); err != nil || string(out) != word {
			t.Errorf("a shell reads %s as %q, %v; want %q", got, out, err, word)
		}
	}
}
