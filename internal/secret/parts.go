package secret

import (
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"regexp"
	"slices"
	"strings"
)

// leastLong is the length of the shortest value whose parts are looked for in what is printed, in
// bytes: honest errors quote the beginning of what they refuse.
const leastLong = 12

// unbroken are values whose parts cannot be honest in a record: hosts, URLs and JWTs share
// parts with scopes, issuers and other JWTs; random text of this length does not.
var unbroken = regexp.MustCompile(`^[A-Za-z0-9+/=_~-]{24,}$`)

// PrivateKey reports whether a PEM block with a private key, or a JWK with private members,
// is anywhere in value, or value is one of these or DER in base64.
func PrivateKey(value string) bool { return len(privateParts(value)) > 0 }

// privateParts returns what is secret in the keys in value: their private numbers, without what
// keys of one kind have in common. Of a key that cannot be read it returns all but the beginning.
func privateParts(value string) []string {
	parts := append(ofPEM(value), ofJWKs(value)...)
	if packed, err := base64.RawStdEncoding.DecodeString(plainBase64.Replace(value)); err == nil && len(parts) == 0 {
		parts = slices.Concat(ofPEM(string(packed)), ofJWKs(string(packed)), numbers(packed))
	}
	return parts
}

// plainBase64 leaves one alphabet, and nothing around it.
var plainBase64 = strings.NewReplacer("-", "+", "_", "/", "=", "", "\r", "", "\n", "", " ", "", "\t", "")

func ofPEM(text string) []string {
	var parts []string
	for _, block := range privateBlock.FindAllStringSubmatch(text, -1) {
		body := lineEnds.Replace(block[1])
		der, err := base64.StdEncoding.DecodeString(body)
		switch list := numbers(der); {
		case list != nil:
			parts = append(parts, list...)
		case err == nil && len(der) > 0:
			const common = 36 // versions and names of algorithms
			parts = append(parts, string(der[min(common, len(der)/2):]))
		case body != "":
			parts = append(parts, body)
		}
	}
	return parts
}

// privateBlock also matches a block in one line, within JSON, or without its end.
var privateBlock = regexp.MustCompile(`(?s)-----BEGIN [A-Z0-9 ]*PRIVATE KEY(?: BLOCK)?-----(.*?)(?:-----END|$)`)

var lineEnds = strings.NewReplacer("\r", "", "\n", "", " ", "", "\t", "", `\n`, "", `\r`, "")

// longestKey is the size of the largest key in DER that is read, in bytes: what a credential has
// room for in base64. The time grows with the square of it.
const longestKey = 12 << 10

// numbers returns the private numbers of a key in DER; nil of anything else.
func numbers(der []byte) []string {
	if len(der) > longestKey {
		return nil
	}
	key, err := x509.ParsePKCS8PrivateKey(der)
	if err != nil {
		if k, err := x509.ParsePKCS1PrivateKey(der); err == nil {
			key = k
		} else if k, err := x509.ParseECPrivateKey(der); err == nil {
			key = k
		}
	}
	switch key := key.(type) {
	case *rsa.PrivateKey:
		list := []string{string(key.D.Bytes())}
		for _, p := range key.Primes {
			list = append(list, string(p.Bytes()))
		}
		if pre := key.Precomputed; pre.Dp != nil {
			list = append(list, string(pre.Dp.Bytes()), string(pre.Dq.Bytes()), string(pre.Qinv.Bytes()))
		}
		return list
	case *ecdsa.PrivateKey:
		if d, err := key.Bytes(); err == nil {
			return []string{string(d)}
		}
	case ed25519.PrivateKey:
		return []string{string(key.Seed())}
	}
	return nil
}

// privateMember is a member of a JWK (RFC 7518 section 6) that is secret, also in JSON within a text,
// whose quotes and equals signs are escaped. Numbers of keys are long; a shared key need not be.
var privateMember = regexp.MustCompile(strings.NewReplacer("QUOTE", `(?:\\*"|\\+u0022)`, "PADDING", `(?:=|\\+u003[Dd])*`, "NUMBER", `[A-Za-z0-9_-]`).Replace(
	`QUOTE(?:(?:d|p|q|dp|dq|qi)QUOTE\s*:\s*QUOTE(NUMBER{22,})|kQUOTE\s*:\s*QUOTE(NUMBER+))PADDINGQUOTE`))

// ofJWKs returns the private numbers of all JWKs in text, whatever is around them.
func ofJWKs(text string) []string {
	if !strings.Contains(text, "kty") {
		return nil
	}
	var parts []string
	for _, member := range privateMember.FindAllStringSubmatch(text, -1) {
		if number, err := base64.RawURLEncoding.DecodeString(member[1] + member[2]); err == nil {
			parts = append(parts, string(number))
		}
	}
	return parts
}
