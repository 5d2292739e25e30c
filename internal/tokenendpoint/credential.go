package tokenendpoint

import (
	"crypto/x509"
	"fmt"
	"maps"
	"slices"
	"strings"

	"example.com/tokenkeeper/internal/problem"
	"example.com/tokenkeeper/internal/refresh"
	"example.com/tokenkeeper/internal/secret"
	"example.com/tokenkeeper/internal/strictjson"
	"example.com/tokenkeeper/internal/template"
	"example.com/tokenkeeper/internal/wire"
)

// Credential understands a credential: an object of strings, beside the fields that are its
// owner's word. The error is [refresh.Problems], all of them at once, and holds no value. That hosts
// are named at all is checked by [Endpoint.Check].
func (p *Parser) Credential(d refresh.Document) (refresh.Credential, error) {
	ps := problem.List{Where: d.Where}
	c := refresh.Credential{Name: d.Name, Version: d.Version, Values: map[string]secret.Text{}}
	members, ok := decode[map[string]strictjson.Value](&ps, d, maxCredential)
	if !ok {
		return refresh.Credential{}, ps.Err()
	}
	for _, name := range slices.Sorted(maps.Keys(members)) {
		v := members[name]
		list := v.Type == strictjson.List
		switch {
		case name == "allowed_hosts":
			c.AllowedHosts = ps.Words(name, v)
			for i, entry := range c.AllowedHosts {
				if fault := wire.PinFault(entry, p.loopback); fault != nil {
					ps.Add(problem.Indexed(name, i), "", fault.Detail, fault.Remedy)
				}
			}
		case name == "providers":
			c.Providers = ps.Words(name, v)
			for i, entry := range c.Providers {
				if refresh.CheckName(entry) != nil {
					ps.Add(problem.Indexed(name, i), "", "is not the name of a provider", "name each provider that may use it; there are no wildcards")
				}
			}
		case name == "signs":
			c.Signs = audiences(&ps, name, v)
		case name == "authorities":
			c.Authorities = authorities(&ps, name, v)
		case name == "approved_only":
			c.ApprovedOnly = v.Text == "true"
			if v.Type != strictjson.Bool {
				ps.Add(name, "", fmt.Sprintf("must be true or false, not %s", v.Type), "write it without quotes")
			}
		case name == "public" && list: // a value may well be called that
			c.Public = ps.Words(name, v)
		case name == "sign_only" && list:
			c.SignOnly = ps.Words(name, v)
		default:
			checkValue(&ps, name, v)
			c.Values[name] = secret.New(v.Text)
		}
	}
	if len(c.Values)+len(c.AllowedHosts) == 0 && len(ps.Found) == 0 {
		ps.Add("", "", "holds nothing to log in with", `add "client_id" and "client_secret", or what the config names`)
	}
	checkPublic(&ps, c)
	if err := ps.Err(); err != nil {
		return refresh.Credential{}, err
	}
	return c, nil
}

// checkPublic checks what the owner of a credential says of its values.
func checkPublic(ps *problem.List, c refresh.Credential) {
	for i, name := range c.Public {
		if why := c.MayBePublic(name); why != "" {
			ps.Add(problem.Indexed("public", i), problem.Name(name), why+", so it cannot be public", "remove it")
		}
	}
	refused, _ := c.Conflicts()
	for _, p := range refused {
		ps.Add(p.Path, p.Value, p.Detail, p.Remedy)
	}
}

// authorities reads certificates in PEM, of those that hosts' certificates are checked against.
// They are public, and in the credential since the owner who pins a host says which authority to believe
// that it is the one.
func authorities(ps *problem.List, path string, v strictjson.Value) *x509.CertPool {
	pool := x509.NewCertPool()
	if v.Type != strictjson.String || !pool.AppendCertsFromPEM([]byte(v.Text)) {
		ps.Add(path, "", "holds no certificate in PEM", `write "-----BEGIN CERTIFICATE-----\n…", that of the authority and not that of the host`)
		return nil
	}
	return pool
}

// usualNames are what the values of most credentials are called.
var usualNames = []string{"api_key", "client_id", "client_secret", "password", "private_key", "refresh_token", "username"}

// checkValue checks one of a credential's own fields.
func checkValue(ps *problem.List, name string, v strictjson.Value) {
	path := name
	if !template.ValidName(name) {
		path = problem.Show(name)
	}
	reserved := []string{"allowed_hosts", "approved_only", "authorities", "providers"}
	if v.Type == strictjson.List {
		reserved = append(reserved, "signs", "public", "sign_only") // a value may well be called sign
	}
	switch near := strictjson.Nearest(name, reserved); {
	case near != "":
		ps.Add(path, "", "is not a field with a meaning of its own", fmt.Sprintf("did you mean %q?", near))
	case !template.ValidName(name):
		remedy := "use letters, digits and _, beginning with a letter"
		if usual := strictjson.NearestWithin(name, usualNames, 0); usual != "" {
			path, remedy = problem.Name(name), fmt.Sprintf("write %q", usual)
		}
		ps.Add(path, "", "is not a name that a config can write as ${name}", remedy)
	case v.Type == strictjson.Num:
		ps.Add(path, "", "is a number, and some parsers would change its digits", "put it in quotes")
	case v.Type != strictjson.String:
		ps.Add(path, "", fmt.Sprintf("must be a string, not %s", v.Type), "")
	case v.Text == "":
		ps.Add(path, "", "is empty", "fill it in, or remove it")
	case strings.TrimRight(v.Text, "\r\n") != v.Text && !strings.Contains(strings.TrimRight(v.Text, "\r\n"), "\n"):
		ps.Add(path, "", "ends with a line break, as a value does that came from a file or from echo", "remove it")
	}
}
