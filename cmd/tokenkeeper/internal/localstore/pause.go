package localstore

import (
	"fmt"
	"path"

	"example.com/tokenkeeper/internal/refresh"
)

// Pause asks the runs to leave a provider alone, until Resume. It is a file of its own and
// needs no lock, because people pause a provider while a run holds it.
func (d *Dir) Pause(provider string) error {
	return d.pausing(fmt.Sprintf("pausing %q", provider), provider, d.touch)
}

// Resume ends a pause. There may be none.
func (d *Dir) Resume(provider string) error {
	return d.pausing(fmt.Sprintf("resuming %q", provider), provider, d.remove)
}

// pausing changes the file that says whether a provider is left alone.
func (d *Dir) pausing(doing, provider string, change func(file string) error) error {
	if err := d.known(provider); err != nil {
		return fmt.Errorf("%s: %w", doing, err)
	}
	err := d.makeFolder(tokens)
	if err == nil {
		err = change(pauseFile(provider))
	}
	return d.explain(doing, err)
}

// known says that no provider has that name, if none has: a typo would go unnoticed.
func (d *Dir) known(provider string) error {
	if err := refresh.CheckName(provider); err != nil {
		return err
	}
	config := path.Join(providers, provider+".json")
	for _, file := range []string{config, recordFile(provider), stateFile(provider), pauseFile(provider)} {
		if _, err := d.root.Stat(file); err == nil {
			return nil
		}
	}
	return fmt.Errorf("there is no %s", d.path(config))
}
