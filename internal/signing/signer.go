package signing

import (
	"crypto/hmac"
	"fmt"
	"strings"

	"github.com/go-jose/go-jose/v4"

	"example.com/tokenkeeper/internal/secret"
	"example.com/tokenkeeper/internal/strictjson"
)

// A Signer signs JWTs with one key, one algorithm and one header. It may be used by
// several goroutines at once.
type Signer struct {
	jws     jose.Signer
	warning string
}

// NewSigner returns the signer for k and h; with an empty a, it signs with the usual
// algorithm of the key. The error is, or wraps, a [*Fault].
func NewSigner(k Key, a Algorithm, h Header) (*Signer, error) {
	if k.IsZero() {
		return nil, &Fault{"there is no key to sign with", "give a private key or a shared secret"}
	}
	if a == "" {
		a = k.Algorithm()
	}
	if fault := fits(k, a); fault != nil {
		return nil, fault
	}
	extra, err := h.extra(k)
	if err != nil {
		return nil, err
	}
	s := &Signer{}
	private := k.material().private
	if secret, ok := private.([]byte); ok {
		private = sharedSigner{secret, a}
		if least := a.hash()().Size(); len(secret) < least {
			s.warning = fmt.Sprintf("has less than the %d bytes that %s should have (RFC 7518 section 3.2): ask the provider for a longer one", least, a)
		}
	}
	s.jws, err = jose.NewSigner(jose.SigningKey{Algorithm: jose.SignatureAlgorithm(a), Key: private}, &jose.SignerOptions{ExtraHeaders: extra})
	if err != nil {
		return nil, &Fault{fmt.Sprintf("%s cannot be used for %s", k, a), "choose another algorithm, or give another key"}
	}
	return s, nil
}

// fits says what is wrong if a does not sign with k.
func fits(k Key, a Algorithm) *Fault {
	if a.kind() == "" {
		return &Fault{"the algorithm is not known here", "choose of: " + strings.Join(signingWith(""), ", ")}
	}
	if a.kind() != k.material().kind {
		return &Fault{fmt.Sprintf("%s signs with %s, and this is %s", a, a.kind(), k),
			fmt.Sprintf("choose %s, or give %s", strings.Join(signingWith(k.material().kind), ", "), a.kind())}
	}
	if own := k.material().algorithm; own != "" && own != a {
		return &Fault{fmt.Sprintf(`the JWK says that its "alg" is %s, and %s is asked for`, own, a),
			fmt.Sprintf("choose %s, or correct the JWK", own)}
	}
	return nil
}

// Warning says what is doubtful about the key and yet not refused, in words that go after
// its name; empty: nothing.
func (s *Signer) Warning() string { return s.warning }

// Sign returns a JWT in compact form with those claims.
func (s *Signer) Sign(claims []strictjson.Member) (secret.Text, error) {
	payload, err := strictjson.Value{Type: strictjson.Object, Members: claims}.Encode()
	if err != nil {
		return secret.Text{}, fmt.Errorf("encoding claims: %w", err)
	}
	signed, err := s.jws.Sign(payload)
	if err != nil {
		return secret.Text{}, &Fault{"the key does not sign: it is damaged", "export it again"}
	}
	jwt, err := signed.CompactSerialize()
	if err != nil {
		return secret.Text{}, &Fault{"the JWT cannot be written", "simplify its header"}
	}
	return secret.New(jwt), nil
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
