package interop

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"net/url"
	"sync"
	"testing"

	"example.com/tokenkeeper/internal/refresh"
	"example.com/tokenkeeper/internal/secret"
	"example.com/tokenkeeper/internal/tokenendpoint"
)

// A login is one combination: a config and the values of its credential.
type login struct {
	grant, method, more string // as the table has them
	config              map[string]any
	values              map[string]string
	// refused is the code of the failure that is wanted; empty: a token is.
	refused string
}

// provider understands the config of a login, for a server at base.
func (l login) provider(t *testing.T, p *tokenendpoint.Parser) refresh.Provider {
	t.Helper()
	text, err := json.Marshal(l.config)
	if err != nil {
		t.Fatal(err)
	}
	provider, err := p.Provider(refresh.Document{Name: "erp", Where: "providers/erp", Data: secret.New(string(text))})
	if err != nil {
		t.Fatalf("config %s:\n%v", text, err)
	}
	return provider
}

// credential returns what the server at base may be sent.
func (l login) credential(t *testing.T, base string) refresh.Credential {
	t.Helper()
	u, err := url.Parse(base)
	if err != nil {
		t.Fatal(err)
	}
	c := refresh.Credential{Name: "erp", AllowedHosts: []string{u.Host}, Values: map[string]secret.Text{}}
	for name, v := range l.values {
		c.Values[name] = secret.New(v)
	}
	return c
}

// run logs in and checks the outcome.
func (l login) run(t *testing.T, p *tokenendpoint.Parser, base string) refresh.Grant {
	t.Helper()
	g, _ := l.rotate(t, p, base)
	return g
}

// rotate does that and returns the next refresh token as well.
func (l login) rotate(t *testing.T, p *tokenendpoint.Parser, base string) (g refresh.Grant, next refresh.Successor) {
	t.Helper()
	g, err := l.provider(t, p).Endpoint.Grant(context.Background(), refresh.Login{Credential: l.credential(t, base),
		Rotate: func(s refresh.Successor) { next = s }})
	switch e, _ := err.(*refresh.Error); {
	case l.refused == "" && (err != nil || g.AccessToken.IsZero() || g.Lifetime <= 0):
		t.Errorf("lifetime %v, %v", g.Lifetime, err)
	case l.refused != "" && (e == nil || e.Code != l.refused):
		t.Errorf("%v, want %s", err, l.refused)
	}
	return g, next
}

// keys are made once.
var keys = sync.OnceValue(func() (k struct {
	rsa, otherRSA *rsa.PrivateKey
	ec            *ecdsa.PrivateKey
	ed            ed25519.PrivateKey
}) {
	var errs [4]error
	k.rsa, errs[0] = rsa.GenerateKey(rand.Reader, 2048)
	k.otherRSA, errs[1] = rsa.GenerateKey(rand.Reader, 2048)
	k.ec, errs[2] = ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	_, k.ed, errs[3] = ed25519.GenerateKey(rand.Reader)
	for _, err := range errs {
		if err != nil {
			panic(err)
		}
	}
	return k
})

func inPEM(t *testing.T, key crypto.Signer) string {
	t.Helper()
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	return string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}))
}
