package localstore

import (
	"crypto/rand"
	"errors"
	"io/fs"
	"path"
	"strings"
)

// temporary begins the names of files that are being written.
const temporary = ".tmp-"

// replace makes data the whole content of a file, durable on return. Until the rename it
// is what it was.
func (d *Dir) replace(name string, data []byte) error {
	temp, err := d.write(path.Dir(name), data)
	if err != nil {
		return err
	}
	if err := d.rename(temp, name); err != nil {
		_ = d.disk.Remove(temp) // where it is still there
		return err
	}
	return nil
}

// write writes data to a new file in a folder and returns its name.
func (d *Dir) write(folder string, data []byte) (string, error) {
	name := path.Join(folder, temporary+rand.Text())
	f, err := d.disk.Create(name)
	if err != nil {
		return "", err
	}
	_, err = f.Write(data)
	if err == nil {
		err = f.Sync()
	}
	if err = errors.Join(err, f.Close()); err != nil {
		_ = d.disk.Remove(name) // else the next to take the lock does it
		return "", err
	}
	return name, nil
}

// rename moves a file within its folder, durable on return.
func (d *Dir) rename(from, to string) error {
	if err := d.disk.Rename(from, to); err != nil {
		return err
	}
	return d.disk.SyncDir(path.Dir(to))
}

// touch makes an empty file of tokens, if it is not there; durable on return.
func (d *Dir) touch(name string) error {
	f, err := d.disk.Create(name)
	if errors.Is(err, fs.ErrExist) {
		return nil
	}
	if err != nil {
		return err
	}
	return errors.Join(f.Close(), d.disk.SyncDir(tokens))
}

// remove removes a file of tokens, if it is there; durable on return.
func (d *Dir) remove(name string) error {
	err := d.disk.Remove(name)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	return d.disk.SyncDir(tokens)
}

// probe finds out whether the largest file could be written to a folder. It is asked before a
// login: a login may end the token before it, or spend the refresh token, and it would be too
// late to learn afterwards that the new one cannot be kept.
func (d *Dir) probe(folder string) error {
	temp, err := d.write(folder, make([]byte, maxFile))
	if err != nil {
		return err
	}
	return d.disk.Remove(temp)
}

// sweep removes from a folder what writers have left that were killed. The caller holds
// the folder's lock, so no other process is writing.
func (d *Dir) sweep(folder string) error {
	return d.clear(folder, func(name string) bool { return strings.HasPrefix(name, temporary) })
}

// clear removes the files of a folder whose names are stale.
func (d *Dir) clear(folder string, stale func(name string) bool) error {
	entries, err := d.list(folder)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	for _, e := range entries {
		if err == nil && stale(e.Name()) {
			err = d.discard(path.Join(folder, e.Name()))
		}
	}
	return err
}

// discard removes a file, if it is there: a client may have removed it, which needs no lock for what
// is its own.
func (d *Dir) discard(name string) error {
	err := d.disk.Remove(name)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}

// list returns what is in a folder, by name.
func (d *Dir) list(folder string) ([]fs.DirEntry, error) { return fs.ReadDir(d.root.FS(), folder) }

// makeFolder makes a folder of the store, if it is not there; durable on return.
func (d *Dir) makeFolder(name string) error {
	err := d.root.Mkdir(name, 0o700)
	if errors.Is(err, fs.ErrExist) {
		return nil
	}
	if err != nil {
		return err
	}
	return d.disk.SyncDir(".")
}
