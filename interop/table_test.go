package interop

import (
	"flag"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"example.com/tokenkeeper/internal/tokenendpoint"
)

var update = flag.Bool("update", false, "write the table of docs/interop.md")

// Every combination of grant and client authentication that a server has, as the table of
// the documentation lists them.
func TestEveryCombination(t *testing.T) {
	var rows []string
	try := func(server, base string, p *tokenendpoint.Parser, logins []login) {
		for _, l := range logins {
			t.Run(strings.Join([]string{server, l.grant, l.method, l.more}, " "), func(t *testing.T) { l.run(t, p, base) })
			outcome := "a token"
			if l.refused != "" {
				outcome = "refused: `" + l.refused + "`"
			}
			rows = append(rows, fmt.Sprintf("| %s | `%s` | `%s` | %s | %s |\n", server, l.grant, l.method, l.more, outcome))
		}
	}
	f := startFosite(t)
	try("fosite 0.49.0", f.URL, tokenendpoint.New(tokenendpoint.Options{AllowLoopback: true}), fositeLogins(t, f))
	o := startOIDC(t)
	try("oidc-provider 9.13.3", o.issuer, tokenendpoint.New(tokenendpoint.Options{AllowLoopback: true, RootCAs: o.roots}), oidcLogins(t, o))

	const (
		document = "../docs/interop.md"
		head     = "| server | grant_type | token_endpoint_auth_method | with | outcome |\n|---|---|---|---|---|\n"
	)
	text, err := os.ReadFile(document)
	if err != nil {
		t.Fatal(err)
	}
	before, _, found := strings.Cut(string(text), head)
	if !found {
		t.Fatalf("%s has no table", document)
	}
	slices.Sort(rows)
	want := before + head + strings.Join(rows, "")
	if *update && !t.Failed() {
		if err := os.WriteFile(document, []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
	} else if string(text) != want {
		t.Errorf("%s is not what was tried: run go test -update", document)
	}
}
