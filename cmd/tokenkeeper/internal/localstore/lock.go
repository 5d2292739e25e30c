package localstore

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strconv"
	"strings"
)

// Lock makes d the one writer of its directory, until Close or the end of the process. It
// creates the folder tokens where it is missing. It does not wait: where another process
// writes, the error says which one.
func (d *Dir) Lock() error {
	locking := func(err error) error { return d.explain("locking "+d.path(tokens), err) }
	if err := d.checkFolder(".", "every token", 0o002); err != nil {
		return locking(err)
	}
	// Other problems with these are reported where they are read.
	for _, folder := range []struct{ name, what string }{{providers, "every config"}, {credentials, "every credential"}} {
		if _, err := d.root.Stat(folder.name); err != nil {
			continue
		}
		if err := d.checkFolder(folder.name, folder.what, 0o002); err != nil {
			return locking(err)
		}
	}
	if err := d.makeFolder(tokens); err != nil {
		return locking(err)
	}
	if err := d.checkFolder(tokens, "every token", 0o022); err != nil {
		return locking(err)
	}
	// A link there would have another file created or overwritten.
	for _, name := range []string{lockFile, pidFile} {
		if fi, err := d.root.Lstat(name); err == nil && !fi.Mode().IsRegular() {
			return locking(fmt.Errorf("%s is not a file of its own; move it away", d.path(name)))
		}
	}
	got, err := d.lock.TryLock()
	if err != nil {
		return locking(err)
	}
	if !got {
		return locking(d.writer())
	}
	// For the message to the next. Not in the lock's own file, which Windows lets no process
	// read while it is locked.
	err = d.root.WriteFile(pidFile, []byte(strconv.Itoa(os.Getpid())+"\n"), 0o600)
	if err == nil {
		err = d.sweep(tokens)
	}
	if err == nil {
		err = d.forget()
	}
	if err == nil {
		// What a killed writer renamed last may not be durable, and is built upon now.
		err = d.disk.SyncDir(tokens)
	}
	if err != nil {
		return locking(errors.Join(err, d.lock.Unlock()))
	}
	return nil
}

// A LockedError says that another process writes.
type LockedError struct{ Who string }

func (e *LockedError) Error() string {
	return e.Who + " is writing there; one at a time can: wait for it, or end it"
}

// writer returns who writes, as an error.
func (d *Dir) writer() error {
	who := "another process"
	data, _ := d.disk.Read(pidFile)
	if pid, err := strconv.Atoi(strings.TrimSpace(string(data))); err == nil {
		who = fmt.Sprintf("process %d", pid)
	}
	return &LockedError{who}
}

// checkFolder refuses a folder in which others could replace what is there. A group may
// write to all but tokens: people who keep configs together share one, many systems give
// each user one of his own, and a credential that belongs to another user is refused anyway.
func (d *Dir) checkFolder(name, what string, others fs.FileMode) error {
	fi, err := d.root.Stat(name)
	if err != nil {
		return err
	}
	where := d.path(name)
	if !fi.IsDir() {
		return fmt.Errorf("%s is not a folder; move it away", where)
	}
	if uid, ok := owner(fi); ok && uid != d.uid && name == tokens {
		return fmt.Errorf("%s belongs to the user with id %d, who could replace every token; run as that user, or: chown %d %s",
			where, uid, d.uid, ShellWord(where))
	}
	if permissions(fi)&others != 0 {
		return fmt.Errorf("others can write to %s (mode %04o) and replace %s; run: chmod go-w %s",
			where, permissions(fi), what, ShellWord(where))
	}
	return nil
}
