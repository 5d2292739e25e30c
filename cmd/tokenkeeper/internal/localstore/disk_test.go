package localstore_test

import (
	"errors"
	"sync"

	"example.com/tokenkeeper/cmd/tokenkeeper/internal/localstore"
)

// A step is one call by which a store changed its disk.
type step struct {
	op       string // create, write, sync, close, rename, remove, syncdir
	name, to string
	data     []byte // what was written
}

// A tracedDisk is the real one, but for the waiting: it flushes nothing, because a killed
// process loses nothing that way, and for a lost power there is a model in power_test.go.
// It remembers what it did, and can be made to do no more.
type tracedDisk struct {
	localstore.Disk
	// refuse returns why a step is not taken, nil for those that are.
	refuse func(n int, s step) error
	// reading is called before a file is read, and may refuse that.
	reading func(name string) error

	mu    sync.Mutex
	steps []step
}

var errKilled = errors.New("killed")

// killedAt refuses the n-th step, counted from zero, and all after it.
func killedAt(n int) func(int, step) error {
	return func(i int, _ step) error {
		if i >= n {
			return errKilled
		}
		return nil
	}
}

func nothing() error { return nil }

func (d *tracedDisk) take(s step, f func() error) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.refuse != nil {
		if err := d.refuse(len(d.steps), s); err != nil {
			return err
		}
	}
	d.steps = append(d.steps, s)
	return f()
}

func (d *tracedDisk) Read(name string) ([]byte, error) {
	if d.reading != nil {
		if err := d.reading(name); err != nil {
			return nil, err
		}
	}
	return d.Disk.Read(name)
}

func (d *tracedDisk) Create(name string) (f localstore.File, err error) {
	err = d.take(step{op: "create", name: name}, func() error {
		f, err = d.Disk.Create(name)
		return err
	})
	if err != nil {
		return nil, err
	}
	return &tracedFile{File: f, disk: d, name: name}, nil
}

func (d *tracedDisk) Rename(from, to string) error {
	return d.take(step{op: "rename", name: from, to: to}, func() error { return d.Disk.Rename(from, to) })
}

func (d *tracedDisk) Remove(name string) error {
	return d.take(step{op: "remove", name: name}, func() error { return d.Disk.Remove(name) })
}

func (d *tracedDisk) SyncDir(name string) error {
	return d.take(step{op: "syncdir", name: name}, nothing)
}

type tracedFile struct {
	localstore.File
	disk *tracedDisk
	name string
}

// Write writes in two steps, so that a file can be half written.
func (f *tracedFile) Write(data []byte) (int, error) {
	half := len(data) / 2
	for _, part := range [][]byte{data[:half], data[half:]} {
		err := f.disk.take(step{op: "write", name: f.name, data: part}, func() error {
			_, err := f.File.Write(part)
			return err
		})
		if err != nil {
			return 0, err
		}
	}
	return len(data), nil
}

func (f *tracedFile) Sync() error {
	return f.disk.take(step{op: "sync", name: f.name}, nothing)
}

// Close always closes: a killed process has no open files either.
func (f *tracedFile) Close() error {
	err := f.disk.take(step{op: "close", name: f.name}, nothing)
	return errors.Join(err, f.File.Close())
}
