package refresh_test

import (
	"context"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"example.com/tokenkeeper/internal/refresh"
)

// unconnected is how a host fails to which there is no connection.
func unconnected(host string) func(context.Context) (refresh.Grant, error) {
	return func(context.Context) (refresh.Grant, error) {
		return refresh.Grant{}, &refresh.Error{Class: refresh.Transient, Code: "connection_failed", Detail: "cannot be reached", Unconnected: host}
	}
}

// Where a network of ours is down, nothing is said of the providers; where hosts of theirs
// are, it is.
func TestFailuresOfOurNetwork(t *testing.T) {
	for _, row := range []struct {
		name          string
		hosts, beside int // hosts without a connection, and providers that answer
		ours          bool
	}{
		{"all of ten hosts", 10, 0, true},
		{"all of forty", 40, 0, true},
		{"all of nine", 9, 0, false},
		{"twelve of twenty-three", 12, 11, true},
		{"half of them", 12, 12, false},
		{"few of many", 10, 90, false},
	} {
		w := newWorld()
		name := func(i int) string { return fmt.Sprintf("p%03d", i) }
		for i := range row.hosts + row.beside {
			w.configs[name(i)], w.credentials[name(i)] = "v1", credential{version: "c"}
			if i < row.hosts {
				w.answer(name(i), unconnected(fmt.Sprintf("host-%d", i)))
			}
		}
		w.run(refresh.Job{})
		for i := range row.hosts {
			if n := w.secrets[name(i)].state.Note; n.Tries != 1 || (n.Ours == 1) != row.ours {
				t.Errorf("%s: %s has the note %q", row.name, name(i), n)
			}
		}
		if row.name == "all of forty" && w.notes > 49 { // of nine it is not known at once
			t.Errorf("%s: %d notes", row.name, w.notes)
		}
	}
}

// A run that has ended notes nothing again: each call would fail, and be a warning.
func TestARunThatHasEndedExcusesNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld("last")
		for i := range 10 {
			name := fmt.Sprintf("p%03d", i)
			w.configs[name], w.credentials[name] = "v1", credential{version: "c"}
			w.answer(name, unconnected(name))
		}
		ctx, cancel := context.WithCancel(t.Context())
		w.answer("last", func(context.Context) (refresh.Grant, error) {
			time.Sleep(time.Second) // the others are noted by then
			cancel()
			return w.grant(), nil
		})
		report, _ := w.runner().Run(ctx, refresh.Job{})
		for _, res := range report.Results {
			if len(res.Warnings) > 0 {
				t.Errorf("%s: %q", res.Provider, res.Warnings)
			}
		}
	})
}

// Many providers of one host are that host's failure.
func TestOneHostOfManyProviders(t *testing.T) {
	w := newWorld()
	for i := range 30 {
		name := fmt.Sprintf("p%03d", i)
		w.configs[name], w.credentials[name] = "v1", credential{version: "c"}
		w.answer(name, unconnected(fmt.Sprintf("host-%d", i%3)))
	}
	w.run(refresh.Job{})
	if n := w.secrets["p000"].state.Note; n.Ours != 0 {
		t.Errorf("the note is %q", n)
	}
}

// What fails in the store says nothing of the provider, and does not put it last.
func TestFailuresOfTheStoreAreOurs(t *testing.T) {
	w := newWorld("a")
	w.saveErr["a"] = &refresh.Error{Class: refresh.Transient, Code: "aws_throttled", Detail: "too many calls"}
	for i := range 3 {
		w.run(refresh.Job{})
		w.now = w.now.Add(5 * time.Minute)
		if n := w.secrets["a"].state.Note; n.Tries != i+1 || n.Ours != i+1 {
			t.Fatalf("after %d: %q", i+1, n)
		}
	}
	delete(w.saveErr, "a")
	w.answer("a", down)
	w.run(refresh.Job{})
	if n := w.secrets["a"].state.Note; n.Tries != 4 || n.Ours != 3 {
		t.Errorf("then it is down: %q", n)
	}
}
