package localstore

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"path"
)

// A disk takes the steps by which the store reads and changes its files, so that tests
// can stop it at every one of them. Names are relative to the store's directory.
type disk interface {
	// Read returns the content of a file of at most maxFile bytes.
	Read(name string) ([]byte, error)
	// Create makes a file that its owner alone can read, and that was not there.
	Create(name string) (file, error)
	// Rename moves a file, over another one if there is one, in one instant.
	Rename(from, to string) error
	Remove(name string) error
	// SyncDir makes durable what the others did to the names in a folder.
	SyncDir(name string) error
}

// A file is one that is being written.
type file interface {
	io.WriteCloser
	// Sync makes the content durable, but not the name.
	Sync() error
}

// rootDisk is the real one.
type rootDisk struct{ *os.Root }

// Read opens a file from within its folder, so that a link there leads no further: a config
// could be a credential otherwise. What was opened is what is looked at and read. Opening a
// named pipe does not wait for a writer.
func (d rootDisk) Read(name string) ([]byte, error) {
	folder, err := d.OpenRoot(path.Dir(name))
	if err != nil {
		return nil, err
	}
	defer folder.Close()
	f, err := folder.OpenFile(path.Base(name), os.O_RDONLY|openAtOnce, 0)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	fi, err := f.Stat()
	if err != nil {
		return nil, err
	}
	if !fi.Mode().IsRegular() {
		return nil, &fs.PathError{Op: "read", Path: name, Err: errNotFile}
	}
	data, err := io.ReadAll(io.LimitReader(f, maxFile+1))
	if err != nil {
		return nil, err
	}
	if len(data) > maxFile {
		return nil, &fs.PathError{Op: "read", Path: name, Err: errTooLarge}
	}
	return data, nil
}

func (d rootDisk) Create(name string) (file, error) {
	return d.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
}

func (d rootDisk) SyncDir(name string) error {
	f, err := d.Open(name)
	if err != nil {
		return err
	}
	return errors.Join(syncDir(f), f.Close())
}

// maxFile is the size of the largest file that is read, in bytes: what Secrets Manager
// stores at most.
const maxFile = 65536
