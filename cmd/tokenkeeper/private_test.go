package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"example.com/tokenkeeper/internal/privatetest"
)

// The same as with the parameters of a stack, by the flags of a folder.
func TestAPrivateProvider(t *testing.T) {
	p := privatetest.New(t)
	dir := t.TempDir()
	authority := filepath.Join(dir, "authority.pem")
	for file, text := range map[string]string{"providers/erp.json": p.Config, "credentials/erp.json": p.Credential, "authority.pem": p.Authority} {
		path := filepath.Join(dir, filepath.FromSlash(file))
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for _, row := range []struct {
		flags []string
		kept  bool
	}{
		{nil, false},
		{[]string{"--provider-network", p.Network}, false},
		{[]string{"--ca-file", authority}, false},
		{[]string{"--provider-network", p.Network, "--ca-file", authority}, true},
	} {
		var out bytes.Buffer
		c := &cli{stdin: strings.NewReader(""), stdout: &out, stderr: &out, getenv: func(string) string { return "" }, now: time.Now, sleep: atOnce}
		code := c.run(t.Context(), append([]string{"refresh", "erp", "--force", "--dir", dir}, row.flags...))
		if (code == exitWell) != row.kept || (p.Logins() > 0) != row.kept || strings.Contains(out.String(), privatetest.Secret) {
			t.Errorf("%v: exit code %d after %d logins:\n%s", row.flags, code, p.Logins(), out.String())
		}
	}
	record, err := os.ReadFile(filepath.Join(dir, "tokens", "erp.json"))
	if err != nil || !strings.Contains(string(record), "of-a-private-provider-1") {
		t.Errorf("the record is %s: %v", record, err)
	}
}
