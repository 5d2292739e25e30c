package signing

import "crypto"

// Public shows tests what verifies the signatures of k: a public key, or its secret.
func Public(k Key) crypto.PublicKey {
	if secret, ok := k.private().([]byte); ok {
		return secret
	}
	return k.public()
}

// Algorithms returns all of them.
func Algorithms() []Algorithm {
	var list []Algorithm
	for _, a := range algorithms {
		list = append(list, a.name)
	}
	return list
}
