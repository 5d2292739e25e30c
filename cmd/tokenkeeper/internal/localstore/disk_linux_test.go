package localstore_test

import (
	"errors"
	"io/fs"
	"syscall"
	"testing"

	"example.com/tokenkeeper/cmd/tokenkeeper/internal/localstore"
)

// diskOf returns the real disk of a folder.
func diskOf(t *testing.T, dir string) (disk localstore.Disk) {
	t.Helper()
	d, err := localstore.OpenOn(dir, func(real localstore.Disk) localstore.Disk {
		disk = real
		return real
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { d.Close() })
	return disk
}

// A file that breaks off is not taken for a shorter one. The memory of a process is a file whose
// first byte cannot be read.
func TestAReadThatBreaksOff(t *testing.T) {
	disk := diskOf(t, "/proc/self")
	if data, err := disk.Read("mem"); !errors.Is(err, syscall.EIO) || data != nil {
		t.Errorf("%d bytes, %v", len(data), err)
	}
}

// The names in a folder are asked to be made durable, and a file system that cannot is reported.
func TestAFolderThatCannotBeSynced(t *testing.T) {
	disk := diskOf(t, "/proc/self")
	if err := disk.SyncDir("task"); !errors.Is(err, syscall.EINVAL) {
		t.Errorf("it is durable: %v", err)
	}
	if err := disk.SyncDir("missing"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("what is not there is durable: %v", err)
	}
}
