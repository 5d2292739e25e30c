package main

import (
	"path/filepath"
	"strings"
	"testing"

	"example.com/tokenkeeper/internal/simulator"
)

// Nothing leaks from the commands that help to write a config either, which tell what was
// sent and what came back: whatever the provider answers.
func TestNothingLeaksFromTrying(t *testing.T) {
	faults := leakyFaults()
	faults["none"] = func(*simulator.Simulator, string, simulator.Fault) {}
	for name, fault := range faults {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			l := newLeaky(t)
			for _, p := range simulator.Names() {
				l.command("try", p, "--allow-loopback") // so that there are tokens to be looked for
				fault(l.sim, p, l.watched)
				l.command("try", p, "--allow-loopback")
				l.command("try", p, "--allow-loopback", "--output", "json")
				l.command("explain", p)
				l.command("explain", p, "--credential", filepath.Join(l.dir, "credentials", p+".json"), "--output", "json")
				// A credential in the place of a config is not quoted.
				l.command("explain", filepath.Join(l.dir, "credentials", p+".json"))
				l.command("try", filepath.Join(l.dir, "credentials", p+".json"))
				// Nor is a config in the place of a credential.
				l.command("try", p, "--allow-loopback", "--credential", filepath.Join(l.dir, "providers", p+".json"))
			}
			l.command("check", "--allow-loopback")
			l.files()
			l.look()
			if got := l.printed["the standard output of try meti --allow-loopback"]; !strings.Contains(got, "The login works.") {
				t.Errorf("the login that works is not told: %s", got)
			}
		})
	}
}
