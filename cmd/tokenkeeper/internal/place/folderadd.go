package place

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"example.com/tokenkeeper/internal/secret"
)

// ErrThere is wrapped by the error of [Folder.AddConfig] where there is a config of that
// name.
var ErrThere = errors.New("is there already")

// AddConfig writes a config that is not there yet. One that is stays as it is.
func (f Folder) AddConfig(name string, config secret.Text) error {
	tmp, err := f.stage(providers, name, config, configMode)
	if err != nil {
		return err
	}
	defer os.Remove(tmp)
	// A link, unlike a renaming, replaces nothing.
	err = os.Link(tmp, filepath.Join(f.dir, providers, name+".json"))
	if errors.Is(err, fs.ErrExist) {
		return fmt.Errorf("%s %w", f.ConfigPlace(name), ErrThere)
	}
	if err != nil {
		return f.unwritten(providers, name, err)
	}
	return nil
}
