// Package signing reads private keys and signs JWTs with them: the assertions with which a client
// authenticates (private_key_jwt and client_secret_jwt of RFC 7591 and OpenID Connect Core section
// 9), those that are a grant (RFC 7523), and tokens that need no token endpoint at all.
//
// [ParseKey] takes what people paste into a credential: PEM in its three forms, or a
// JWK. [SharedSecret] takes the secret of an HS algorithm. [Sign] joins a key to an
// [Algorithm] and a [Header], and refuses what does not fit; there is no way to ask for
// a JWT that is not signed. [Claims] makes the claims that these JWTs have in common.
// [ParseCertificate] reads the chain that belongs to a key, for the header or for TLS.
//
// # What is disclosed of a key
//
// Whatever is wrong is a [Fault] that says what was found and what to give instead.
// It is put together from fixed words and from sizes: nothing of a key, a certificate or
// a shared secret is ever part of it. Errors of other packages are not passed on where
// they could quote what they read.
//
// # Why not all of JOSE
//
// JWK and the asymmetric signatures are go-jose's. Shared secrets are not: go-jose refuses those
// that are shorter than the hash, which RFC 7518 section 3.2 asks for but providers hand out, so
// that HMAC is computed here and [Sign] warns of it. Nothing in this package reads a JWT.
package signing
