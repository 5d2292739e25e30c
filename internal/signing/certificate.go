package signing

import (
	"crypto"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"strings"
	"time"

	"example.com/tokenkeeper/internal/secret"
)

// A Certificate is a key and the certificate of it, with the chain above. The zero
// Certificate is none.
type Certificate struct {
	chain []*x509.Certificate // the key's own first
	key   Key
}

// ParseCertificate reads a chain in PEM, the certificate of k first, and checks that it is that and
// holds at now: a server would refuse it, and not always say why. Which of the certificates above
// it a server looks at is its own choice, so they are not judged. The error is a [*Fault].
func ParseCertificate(text secret.Text, k Key, now time.Time) (Certificate, error) {
	chain, fault := parseChain(trimmed(text))
	if fault == nil {
		fault = belongs(chain, k)
	}
	if fault == nil {
		fault = holds(chain[0], now)
	}
	if fault != nil {
		return Certificate{}, fault
	}
	return Certificate{chain, k}, nil
}

func parseChain(text string) ([]*x509.Certificate, *Fault) {
	switch {
	case len(text) > maxText:
		return nil, &Fault{fmt.Sprintf("is longer than the %d bytes that a chain may have", maxText), "give the key's certificate and those that lead to its root"}
	case !strings.Contains(text, pemBegin):
		return nil, &Fault{"is no certificate in PEM", "give the whole text of its file, from the BEGIN line to the END line"}
	}
	blocks, fault := pemBlocks(text)
	if fault != nil {
		return nil, fault
	}
	var chain []*x509.Certificate
	for _, b := range blocks {
		switch content, _ := pemContent(b.Type); {
		case strings.HasSuffix(b.Type, "PRIVATE KEY"):
			return nil, &Fault{"has a private key in it", "give the certificates alone: they are public, and the key has a field of its own"}
		case content != "a certificate":
			return nil, &Fault{"has " + content + " in it", "give certificates alone"}
		}
		c, err := x509.ParseCertificate(b.Bytes)
		if err != nil {
			return nil, &Fault{fmt.Sprintf("has a certificate that cannot be read, number %d", len(chain)+1),
				"export it again; openssl x509 -in CERT.pem -noout -subject shows whether it is whole"}
		}
		chain = append(chain, c)
	}
	return chain, nil
}

// belongs says what is wrong if the first of chain is not the certificate of k.
func belongs(chain []*x509.Certificate, k Key) *Fault {
	public, ok := k.public().(interface{ Equal(crypto.PublicKey) bool })
	if !ok {
		return &Fault{fmt.Sprintf("is a certificate, but what is given as its key is %s", k), "give the private key that belongs to the certificate"}
	}
	for i, c := range chain {
		switch {
		case !public.Equal(c.PublicKey):
		case i == 0:
			return nil
		default:
			return &Fault{fmt.Sprintf("has the certificate of the key as number %d", i+1), "put it first, and after each the one that issued it"}
		}
	}
	return &Fault{fmt.Sprintf("is not the certificate of the private key, which is %s", k),
		"give the two that were made together; openssl pkey -in KEY.pem -pubout and openssl x509 -in CERT.pem -pubkey -noout print the same for them"}
}

// holds says what is wrong if c has expired, or is not valid yet, at now.
func holds(c *x509.Certificate, now time.Time) *Fault {
	at := func(t time.Time) string { return t.UTC().Format(time.RFC3339) }
	switch {
	case now.After(c.NotAfter):
		return &Fault{"expired at " + at(c.NotAfter), "have it renewed, and register the new one with the provider before it is put here"}
	case now.Before(c.NotBefore):
		return &Fault{"does not hold before " + at(c.NotBefore), "put it here then, or have one issued that holds now"}
	}
	return nil
}

// IsZero reports whether there is no certificate.
func (c Certificate) IsZero() bool { return len(c.chain) == 0 }

// TLS returns c as a client presents it, such as for tls_client_auth (RFC 8705 section
// 2.1). What it returns holds the private key in the open.
func (c Certificate) TLS() tls.Certificate {
	if c.IsZero() {
		return tls.Certificate{}
	}
	t := tls.Certificate{PrivateKey: c.key.private(), Leaf: c.chain[0]}
	for _, link := range c.chain {
		t.Certificate = append(t.Certificate, link.Raw)
	}
	return t
}
