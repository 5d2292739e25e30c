package signing

import (
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"fmt"
	"path"
	"slices"
	"strings"

	"example.com/tokenkeeper/internal/secret"
)

const pemBegin = "-----BEGIN "

// trimmed returns text without what editors and exports leave around it.
func trimmed(text secret.Text) string {
	return strings.TrimSpace(strings.TrimPrefix(text.Reveal(), "\uFEFF"))
}

// pemBlocks returns the PEM blocks of text. What is between them, as openssl writes
// it, is passed over; a block that cannot be read is not.
func pemBlocks(text string) ([]*pem.Block, *Fault) {
	text = strings.NewReplacer(`\r\n`, "\n", `\n`, "\n", "\r\n", "\n").Replace(text)
	lines := strings.Split(text, "\n")
	for i, l := range lines {
		lines[i] = strings.TrimSpace(l)
	}
	text = strings.Join(lines, "\n")
	rest := []byte(text)
	var blocks []*pem.Block
	for {
		var b *pem.Block
		if b, rest = pem.Decode(rest); b == nil {
			break
		}
		blocks = append(blocks, b)
	}
	if len(blocks) != strings.Count(text, pemBegin) {
		return nil, &Fault{"has a PEM block that cannot be read: it is cut off, damaged, or its line breaks were lost",
			`give the file as it is, each line break kept or written as \n, without quotation marks`}
	}
	return blocks, nil
}

// parsePEM reads the one private key of text.
func parsePEM(text string) (Key, *Fault) {
	blocks, fault := pemBlocks(text)
	if fault != nil {
		return Key{}, fault
	}
	var keys []*pem.Block
	var other string
	for _, b := range blocks {
		switch {
		case b.Type == "EC PARAMETERS": // openssl writes them before a SEC 1 key, which repeats them
		case encrypted(b):
			return Key{}, &Fault{"is a private key encrypted with a passphrase",
				"give it without one, which this takes off: openssl pkey -in KEY.pem -out PLAIN.pem"}
		case b.Type == "PRIVATE KEY", b.Type == "RSA PRIVATE KEY", b.Type == "EC PRIVATE KEY":
			keys = append(keys, b)
		default:
			other = b.Type
		}
	}
	content, remedy := pemContent(other)
	switch {
	case len(keys) > 1:
		return Key{}, &Fault{fmt.Sprintf("has %d private keys", len(keys)), "give the one to sign with, alone"}
	case len(keys) == 1 && other != "":
		return Key{}, &Fault{"has " + content + " beside the private key",
			"give the private key alone; a certificate has a field of its own"}
	case len(keys) == 1:
		return parseDER(keys[0].Bytes)
	case other == "":
		return Key{}, &Fault{"has EC parameters, but no key", "give the whole file: the key is in the block after them"}
	}
	return Key{}, &Fault{"is " + content, remedy}
}

// encrypted reports whether b is a private key under a passphrase: of PKCS #8, or in the
// older way of headers (RFC 1421 section 4.6.1.1).
func encrypted(b *pem.Block) bool {
	return b.Type == "ENCRYPTED PRIVATE KEY" || strings.HasSuffix(b.Type, "PRIVATE KEY") && strings.Contains(b.Headers["Proc-Type"], "ENCRYPTED")
}

// parseDER reads a private key. The label of a block is not relied on: files with the
// wrong one are common, and the three forms cannot be taken for each other.
func parseDER(der []byte) (Key, *Fault) {
	if k, err := x509.ParsePKCS8PrivateKey(der); err == nil {
		return newKey(k)
	}
	if k, err := x509.ParsePKCS1PrivateKey(der); err == nil {
		return newKey(k)
	}
	if k, err := x509.ParseECPrivateKey(der); err == nil {
		return newKey(k)
	}
	return Key{}, unreadable()
}

// pemContents are what PEM blocks hold, by a part of their label, and what to give instead where
// a private key is wanted. The first that fits applies.
var pemContents = []struct{ part, content, remedy string }{
	{"CERTIFICATE REQUEST", "a certificate request", keyOfIt},
	{"CERTIFICATE", "a certificate", keyOfIt},
	{"PUBLIC KEY", "a public key", keyOfIt},
	{"OPENSSH PRIVATE KEY", "a private key in the form of OpenSSH",
		`convert a copy of it, which this does for RSA and EC: ssh-keygen -p -N "" -m PKCS8 -f COPY`},
	{"", "a PEM block of a kind that is not known here", "give a private key of RSA, EC or Ed25519 in PEM, or as a JWK"},
}

const keyOfIt = "give the private key that belongs to it"

// pemContent says what a block of that label is.
func pemContent(label string) (content, remedy string) {
	i := slices.IndexFunc(pemContents, func(c struct{ part, content, remedy string }) bool { return strings.Contains(label, c.part) })
	return pemContents[i].content, pemContents[i].remedy
}

// neitherPEMNorJWK says what s looks like instead.
func neitherPEMNorJWK(s string) *Fault {
	bare := strings.Join(strings.Fields(s), "")
	der, err := base64.StdEncoding.DecodeString(bare)
	switch {
	case err == nil && strings.Contains(string(der), pemBegin):
		return &Fault{"is a PEM file in base64", "decode it once: base64 -d"}
	case err == nil && len(der) > 0 && der[0] == 0x30: // an ASN.1 sequence
		return &Fault{"is base64 without the lines around it: a key, or a PKCS #12 file",
			"give a key's whole PEM file, from its BEGIN line to its END line; take it out of PKCS #12 with: openssl pkcs12 -in FILE -nocerts -nodes"}
	case strings.HasPrefix(s, "ssh-"), strings.HasPrefix(s, "ecdsa-sha2-"):
		return &Fault{"is a public key in the form of OpenSSH", "give the private key that belongs to it"}
	case !strings.Contains(s, "\n") && slices.Contains([]string{".pem", ".key", ".p8", ".jwk", ".json"}, path.Ext(s)):
		return &Fault{"looks like the name of a file", "give its content"}
	}
	return &Fault{"is neither PEM nor a JWK", "give the whole text of a PEM file, from its BEGIN line to its END line, or a JWK in its braces"}
}
