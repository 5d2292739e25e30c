package main

import (
	"encoding/json"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"example.com/tokenkeeper/internal/awstest"
	"example.com/tokenkeeper/internal/simulator"
)

// Nothing leaks from the commands that look at AWS either, or that have the function do
// something, nor into what AWS shows to those who may not read values.
func TestNothingLeaksFromAWS(t *testing.T) {
	l := newLeaky(t)
	account := awstest.New(t, awstest.Options{Now: l.clock, NoQuotas: true})
	f := deploy(account, l.clock)
	functions := httptest.NewServer(f)
	t.Cleanup(functions.Close)
	for _, variable := range append(account.Environ(), "AWS_ENDPOINT_URL_LAMBDA="+functions.URL) {
		name, value, _ := strings.Cut(variable, "=")
		t.Setenv(name, value)
	}
	l.place = nil
	for _, p := range simulator.Names() {
		l.commandWith(l.file("providers", p), "config", "put", p, "--file", "-")
		l.commandWith(l.file("credentials", p), "credential", "put", p)
	}
	if err := f.tick(t.Context()); err != nil {
		t.Fatal(err)
	}

	l.pass(45 * time.Minute)
	faults := leakyFaults()
	faults["the secret in an error"](l.sim, simulator.Meitner, l.watched)
	faults["the secret in a record"](l.sim, simulator.EduCloud, l.watched)
	faults["a token that the provider calls otherwise"](l.sim, simulator.METI, l.watched)
	for _, p := range simulator.Names() {
		l.command("refresh", p, "--force")
		l.command("refresh", p, "--output", "json")
		l.command("status", p)
		l.command("history", p)
		l.command("history", p, "--output", "json")
		l.command("pause", p)
		l.command("resume", p)
		l.command("adopt", p)
		// A credential that is broken is not quoted when it is refused.
		l.commandWith(strings.Replace(l.file("credentials", p), ":", "", 1), "credential", "put", p)
	}
	l.command("status", "--output", "json")
	l.command("check", "--read-credentials")
	for _, secret := range account.Secrets() {
		metadata, err := json.Marshal([]any{secret.Name, secret.Description, secret.Tags})
		if err != nil {
			t.Fatal(err)
		}
		l.printed["the metadata of "+secret.Name] = string(metadata)
	}
	l.look()
	if got := l.printed["the standard output of refresh meti-login --force"]; !strings.Contains(got, "refreshed") {
		t.Errorf("the one that works was not refreshed: %s", got)
	}
}

// file returns what a file of the folder holds.
func (l *leaky) file(folder, name string) string {
	data, err := os.ReadFile(filepath.Join(l.dir, folder, name+".json"))
	if err != nil {
		l.Fatal(err)
	}
	return string(data)
}
