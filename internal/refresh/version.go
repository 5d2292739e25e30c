package refresh

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"time"

	"example.com/tokenkeeper/internal/secret"
)

// A VersionID names one version of a secret. Secrets Manager takes it from the writer
// (ClientRequestToken becomes the VersionId) and returns it in metadata, so that a token's state
// can be read without reading the secret. It is not always ours: people and Terraform write
// versions too. The zero VersionID is no version.
type VersionID string

// A Version is what one of our [VersionID]s says.
type Version struct {
	// IssuedAt is when the login that gave the token was about to be sent, in whole
	// seconds, UTC. Versions are ordered by it, never by expiry.
	IssuedAt time.Time
	// Lifetime is counted from IssuedAt, in whole seconds, at most MaxLifetime.
	Lifetime time.Duration
	// Config is the config that the token was asked for with.
	Config Fingerprint
	// Digest distinguishes one token from the next without reading either.
	Digest uint32
	// Renewable is until when a login can replace the token: when the refresh token expires.
	// Zero: not known. It is in no id, and comes from the note.
	Renewable time.Time
}

// MaxLifetime is the longest lifetime that a version can state: 2^30 − 1 s, 34 years.
const MaxLifetime = (1<<30 - 1) * time.Second

// versionFormat is the first field of an id. One with another format is not ours, as far as this
// release knows.
const versionFormat = 1

// ExpiresAt is when the token ends.
func (v Version) ExpiresAt() time.Time { return v.IssuedAt.Add(v.Lifetime) }

// span returns how long v is good for what it is kept for: to be used, and to be replaced.
func (v Version) span() time.Duration {
	if left := v.Renewable.Sub(v.IssuedAt); left > 0 && left < v.Lifetime {
		return left
	}
	return v.Lifetime
}

// ID returns v as a UUID of version 8 (RFC 9562 section 5.8), whose 122 free bits
// are, from the first:
//
//	 4  format, 1
//	32  issue time, unsigned seconds since 1970
//	30  lifetime, seconds
//	24  fingerprint of the config
//	32  digest of the token
//
// A lifetime above MaxLifetime is stated as MaxLifetime; one below zero as zero.
func (v Version) ID() VersionID {
	life := uint64(min(max(v.Lifetime, 0), MaxLifetime) / time.Second)
	issued := uint64(uint32(v.IssuedAt.Unix()))
	config := uint64(v.Config) & (1<<24 - 1)

	// The version and variant nibbles of a UUID cut the stream after its 48th and
	// its 60th bit: the lifetime is spread over all three pieces.
	a := versionFormat<<44 | issued<<12 | life>>18
	b := life >> 6 & 0xfff
	c := life&0x3f<<56 | config<<32 | uint64(v.Digest)

	var u [16]byte
	binary.BigEndian.PutUint64(u[:], a<<16|b)
	binary.BigEndian.PutUint64(u[8:], c)
	return UUID(u)
}

// UUID returns the version id that has the free bits of u: a UUID of version 8 (RFC 9562
// section 5.8).
func UUID(u [16]byte) VersionID {
	u[6] = u[6]&0x0f | 0x80
	u[8] = u[8]&0x3f | 0x80
	h := hex.EncodeToString(u[:])
	return VersionID(h[:8] + "-" + h[8:12] + "-" + h[12:16] + "-" + h[16:20] + "-" + h[20:])
}

// Parse returns what id says; ok is false where id is not one that [Version.ID] can have made.
func (id VersionID) Parse() (v Version, ok bool) {
	if len(id) != 36 {
		return Version{}, false
	}
	var u [16]byte
	s := string(id[:8] + id[9:13] + id[14:18] + id[19:23] + id[24:])
	if _, err := hex.Decode(u[:], []byte(s)); err != nil {
		return Version{}, false
	}
	hi, lo := binary.BigEndian.Uint64(u[:]), binary.BigEndian.Uint64(u[8:])
	a, b, c := hi>>16, hi&0xfff, lo&(1<<62-1)
	life := a&0xfff<<18 | b<<6 | c>>56
	v = Version{
		IssuedAt: time.Unix(int64(a>>12&(1<<32-1)), 0).UTC(),
		Lifetime: time.Duration(life) * time.Second,
		Config:   Fingerprint(c >> 32 & (1<<24 - 1)),
		Digest:   uint32(c),
	}
	// What does not come back the same, in case, hyphens, variant or format, is not ours.
	return v, v.ID() == id
}

// A Fingerprint is 24 bits of a digest over the fields of a config that affect its requests and what
// is read from their answers, by which an edited config is seen.
type Fingerprint uint32

// NewFingerprint returns the fingerprint of canonical, a config in one spelling: the
// fields that it states, without those that change no request.
func NewFingerprint(canonical []byte) Fingerprint {
	sum := sha256.Sum256(append([]byte("tokenkeeper config\x00"), canonical...))
	return Fingerprint(binary.BigEndian.Uint32(sum[:]) >> 8)
}

// String returns f in six hexadecimal digits.
func (f Fingerprint) String() string { return fmt.Sprintf("%06x", uint32(f)) }

// Digest returns 32 bits that distinguish token from other tokens of the same provider. It is
// metadata, and must not say that two providers were given the same token.
func Digest(provider string, token secret.Text) uint32 {
	sum := sha256.Sum256([]byte("tokenkeeper token\x00" + provider + "\x00" + token.Reveal()))
	return binary.BigEndian.Uint32(sum[:])
}
