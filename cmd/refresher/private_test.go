package main

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"example.com/tokenkeeper/internal/awstest"
	"example.com/tokenkeeper/internal/privatetest"
)

// A provider at a private address with a private authority is not asked by default, nor with its
// network alone, since its authority is not trusted; with both parameters of the stack it is kept.
func TestAPrivateProvider(t *testing.T) {
	p := privatetest.New(t)
	account := awstest.New(t, awstest.Options{})
	account.SetParameter(awstest.Parameter{Name: "/tokenkeeper/providers/erp", Value: p.Config})
	account.SetParameter(awstest.Parameter{Name: "/tokenkeeper/credentials/erp", Value: p.Credential, Type: "SecureString"})
	account.SetParameter(awstest.Parameter{Name: "/corp/authorities", Value: p.Authority})
	for _, row := range []struct {
		networks, authorities, code string
	}{
		{"", "", "address_not_allowed"},
		{p.Network, "", "tls_untrusted"},
		{"", "/corp/authorities", "address_not_allowed"},
		{p.Network, "/corp/authorities", ""},
	} {
		env := least()
		env["TOKENKEEPER_PROVIDER_NETWORKS"], env["TOKENKEEPER_AUTHORITIES"] = row.networks, row.authorities
		s, err := read(env)
		if err != nil {
			t.Fatal(err)
		}
		c := newClients(account.Config(), s)
		roots, err := authorities(t.Context(), c, s.Reach.Authorities)
		if err != nil {
			t.Fatal(err)
		}
		var out bytes.Buffer
		answer, err := newHandler(s, c, newParser(s, roots), &out, time.Now).Invoke(t.Context(), []byte(`{"refresh": ["erp"], "force": true}`))
		if kept := row.code == ""; (err == nil) != kept || (p.Logins() > 0) != kept || !strings.Contains(out.String(), row.code) {
			t.Errorf("network %q, authorities %q: %s, %v, after %d logins:\n%s", row.networks, row.authorities, answer, err, p.Logins(), out.String())
		}
		if strings.Contains(out.String(), privatetest.Secret) {
			t.Error("the client secret is printed")
		}
	}
	secret, _ := account.Secret("tokenkeeper/tokens/erp")
	if v, ok := secret.Current(); !ok || !strings.Contains(v.Value, "of-a-private-provider-1") {
		t.Errorf("the record is %q", v.Value)
	}
}
