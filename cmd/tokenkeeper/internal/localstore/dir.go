package localstore

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"sync"

	"github.com/gofrs/flock"

	"example.com/tokenkeeper/internal/refresh"
	"example.com/tokenkeeper/internal/secret"
)

// A Dir is one directory. It is a [refresh.Source], and once locked a [refresh.Store];
// without the lock its methods that read may be used. All may be called by several
// goroutines.
type Dir struct {
	name string // as its user wrote it
	root *os.Root
	disk disk
	uid  int // whose credentials may be used
	lock *flock.Flock

	// writing has a *sync.Mutex for each provider, which is held from a look at its secret
	// to the end of the change: one for all would have them wait for each other's probes.
	writing sync.Map
}

var (
	_ refresh.Source = (*Dir)(nil)
	_ refresh.Store  = (*Dir)(nil)
)

// The folders of a Dir.
const (
	providers   = "providers"
	credentials = "credentials"
	tokens      = "tokens"
)

// recordFile, nextFile, stateFile and pauseFile name the files of one provider. No name
// of a provider has a dot in it.
func recordFile(provider string) string { return path.Join(tokens, provider+".json") }
func nextFile(provider string) string   { return path.Join(tokens, "."+provider+nextSuffix) }
func stateFile(provider string) string  { return path.Join(tokens, "."+provider+stateSuffix) }
func pauseFile(provider string) string  { return path.Join(tokens, "."+provider+pauseSuffix) }

const (
	nextSuffix  = ".next.json"
	stateSuffix = ".state.json"
	pauseSuffix = ".paused"
)

// Open opens the directory for reading. Nothing is created and nothing locked, so that a
// store can be looked at while a run writes to it.
func Open(dir string) (*Dir, error) {
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, fmt.Errorf("opening the directory of the local store: %w", err)
	}
	return &Dir{
		name: dir,
		root: root,
		disk: rootDisk{root},
		uid:  os.Geteuid(),
		lock: flock.New(filepath.Join(dir, filepath.FromSlash(lockFile))),
	}, nil
}

// Close releases the lock, where it is held, and the directory.
func (d *Dir) Close() error { return errors.Join(d.lock.Close(), d.root.Close()) }

// Read returns the record of a provider as consumers read it. The error wraps
// [refresh.ErrNotFound] where there is none yet.
func (d *Dir) Read(provider string) (secret.Text, error) {
	reading := func(err error) (secret.Text, error) {
		return secret.Text{}, fmt.Errorf("reading the token of %q: %w", provider, err)
	}
	if err := refresh.CheckName(provider); err != nil {
		return reading(err)
	}
	data, err := d.disk.Read(recordFile(provider))
	if errors.Is(err, fs.ErrNotExist) {
		return reading(refresh.ErrNotFound)
	}
	if err != nil {
		return reading(err)
	}
	return secret.New(string(data)), nil
}

// path returns where a file is, as its user would write it.
func (d *Dir) path(name string) string { return filepath.Join(d.name, filepath.FromSlash(name)) }

const (
	lockFile = tokens + "/.lock"
	pidFile  = tokens + "/.pid"
)
