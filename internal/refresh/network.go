package refresh

import "sync"

// fewHosts is how many hosts must lack a connection before the reason can be ours.
const fewHosts = 10

// A network separates hosts that cannot be reached from a network of ours that is down: then more
// than half of a run's attempts, at ten hosts or more, get no connection.
type network struct {
	mu          sync.Mutex
	attempts    int
	unconnected int
	hosts       map[string]bool
}

// attempted notes what came of a login; nil: a grant.
func (n *network) attempted(e *Error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.attempts++
	if e == nil || e.Unconnected == "" {
		return
	}
	if n.hosts == nil {
		n.hosts = make(map[string]bool)
	}
	n.unconnected++
	n.hosts[e.Unconnected] = true
}

// down reports whether, by what was attempted until now, it is ours that is down.
func (n *network) down() bool {
	n.mu.Lock()
	defer n.mu.Unlock()
	return 2*n.unconnected > n.attempts && len(n.hosts) >= fewHosts
}
