package simulator

import "time"

// Options are the settings of a new Simulator. The zero value is ready for use.
type Options struct {
	// Now is the clock by which tokens are issued and end, and by which answers
	// are dated. Nil means time.Now.
	Now func() time.Time

	// Lifetime of a token, counted in whole seconds. Zero means one hour, which
	// is what all four systems document.
	Lifetime time.Duration
}
