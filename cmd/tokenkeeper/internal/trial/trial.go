// Package trial fills a folder with what it takes to try tokenkeeper against the
// simulator: a config and a credential for each simulated provider.
package trial

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"example.com/tokenkeeper/internal/simulator"
)

// Files are configs and credentials by provider, as JSON.
type Files struct {
	Configs     map[string]json.RawMessage `json:"providers"`
	Credentials map[string]json.RawMessage `json:"credentials"`
}

// For returns the files for a simulator that is served at the URL.
func For(sim *simulator.Simulator, url string) (Files, error) {
	configs, err := sim.Configs(url)
	if err != nil {
		return Files{}, err
	}
	credentials, err := sim.Credentials(url)
	return Files{configs, credentials}, err
}

// ErrOther is wrapped by the error of [Files.Write] where a file is there already that says
// something else.
var ErrOther = errors.New("is there already, and says something else")

// Write writes the files into the folders providers and credentials of dir, which it
// makes. A file that says something else is left alone: it may be a real one.
func (f Files) Write(dir string) error {
	for _, folder := range []struct {
		name  string
		files map[string]json.RawMessage
		mode  fs.FileMode
	}{
		{"providers", f.Configs, 0o644},
		{"credentials", f.Credentials, 0o600},
	} {
		path := filepath.Join(dir, folder.name)
		if err := os.MkdirAll(path, 0o700); err != nil {
			return fmt.Errorf("making the folder for the simulator's files: %w", err)
		}
		for _, name := range simulator.Names() {
			if err := writeNew(filepath.Join(path, name+".json"), folder.files[name], folder.mode); err != nil {
				return err
			}
		}
	}
	return nil
}

func writeNew(path string, data []byte, mode fs.FileMode) error {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, mode) // #nosec G304 -- in the folder that --dir names
	if errors.Is(err, fs.ErrExist) {
		// #nosec G304 -- the same one
		if there, err := os.ReadFile(path); err == nil && bytes.Equal(there, data) {
			return nil
		}
		return fmt.Errorf("%s %w", path, ErrOther)
	}
	if err == nil {
		_, err = f.Write(data)
		err = errors.Join(err, f.Close())
	}
	if err != nil {
		return fmt.Errorf("writing the simulator's files: %w", err)
	}
	return nil
}
