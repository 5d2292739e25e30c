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
	"sync"
	"time"

	"example.com/tokenkeeper/cmd/tokenkeeper/internal/localstore"
	"example.com/tokenkeeper/internal/refresh"
	"example.com/tokenkeeper/internal/secret"
	"example.com/tokenkeeper/internal/tokenendpoint"
)

// A Folder is a place without AWS.
type Folder struct {
	*localstore.Dir
	dir  string // the way to it
	name string // as it is shown

	loopback func() bool // a config names this machine
}

var _ Place = Folder{}

// OpenFolder opens a folder for reading; see [localstore.Open].
func OpenFolder(path string) (Folder, error) {
	dir, err := localstore.Open(path)
	return Folder{dir, path, path, sync.OnceValue(func() bool { return onLoopback(dir) })}, err
}

// As returns the same folder, shown under another name.
func (f Folder) As(name string) Folder { return Folder{f.Dir, f.dir, name, f.loopback} }

// States returns what is so now. What is left beside a record that was removed with
// its config has no owner.
func (f Folder) States(ctx context.Context) ([]refresh.State, error) {
	states, err := refresh.Pages(ctx, f.List)
	return slices.DeleteFunc(states, func(st refresh.State) bool {
		_, err := os.Lstat(filepath.Join(f.dir, providers, st.Name+".json"))
		return st.Current == "" && st.Next == "" && errors.Is(err, fs.ErrNotExist)
	}), err
}

// Describe returns the same of some.
func (f Folder) Describe(ctx context.Context, providers []string) ([]refresh.State, error) {
	states, err := f.States(ctx)
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

// The folders of people, and the mode of the files in the first.
const (
	providers         = "providers"
	approved          = "approved"
	credentialsFolder = "credentials"

	configMode = 0o644
)

// Pause works while a run holds the folder.
func (f Folder) Pause(_ context.Context, provider string) error { return f.Dir.Pause(provider) }

// Resume does too.
func (f Folder) Resume(_ context.Context, provider string) error { return f.Dir.Resume(provider) }

// Schedule is that of the last run, or else the default. There is no least distance: a file
// may be replaced as often as one likes.
func (f Folder) Schedule() refresh.Schedule {
	d := undeployed()
	s := refresh.Schedule{Tick: d.Tick, CacheAge: d.CacheAge}
	left, err := f.Dir.LastRun()
	if err != nil {
		return s
	}
	last := refresh.Schedule{Tick: time.Duration(left.Tick) * time.Second, CacheAge: time.Duration(left.CacheAge) * time.Second}
	if last.Check() != nil {
		return s
	}
	return last
}

// Room is what the disk has.
func (f Folder) Room() Room { return Room{Limits: f.Limits(), RunTime: f.Schedule().Tick} }

// AllowsLoopback is false: each run says so for itself.
func (f Folder) AllowsLoopback() bool { return false }

// ReadsCredentials is true: they belong to the user of the folder.
func (f Folder) ReadsCredentials() bool { return true }

// PutConfig writes a file.
func (f Folder) PutConfig(_ context.Context, name string, config secret.Text) error {
	return f.write(providers, name, config, configMode)
}

// PutCredential writes a file that is for its owner alone.
func (f Folder) PutCredential(_ context.Context, name string, credential secret.Text) error {
	return f.write(credentialsFolder, name, credential, 0o600)
}

// PutApproved writes a file that its owner alone can change.
func (f Folder) PutApproved(_ context.Context, credential, provider string, config secret.Text) error {
	if err := refresh.CheckName(credential); err != nil {
		return err
	}
	return f.write(filepath.Join(approved, credential), provider, config, configMode)
}

// PutRefreshToken works while a run holds the folder.
func (f Folder) PutRefreshToken(ctx context.Context, provider string, token secret.Text, credential string) error {
	return f.Vault().Put(ctx, provider, token, credential)
}

// BindRefreshToken works while a run holds the folder, as RestoreRefreshToken does.
func (f Folder) BindRefreshToken(ctx context.Context, provider, credential string) error {
	return f.Vault().Bind(ctx, provider, credential)
}

// RestoreRefreshToken takes NAME.previous.json.
func (f Folder) RestoreRefreshToken(ctx context.Context, provider string) error {
	return f.Vault().Restore(ctx, provider)
}

// RefreshTokenCredential reads it beside the token.
func (f Folder) RefreshTokenCredential(ctx context.Context, provider string) (string, error) {
	return f.Vault().Credential(ctx, provider)
}

// RefreshTokenCredentials passes over what cannot be read.
func (f Folder) RefreshTokenCredentials(ctx context.Context, providers []string) (map[string]string, error) {
	found := map[string]string{}
	for _, name := range providers {
		if credential, err := f.RefreshTokenCredential(ctx, name); err == nil {
			found[name] = credential
		}
	}
	return found, ctx.Err()
}

// write replaces a file: readers see the old one or the new one, whole.
func (f Folder) write(folder, name string, data secret.Text, mode fs.FileMode) error {
	tmp, err := f.stage(folder, name, data, mode)
	if err != nil {
		return err
	}
	if err := os.Rename(tmp, filepath.Join(f.dir, folder, name+".json")); err != nil {
		_ = os.Remove(tmp)
		return f.unwritten(folder, name, err)
	}
	return nil
}

// stage writes a new file beside the one that it is to become, and flushes it. Who calls it
// gives it the name, and removes it where it still has this one.
func (f Folder) stage(folder, name string, data secret.Text, mode fs.FileMode) (tmp string, err error) {
	if err := refresh.CheckName(name); err != nil {
		return "", err
	}
	dir := filepath.Join(f.dir, folder)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return "", f.unwritten(folder, name, err)
	}
	file, err := os.CreateTemp(dir, ".tokenkeeper-*.tmp")
	if err != nil {
		return "", f.unwritten(folder, name, err)
	}
	_, err = file.WriteString(data.Reveal())
	if err = errors.Join(err, file.Chmod(mode), file.Sync(), file.Close()); err != nil {
		_ = os.Remove(file.Name())
		return "", f.unwritten(folder, name, err)
	}
	return file.Name(), nil
}

