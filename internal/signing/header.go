package signing

import (
	"cmp"
	"crypto/sha1" // #nosec G505 -- for thumbprints alone
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"slices"

	"github.com/go-jose/go-jose/v4"

	"example.com/tokenkeeper/internal/strictjson"
)

// Members of a header that name the certificate of the key.
const (
	X5T     = "x5t"      // SHA-1 thumbprint, RFC 7515 section 4.1.7
	X5TS256 = "x5t#S256" // SHA-256 thumbprint, RFC 7515 section 4.1.8
	X5C     = "x5c"      // the chain itself, RFC 7515 section 4.1.6
)

// A Header is what a JWT says of itself beside its alg.
type Header struct {
	// Type is typ; empty: "JWT".
	Type string
	// OmitType leaves typ out.
	OmitType bool
	// KeyID is kid; empty: that of the JWK, and if it has none, kid is left out.
	KeyID string
	// Certificate is that of the key; zero: none.
	Certificate Certificate
	// CertificateMembers are those of X5T, X5TS256 and X5C that are wanted.
	CertificateMembers []string
	// Members are others, of any names but those above and the few that Check refuses.
	Members []strictjson.Member
}

// Check says what is wrong with h, whatever the key: what can be said of a config without
// its credential. The error is a [*Fault].
func (h Header) Check() error {
	for _, name := range h.CertificateMembers {
		if name != X5T && name != X5TS256 && name != X5C {
			return &Fault{fmt.Sprintf("the header member %.40q names no certificate", name), "choose of x5t, x5t#S256 and x5c"}
		}
	}
	for _, m := range h.Members {
		switch name := m.Name; name {
		case "alg", "typ", "kid", X5T, X5TS256, X5C:
			return &Fault{fmt.Sprintf("the header member %q is stated in a way of its own", name), "state it there, and leave it out here"}
		case "jwk", "b64", "crit":
			return &Fault{fmt.Sprintf("the header member %q would change how the JWT is read or verified", name), "leave it out"}
		}
	}
	return nil
}

// extra returns the members of h for a JWT signed with k. The error is a *Fault.
func (h Header) extra(k Key) (map[jose.HeaderKey]any, error) {
	if err := h.Check(); err != nil {
		return nil, err
	}
	members := slices.Clone(h.Members)
	add := func(name string, v strictjson.Value) {
		members = append(members, strictjson.Member{Name: name, Value: v})
	}
	if !h.OmitType {
		add("typ", strictjson.Text(cmp.Or(h.Type, "JWT")))
	}
	if id := cmp.Or(h.KeyID, k.id); id != "" {
		add("kid", strictjson.Text(id))
	}
	if fault := h.addCertificate(add); fault != nil {
		return nil, fault
	}
	extra := map[jose.HeaderKey]any{}
	for _, m := range members {
		text, err := m.Value.Encode()
		if err != nil {
			return nil, &Fault{"the header is not text in UTF-8", "look at the values in it"}
		}
		extra[jose.HeaderKey(m.Name)] = json.RawMessage(text)
	}
	return extra, nil
}

func (h Header) addCertificate(add func(name string, v strictjson.Value)) *Fault {
	if len(h.CertificateMembers) == 0 {
		return nil
	}
	if h.Certificate.IsZero() {
		return &Fault{fmt.Sprintf("the header member %q needs a certificate", h.CertificateMembers[0]), "give the certificate of the key in PEM"}
	}
	own := h.Certificate.chain[0].Raw
	for _, name := range h.CertificateMembers {
		switch name {
		case X5T: // SHA-1 by definition: it distinguishes certificates, and proves nothing
			sum := sha1.Sum(own) // #nosec G401 -- see above
			add(name, strictjson.Text(base64.RawURLEncoding.EncodeToString(sum[:])))
		case X5TS256:
			sum := sha256.Sum256(own)
			add(name, strictjson.Text(base64.RawURLEncoding.EncodeToString(sum[:])))
		case X5C: // in base64, and not in base64url
			var chain []string
			for _, link := range h.Certificate.chain {
				chain = append(chain, base64.StdEncoding.EncodeToString(link.Raw))
			}
			add(name, strictjson.Texts(chain))
		}
	}
	return nil
}
