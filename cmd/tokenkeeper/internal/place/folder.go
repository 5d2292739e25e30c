package place

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"example.com/tokenkeeper/internal/localstore"
	"example.com/tokenkeeper/internal/refresh"
)

// A Folder is a place without AWS.
type Folder struct {
	*localstore.Dir
	dir  string // the way to it
	name string // what people are told
}

var _ Place = Folder{}

// OpenFolder opens a folder for reading; see [localstore.Open].
func OpenFolder(path string) (Folder, error) {
	dir, err := localstore.Open(path)
	return Folder{dir, path, path}, err
}

// As returns the same folder, called otherwise in what people are told.
func (f Folder) As(name string) Folder { return Folder{f.Dir, f.dir, name} }

// States returns what is so now.
func (f Folder) States(ctx context.Context) ([]refresh.State, error) { return f.List(ctx) }

// Describe returns the same of some.
func (f Folder) Describe(ctx context.Context, providers []string) ([]refresh.State, error) {
	states, err := f.List(ctx)
	return slices.DeleteFunc(states, func(st refresh.State) bool { return !slices.Contains(providers, st.Name) }), err
}

// Credentials are files.
func (f Folder) Credentials(context.Context) ([]string, error) {
	files, err := os.ReadDir(filepath.Join(f.dir, credentialsFolder))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("listing credentials: %w", err)
	}
	var names []string
	for _, file := range files {
		if name, ok := strings.CutSuffix(file.Name(), ".json"); ok && refresh.CheckName(name) == nil {
			names = append(names, name)
		}
	}
	return names, nil
}

// The folders of people.
const (
	providers         = "providers"
	credentialsFolder = "credentials"
)

// Pause works while a run holds the folder.
func (f Folder) Pause(_ context.Context, provider string, paused bool) error {
	return f.Dir.Pause(provider, paused)
}

// Schedule is the default. There is no least distance: a file may be replaced as often as
// one likes.
func (f Folder) Schedule() refresh.Schedule {
	d := undeployed()
	return refresh.Schedule{Tick: d.Tick, CacheAge: d.CacheAge}
}

// AllowsLoopback is false: each run says so for itself.
func (f Folder) AllowsLoopback() bool { return false }

// ReadsCredentials is true: they belong to whoever works in the folder.
func (f Folder) ReadsCredentials() bool { return true }

// PutConfig writes a file.
func (f Folder) PutConfig(_ context.Context, name string, config refresh.Secret) error {
	return f.write(providers, name, config, 0o644)
}

// PutCredential writes a file that is for its owner alone.
func (f Folder) PutCredential(_ context.Context, name string, credential refresh.Secret) error {
	return f.write(credentialsFolder, name, credential, 0o600)
}

// PutRefreshToken works while a run holds the folder.
func (f Folder) PutRefreshToken(ctx context.Context, provider string, token refresh.Secret) error {
	return f.Vault().Put(ctx, provider, token)
}

// write replaces a file: who reads it meets the old one or the new one, whole.
func (f Folder) write(folder, name string, data refresh.Secret, mode fs.FileMode) error {
	if err := refresh.CheckName(name); err != nil {
		return err
	}
	writing := func(err error) error {
		return fmt.Errorf("writing %s: %w", filepath.Join(f.name, folder, name+".json"), err)
	}
	dir := filepath.Join(f.dir, folder)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return writing(err)
	}
	tmp, err := os.CreateTemp(dir, ".tokenkeeper-*.tmp")
	if err != nil {
		return writing(err)
	}
	defer os.Remove(tmp.Name()) // of one that was not renamed
	_, err = tmp.WriteString(data.Reveal())
	err = errors.Join(err, tmp.Chmod(mode), tmp.Sync(), tmp.Close())
	if err == nil {
		err = os.Rename(tmp.Name(), filepath.Join(dir, name+".json"))
	}
	if err != nil {
		return writing(err)
	}
	return nil
}

// ConfigPlace is a file.
func (f Folder) ConfigPlace(name string) string {
	return filepath.Join(f.name, providers, name+".json")
}

// CredentialPlace is a file.
func (f Folder) CredentialPlace(name string) string {
	return filepath.Join(f.name, credentialsFolder, name+".json")
}

// CredentialCommand is empty: it is a file.
func (f Folder) CredentialCommand(string) string { return "" }

// Command names the folder with --dir.
func (f Folder) Command(verb, provider string) string {
	words := []string{"tokenkeeper", verb, "--dir", ShellWord(f.name)}
	if provider != "" {
		words = slices.Insert(words, 2, provider)
	}
	return strings.Join(words, " ")
}

// Runner is a command of ours.
func (f Folder) Runner() string { return f.Command("run", "") + " --every 1m" }

// Log is on the standard error of that.
func (f Folder) Log() string { return "the log of 'tokenkeeper run'" }

// ShellWord writes s so that a shell reads it as one word.
func ShellWord(s string) string {
	const plain = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789/._-+:@%,="
	if s != "" && strings.Trim(s, plain) == "" {
		return s
	}
	return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'"
}