// unwritten says which file could not be written.
func (f Folder) unwritten(folder, name string, err error) error {
	return fmt.Errorf("writing %s: %w", filepath.Join(f.name, folder, name+".json"), err)
}

// ConfigPlace is a file.
func (f Folder) ConfigPlace(name string) string {
	return filepath.Join(f.name, providers, name+".json")
}

// Guide leads to files. Where a config names this machine, the commands that ask providers
// have the flag without which that config is wrong.
func (f Folder) Guide() Guide {
	file := func(base string) string { return localstore.ShellWord(filepath.Join(f.name, "tokens", base)) }
	g := Guide{
		Config:          f.ConfigPlace(Name),
		Credential:      filepath.Join(f.name, credentialsFolder, Name+".json"),
		Approved:        filepath.Join(f.name, approved, Approver, Name+".json"),
		EditsCredential: true,
		Flags:           []string{"--dir", localstore.ShellWord(f.name)},
		Log:             "the log of 'tokenkeeper run'",
	}
	if f.loopback() {
		g.AskingFlags = []string{"--allow-loopback"}
	}
	// The hidden files too.
	g.Remove = "rm -f " + file(Name+".json") + " " + file("."+Name) + ".*"
	g.Runs, g.Runner = "See that this is running:", g.Command("run", "")+" --every 1m"
	return g
}

// onLoopback reports whether anything is wrong with a config unless loopback is allowed.
func onLoopback(dir *localstore.Dir) bool {
	docs, err := Documents(context.Background(), dir)
	if err != nil {
		return false
	}
	closed, open := tokenendpoint.New(tokenendpoint.Options{}), tokenendpoint.New(tokenendpoint.Options{AllowLoopback: true})
	return slices.ContainsFunc(docs, func(d refresh.Document) bool {
		_, without := refresh.Understand(closed, d)
		_, with := refresh.Understand(open, d)
		return fmt.Sprint(without) != fmt.Sprint(with)
	})
}

// LastRun is in a file that every run replaces.
func (f Folder) LastRun(context.Context) (LastRun, error) {
	left, err := f.Dir.LastRun()
	if err != nil {
		return LastRun{}, err
	}
	run := LastRun{At: left.Completed, By: left.By, Version: left.Version}
	if !left.Failed.IsZero() {
		run.Failed = left.Failed
		run.Failure = &refresh.Error{Code: left.Code, Detail: left.Error, Remedy: left.Remedy}
	}
	return run, nil
}
