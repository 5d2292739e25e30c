package signing

import (
	"cmp"
	"crypto/hmac"
	"fmt"
	"strings"

	"github.com/go-jose/go-jose/v4"

	"example.com/tokenkeeper/internal/secret"
	"example.com/tokenkeeper/internal/strictjson"
)

// Sign returns a JWT in compact form with that header and those claims, signed with k by a;
// empty: by the usual algorithm of k. The warning says what is doubtful about the key and yet not
// refused, in words that go after its name; empty: nothing. The error is a [*Fault].
func Sign(k Key, a Algorithm, h Header, claims []strictjson.Member) (token secret.Text, warning string, _ error) {
	a = cmp.Or(a, k.Algorithm())
	if fault := fits(k, a); fault != nil {
		return token, "", fault
	}
	extra, err := h.extra(k)
	if err != nil {
		return token, "", err
	}
	payload, err := strictjson.Value{Type: strictjson.Object, Members: claims}.Encode()
	if err != nil {
		return token, "", &Fault{"the claims are not text in UTF-8", "look at the values in them"}
	}
	private := k.private()
	if secret, ok := private.([]byte); ok {
		private = sharedSigner{secret, a}
		if least := a.hash()().Size(); len(secret) < least {
			warning = fmt.Sprintf("has less than the %d bytes that %s should have (RFC 7518 section 3.2): ask the provider for a longer one", least, a)
		}
	}
	jwt, err := compact(jose.SigningKey{Algorithm: jose.SignatureAlgorithm(a), Key: private}, extra, payload)
	if err != nil {
		return token, "", &Fault{"the key does not sign: it is damaged", "export it again"}
	}
	return secret.New(jwt), warning, nil
}

func compact(k jose.SigningKey, header map[jose.HeaderKey]any, payload []byte) (string, error) {
	signer, err := jose.NewSigner(k, &jose.SignerOptions{ExtraHeaders: header})
	if err != nil {
		return "", err
	}
	signed, err := signer.Sign(payload)
	if err != nil {
		return "", err
	}
	return signed.CompactSerialize()
}

// fits says what is wrong if a does not sign with k.
func fits(k Key, a Algorithm) *Fault {
	if a.kind() == "" {
		return &Fault{"the algorithm is not known here", "choose of: " + strings.Join(signingWith(""), ", ")}
	}
	if a.kind() != k.kind {
		return &Fault{fmt.Sprintf("%s signs with %s, and this is %s", a, a.kind(), k),
			fmt.Sprintf("choose %s, or give %s", strings.Join(signingWith(k.kind), ", "), a.kind())}
	}
	if own := k.algorithm; own != "" && own != a {
		return &Fault{fmt.Sprintf(`the JWK says that its "alg" is %s, and %s is asked for`, own, a),
			fmt.Sprintf("choose %s, or correct the JWK", own)}
	}
	return nil
}

// A sharedSigner is an HS algorithm for go-jose, whose own refuses a secret that is
// shorter than the hash.
type sharedSigner struct {
	secret    []byte
	algorithm Algorithm
}

func (s sharedSigner) Public() *jose.JSONWebKey { return nil }

func (s sharedSigner) Algs() []jose.SignatureAlgorithm {
	return []jose.SignatureAlgorithm{jose.SignatureAlgorithm(s.algorithm)}
}

func (s sharedSigner) SignPayload(payload []byte, _ jose.SignatureAlgorithm) ([]byte, error) {
	mac := hmac.New(s.algorithm.hash(), s.secret)
	mac.Write(payload)
	return mac.Sum(nil), nil
}
