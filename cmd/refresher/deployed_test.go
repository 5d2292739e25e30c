package main

import (
	"encoding/json"
	"os"
	"strings"
	"sync"
	"testing"

	"example.com/tokenkeeper/internal/awstest"
)

// A deployment is what the template makes of one choice of its parameters, as far as the
// function sees it. The variable TOKENKEEPER_DEPLOYMENTS names a file of them: TestRoleIsUsed
// in e2e/template sets it, to have every test of this package run under the role of the
// template. A world has the first of them, unless its test chooses where credentials are.
type deployment struct {
	Environment map[string]string // of the function
	Role        []json.RawMessage // the policies of its role
	// Accesses is a file. Each permission that a call needed is added to it, an
	// awstest.Access in JSON a line.
	Accesses string
}

// deployments are those of the file. Without one there are none, and worlds allow all.
func deployments(t *testing.T) []deployment {
	t.Helper()
	name := os.Getenv("TOKENKEEPER_DEPLOYMENTS")
	if name == "" {
		return nil
	}
	data, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	var all []deployment
	if err := json.Unmarshal(data, &all); err != nil || len(all) == 0 {
		t.Fatalf("%s has %d deployments: %v", name, len(all), err)
	}
	return all
}

// of returns the deployment that has such settings.
func (s settings) of(t *testing.T, all []deployment) deployment {
	t.Helper()
	for _, d := range all {
		if d.Environment["TOKENKEEPER_CREDENTIAL_STORE"] == s.CredentialsIn && d.Environment["TOKENKEEPER_KMS_KEY"] == s.KMSKey {
			return d
		}
	}
	t.Fatalf("no deployment has credentials in %s and the key %q", s.CredentialsIn, s.KMSKey)
	return deployment{}
}

// govern puts a world under the role of a deployment. The test fails if that lacks
// anything; what was needed is added to the file when it ends.
func (w *world) govern(d deployment) {
	w.t.Helper()
	var documents [][]byte
	for _, document := range d.Role {
		documents = append(documents, document)
	}
	role, err := awstest.ParsePolicy(documents...)
	if err != nil {
		w.t.Fatal(err)
	}
	var (
		mu     sync.Mutex
		needed []awstest.Access
		lacked = map[string]bool{}
	)
	w.Authorize(func(a awstest.Access) bool {
		if strings.HasSuffix(a.Resource, ":key/"+theirs) {
			return true // the policy of that key admits the function
		}
		mu.Lock()
		defer mu.Unlock()
		needed = append(needed, a)
		return role.Allows(a)
	})
	w.t.Cleanup(func() {
		mu.Lock()
		defer mu.Unlock()
		file, err := os.OpenFile(d.Accesses, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
		if err != nil {
			w.t.Fatal(err)
		}
		defer file.Close()
		lines := json.NewEncoder(file)
		for _, a := range needed {
			if !role.Allows(a) && !lacked[a.Action] {
				lacked[a.Action] = true
				w.t.Errorf("the role lacks %s on %s, with %v", a.Action, a.Resource, a.Keys)
			}
			if err := lines.Encode(a); err != nil {
				w.t.Fatal(err)
			}
		}
	})
}
