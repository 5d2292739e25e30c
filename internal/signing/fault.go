package signing

// A Fault is what is wrong with a key, a certificate, or what is to be signed. It may be
// printed: nothing in it is taken from something secret.
type Fault struct {
	// Detail says what was found, without saying where: "is a public key".
	Detail string
	// Remedy says what to give instead.
	Remedy string
}

func (f *Fault) Error() string { return f.Detail + "; " + f.Remedy }
