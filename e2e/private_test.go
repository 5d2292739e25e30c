package e2e_test

import (
	"os"
	"path/filepath"
	"strings"

	"github.com/aws/aws-sdk-go-v2/service/ssm/types"

	"example.com/tokenkeeper/internal/privatetest"
)

// wantPrivate has a provider at a private address, with an authority of its own, refused by the
// stack as it is deployed, and kept once the operator has named its network and its authority.
func (w *ward) wantPrivate(demands []string) {
	w.t.Helper()
	p := privatetest.New(w.t)
	w.locate(p)
	const authorities = "/tokenkeeper/authorities"
	w.putParameter(authorities, types.ParameterTypeString, []byte(p.Authority))
	w.putCredential("erp", []byte(p.Credential))
	w.putConfig("erp", []byte(p.Config))
	w.tick()
	if out, code := w.status(); code == 0 || !strings.Contains(flat(out), "no public address") || p.Logins() > 0 {
		w.t.Errorf("exit code %d after %d logins:\n%s", code, p.Logins(), out)
	}
	w.sam(append([]string{"deploy"}, w.samArguments(append(demands, "ProviderNetworks="+p.Network, "Authorities="+authorities)...)...)...)
	w.allowListing()
	w.bound()
	w.must(w.shell("tokenkeeper refresh erp --force", ""))
	if r, ok := w.record("erp"); !ok || !strings.HasPrefix(r.AccessToken.Reveal(), "of-a-private-provider-") {
		w.t.Errorf("there is no token of the private provider, after %d logins", p.Logins())
	}
	if out, _ := w.shell("tokenkeeper logs erp", ""); strings.Contains(out, privatetest.Secret) {
		w.t.Error("the client secret is in the log")
	}
}

// wantPrivateInFolder has the same by the flags of a folder, of the command as it is built.
func (w *ward) wantPrivateInFolder() {
	w.t.Helper()
	p := privatetest.New(w.t)
	w.locate(p)
	dir := w.t.TempDir()
	authority := filepath.Join(dir, "authority.pem")
	for file, text := range map[string]string{"providers/erp.json": p.Config, "credentials/erp.json": p.Credential, "authority.pem": p.Authority} {
		path := filepath.Join(dir, filepath.FromSlash(file))
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			w.t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			w.t.Fatal(err)
		}
	}
	refresh := `unshare --map-root-user --mount sh -c 'mount --bind "$0" /etc/hosts && exec "$@"' ` + os.Getenv(hostsVariable) +
		" tokenkeeper refresh erp --force --dir " + dir
	for _, row := range []struct {
		flags string
		kept  bool
	}{
		{"", false},
		{" --provider-network " + p.Network, false},
		{" --ca-file " + authority, false},
		{" --provider-network " + p.Network + " --ca-file " + authority, true},
	} {
		if out, code := w.shell(refresh+row.flags, ""); (code == 0) != row.kept || (p.Logins() > 0) != row.kept || strings.Contains(out, privatetest.Secret) {
			w.t.Errorf("with%s: exit code %d after %d logins:\n%s", row.flags, code, p.Logins(), out)
		}
	}
}

// hostsVariable names the file that the emulator and its functions have as /etc/hosts, since they
// look up names as a process of its own does.
const hostsVariable = "TOKENKEEPER_HOSTS"

// locate has the name of a provider lead to it.
func (w *ward) locate(p *privatetest.Provider) {
	w.t.Helper()
	file := os.Getenv(hostsVariable)
	if file == "" {
		w.t.Fatal(hostsVariable + " is not set: run make operations")
	}
	address, _, _ := strings.Cut(p.Network, "/")
	if err := os.WriteFile(file, []byte("127.0.0.1 localhost\n"+address+" erp.corp.example\n"), 0o600); err != nil {
		w.t.Fatal(err)
	}
}
