package simulator

import (
	"maps"
	"slices"
	"time"
)

// Credential returns what a client of the named provider logs in with: a
// client_id and client_secret, or an email and password. The caller owns the
// map. All values are invented. The secrets are full of characters that each
// encoding on the way treats in its own manner.
func (s *Simulator) Credential(name string) map[string]string {
	p := s.provider(name)
	p.mu.Lock()
	defer p.mu.Unlock()
	return maps.Clone(p.client.credential)
}

// SetSecret changes the client_secret or password that the named provider
// expects. Tokens that were issued before stay good.
func (s *Simulator) SetSecret(name, secret string) {
	p := s.provider(name)
	p.mu.Lock()
	defer p.mu.Unlock()
	p.client.credential = maps.Clone(p.client.credential)
	p.client.credential[p.secretName] = secret
}

// SetScopes changes the scopes that the client of the named provider may have.
func (s *Simulator) SetScopes(name string, scopes ...string) {
	p := s.provider(name)
	p.mu.Lock()
	defer p.mu.Unlock()
	p.client.scopes = slices.Clone(scopes)
}

// SetLifetime changes how long the named provider's next tokens live, in whole
// seconds. At zero or less they have expired when they are issued.
func (s *Simulator) SetLifetime(name string, d time.Duration) {
	p := s.provider(name)
	p.mu.Lock()
	defer p.mu.Unlock()
	p.lifetime = d
}

// SetRepeats says whether the named provider answers a login with the token
// that it gave before, and what is left of its lifetime, until it expires.
func (s *Simulator) SetRepeats(name string, repeats bool) {
	p := s.provider(name)
	p.mu.Lock()
	defer p.mu.Unlock()
	p.repeats = repeats
}

// SetSupersedes says whether a login at the named provider ends the tokens that
// it gave before.
func (s *Simulator) SetSupersedes(name string, supersedes bool) {
	p := s.provider(name)
	p.mu.Lock()
	defer p.mu.Unlock()
	p.supersedes = supersedes
}

// SetClock puts the named provider's own clock wrong by the offset: its Date
// header, the times in its tokens, and when its API takes them for over.
func (s *Simulator) SetClock(name string, offset time.Duration) {
	p := s.provider(name)
	p.mu.Lock()
	defer p.mu.Unlock()
	p.offset = offset
}
