package place

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"example.com/tokenkeeper/internal/refresh"
)

// ErrThere is wrapped by the error of [Folder.AddConfig] where there is a config of that
// name.
var ErrThere = errors.New("is there already")

// AddConfig writes a config that is not there yet. One that is stays as it is.
func (f Folder) AddConfig(name string, config refresh.Secret) error {
	where := f.ConfigPlace(name)
	path := filepath.Join(f.dir, providers, name+".json")
	adding := func(err error) error { return fmt.Errorf("writing %s: %w", where, err) }
	if err := refresh.CheckName(name); err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return adding(err)
	}
	tmp, err := os.CreateTemp(filepath.Dir(path), ".tokenkeeper-*.tmp")
	if err != nil {
		return adding(err)
	}
	defer os.Remove(tmp.Name())
	_, err = tmp.WriteString(config.Reveal())
	if err = errors.Join(err, tmp.Chmod(0o644), tmp.Sync(), tmp.Close()); err != nil {
		return adding(err)
	}
	// A link, unlike a renaming, replaces nothing.
	err = os.Link(tmp.Name(), path)
	if errors.Is(err, fs.ErrExist) {
		return fmt.Errorf("%s %w", where, ErrThere)
	}
	if err != nil {
		return adding(err)
	}
	return nil
}
