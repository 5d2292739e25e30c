package awstest

import (
	"net"
	"sync"
	"sync/atomic"
)

// A network is a listener that knows the connections it has accepted.
type network struct {
	net.Listener
	mu   sync.Mutex
	open map[*connection]struct{}
}

func (n *network) Accept() (net.Conn, error) {
	conn, err := n.Listener.Accept()
	if err != nil {
		return nil, err
	}
	c := &connection{Conn: conn, network: n}
	n.mu.Lock()
	defer n.mu.Unlock()
	n.open[c] = struct{}{}
	return c, nil
}

func (n *network) cut(silently bool) {
	n.mu.Lock()
	defer n.mu.Unlock()
	for c := range n.open {
		c.silent.Store(true)
		if !silently {
			c.Conn.Close()
		}
	}
}

// A connection may be cut.
type connection struct {
	net.Conn
	network *network
	silent  atomic.Bool
}

// Read returns what arrives; once the connection is cut, nothing does.
func (c *connection) Read(b []byte) (int, error) {
	for {
		n, err := c.Conn.Read(b)
		if err != nil || !c.silent.Load() {
			return n, err
		}
	}
}

func (c *connection) Write(b []byte) (int, error) {
	if c.silent.Load() {
		return len(b), nil
	}
	return c.Conn.Write(b)
}

func (c *connection) Close() error {
	c.network.mu.Lock()
	delete(c.network.open, c)
	c.network.mu.Unlock()
	return c.Conn.Close()
}
