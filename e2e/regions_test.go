package e2e_test

import (
	"os"
	"path/filepath"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager/types"

	"example.com/tokenkeeper/internal/awstest"
	"example.com/tokenkeeper/internal/simulator"
)

// otherRegion is that of docs/operations.md, and inRegions are its marked blocks that take both.
const otherRegion = "eu-west-1"

var inRegions = []string{"replicate", "other-region", "promote"}

// wantRegions has a secret replicated to another region, and a stack there go on with it once the
// first region is lost, by the commands of docs/operations.md. In ministack the second stack takes
// the role of the first, which is not deployed again.
func (w *ward) wantRegions() {
	w.t.Helper()
	const name = simulator.Meitner
	dir := w.newClone()
	w.install(dir)
	w.write(dir, name)
	if err := os.Symlink(filepath.Join(w.root, ".aws-sam"), filepath.Join(dir, ".aws-sam")); err != nil {
		w.t.Fatal(err)
	}
	secrets := secretsmanager.NewFromConfig(awstest.ConfigFor(w.url, otherRegion))
	id := aws.String("tokenkeeper/tokens/" + name)
	read := func() *secretsmanager.GetSecretValueOutput {
		w.t.Helper()
		out, err := secrets.GetSecretValue(w.t.Context(), &secretsmanager.GetSecretValueInput{SecretId: id})
		if err != nil {
			w.t.Fatal(err)
		}
		return out
	}

	w.must(w.run(dir, blockNamed(w.t, w.root, "docs/operations.md", "replicate").script))
	before := read()
	w.must(w.shell("tokenkeeper refresh "+name+" --force", ""))
	if replica := read(); aws.ToString(replica.VersionId) == aws.ToString(before.VersionId) {
		w.t.Error("the new token is not in the other region")
	}

	w.must(w.run(dir, blockNamed(w.t, w.root, "docs/operations.md", "other-region").script))
	w.allowListing()
	logins := w.sim.Logins(name)
	_, _ = w.shell("tokenkeeper refresh "+name+" --region "+otherRegion, "")
	screen, code := w.shell("tokenkeeper status --region "+otherRegion, "")
	promote, rest, _ := strings.Cut(blockNamed(w.t, w.root, "docs/operations.md", "promote").script, "\n")
	if code == 0 || !strings.Contains(flat(screen), promote) || w.sim.Logins(name) != logins {
		w.t.Errorf("exit code %d after %d logins, without %q:\n%s", code, w.sim.Logins(name)-logins, promote, screen)
	}

	// ministack has no stop-replication-to-replica, and so what that leaves is made, with the tags of
	// the replica, which goes with the secret that it is of.
	replica := read()
	described, err := secrets.DescribeSecret(w.t.Context(), &secretsmanager.DescribeSecretInput{SecretId: id})
	if err != nil {
		w.t.Fatal(err)
	}
	w.aws(nil, "secretsmanager", "delete-secret", "--secret-id", *id, "--force-delete-without-recovery")
	w.promote(secrets, replica, described.Tags)
	w.must(w.run(dir, rest))
	if after := read(); aws.ToString(after.VersionId) == aws.ToString(replica.VersionId) || w.sim.Logins(name) != logins+1 {
		w.t.Errorf("the stack in the other region stored no new token, after %d logins", w.sim.Logins(name)-logins)
	}
}

// promote makes a secret of a replica's name, with its value, version and tags.
func (w *ward) promote(secrets *secretsmanager.Client, replica *secretsmanager.GetSecretValueOutput, tags []types.Tag) {
	w.t.Helper()
	if _, err := secrets.CreateSecret(w.t.Context(), &secretsmanager.CreateSecretInput{Name: replica.Name, Tags: tags}); err != nil {
		w.t.Fatal(err)
	}
	if _, err := secrets.PutSecretValue(w.t.Context(), &secretsmanager.PutSecretValueInput{SecretId: replica.Name,
		ClientRequestToken: replica.VersionId, SecretString: replica.SecretString}); err != nil {
		w.t.Fatal(err)
	}
}

// run runs a script in a folder, as an operator does.
func (w *ward) run(dir, script string) (out string, code int) {
	w.t.Helper()
	return w.shell("cd '"+dir+"' && set -eu\n"+script, "")
}
