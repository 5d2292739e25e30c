package simulator

// The names of the providers, which are also their path prefixes.
const (
	Meitner   = "meitner"
	EduCloud  = "educloud"
	METI      = "meti"
	METILogin = "meti-login"
)

// Names returns the names of the providers in the order in which the package
// comment lists them.
func Names() []string {
	return []string{Meitner, EduCloud, METI, METILogin}
}
