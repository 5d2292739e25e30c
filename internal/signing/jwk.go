package signing

import (
	"crypto/ecdsa"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/go-jose/go-jose/v4"

	"example.com/tokenkeeper/internal/strictjson"
)

// maxDepth is how deep a JWK may be nested; by right it is flat, but for lists.
const maxDepth = 8

// parseJWK reads a private key of RFC 7517. The library is given only the members that
// are the key, so that nothing else of a text can surprise it.
func parseJWK(text string) (Key, *Fault) {
	v, err := strictjson.Parse([]byte(text), maxDepth)
	if err != nil {
		return Key{}, badJSON(err)
	}
	jwk, _ := v.(map[string]any) // text begins with a brace
	if fault := notAKey(jwk); fault != nil {
		return Key{}, fault
	}
	members, fault := onlyKey(jwk)
	if fault != nil {
		return Key{}, fault
	}
	data, _ := json.Marshal(members) // texts always marshal
	var parsed jose.JSONWebKey
	if err := parsed.UnmarshalJSON(data); err != nil || !whole(parsed.Key) {
		return Key{}, &Fault{"is a JWK whose values do not fit together: damaged, or of two keys",
			"export it again; for RSA of over 4096 bits, give PEM"}
	}
	k, fault := newKey(parsed.Key)
	if fault != nil {
		return Key{}, fault
	}
	return k.describe(jwk)
}

// badJSON says where a JWK cannot be read. What strictjson says of it has names in it,
// which in something damaged may be anything.
func badJSON(err error) *Fault {
	f := &Fault{"is in braces, but not JSON that can be read", "give one JWK as it was exported"}
	if faults, ok := errors.AsType[strictjson.Faults](err); ok && len(faults) > 0 {
		f.Detail += fmt.Sprintf(": see line %d, column %d", faults[0].Line, faults[0].Column)
	}
	return f
}

// notAKey says what an object is that is commonly given instead of a JWK.
func notAKey(object map[string]any) *Fault {
	has := func(name string) bool { _, ok := object[name]; return ok }
	switch {
	case has("keys") && !has("kty"):
		return &Fault{"is a JWK Set", `give the one private key in its "keys", in its own braces`}
	case has("private_key") && !has("kty"):
		return &Fault{"is a service account's JSON, and the key is only a part of it", `give the value of its "private_key"`}
	case !has("kty"):
		return &Fault{`has no "kty", so it is no JWK`, "give a JWK (RFC 7517) or a PEM file"}
	}
	return nil
}

// keyMembers are those that make a key of a kind (RFC 7518 section 6, RFC 8037 section 2), on a curve
// that can sign; all are strings. Of RSA, dp, dq and qi follow from these, and are computed rather
// than believed.
var keyMembers = map[string][]string{
	"RSA":         {"n", "e", "d", "p", "q"},
	"EC P-256":    {"x", "y", "d"},
	"EC P-384":    {"x", "y", "d"},
	"EC P-521":    {"x", "y", "d"},
	"OKP Ed25519": {"x", "d"},
	"oct":         {"k"},
}

// onlyKey returns of jwk the members that make the key that it says it is.
func onlyKey(jwk map[string]any) (map[string]string, *Fault) {
	kind, _ := jwk["kty"].(string)
	members := map[string]string{"kty": kind}
	if curve, ok := jwk["crv"].(string); ok && (kind == "EC" || kind == "OKP") {
		members["crv"] = curve
		kind += " " + curve
	}
	names, known := keyMembers[kind]
	if !known {
		return nil, &Fault{`is a JWK of a "kty" or a "crv" that no algorithm signs with`, "give one of RSA, of EC on P-256, P-384 or P-521, of OKP with Ed25519, or oct"}
	}
	if _, private := jwk["d"]; !private && kind != "oct" {
		return nil, &Fault{"is the JWK of a public key", `give that of the private key, which has a "d"`}
	}
	for _, name := range names {
		v, _ := jwk[name].(string)
		v = strings.TrimRight(v, "=") // which RFC 7515 section 2 forbids, and exporters write
		if _, err := base64.RawURLEncoding.DecodeString(v); err != nil || v == "" {
			return nil, &Fault{fmt.Sprintf("is a JWK without %q in base64url, which its kind needs", name), "export it again with all its members, or give PEM"}
		}
		members[name] = v
	}
	return members, nil
}

// whole reports whether the halves of an EC key belong together, which go-jose checks
// for the other kinds.
func whole(private any) bool {
	k, ok := private.(*ecdsa.PrivateKey)
	if !ok {
		return true
	}
	derived, err := k.ECDH()
	if err != nil {
		return false
	}
	stated, err := k.PublicKey.ECDH()
	return err == nil && derived.PublicKey().Equal(stated)
}

// describe adds what jwk says of itself: who it is and what it may be used for.
func (k Key) describe(jwk map[string]any) (Key, *Fault) {
	k.id, _ = jwk["kid"].(string)
	use, limited := jwk["use"]
	ops, listed := jwk["key_ops"]
	if list, _ := ops.([]any); limited && use != "sig" || listed && !slices.Contains(list, any("sign")) {
		return Key{}, &Fault{`is a JWK that is not for signing, by its "use" or "key_ops"`, "give the key that is for signing"}
	}
	if alg, ok := jwk["alg"]; ok {
		name, _ := alg.(string)
		a, err := ParseAlgorithm(name)
		if err != nil || a.kind() != k.kind {
			return Key{}, &Fault{fmt.Sprintf(`is a JWK whose "alg" does not sign with %s, which it is`, k.kind),
				"correct it, or leave it out; there are: " + strings.Join(signingWith(k.kind), ", ")}
		}
		k.algorithm = a
	}
	return k, nil
}
