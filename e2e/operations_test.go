package e2e_test

import (
	"net/http/httptest"
	"testing"

	"example.com/tokenkeeper/internal/simulator"
)

// TestOperations is the whole of it: a stack as a demanding account wants it, and every breakage
// of docs/operations.md. It takes minutes: make operations runs it, and CI some of the breakages
// in TestDeployed.
func TestOperations(t *testing.T) {
	d := &deployment{emulator: newEmulator(t), sim: simulator.New(simulator.Options{})}
	server := httptest.NewServer(d.sim)
	t.Cleanup(server.Close)
	d.base = server.URL
	for _, name := range simulator.Names() {
		d.configure(name, name)
	}
	d.sam(append([]string{"build"}, d.samArguments()...)...)
	demands := d.demands()
	d.sam(append([]string{"deploy"}, d.samArguments(demands...)...)...)
	d.allowListing()
	d.bound()
	w := newWard(t, d)
	t.Run("a demanding account", func(t *testing.T) { w.t = t; w.wantDemands() })
	for _, b := range breakages {
		t.Run(b.name, func(t *testing.T) { w.befall(t, b) })
	}
	t.Run("a private provider", func(t *testing.T) { w.t = t; w.wantPrivate(demands) })
	t.Run("a private provider in a folder", func(t *testing.T) { w.t = t; w.wantPrivateInFolder() })
	t.Run("paused, and with secrets that are made elsewhere", func(t *testing.T) { w.t = t; w.wantPaused(demands) })
	t.Run("another region, and a lost one", func(t *testing.T) { w.t = t; w.wantRegions() })
}
