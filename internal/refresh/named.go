package refresh

import (
	"context"
	"errors"
	"fmt"
	"slices"
)

// loadNamed reads what the named providers are configured with, and lists nothing: of their
// secrets nothing is known until each is opened. A name that no provider has is an error
// before any provider is asked, unless the job passes over it.
func (r *run) loadNamed(ctx context.Context) error {
	r.only = map[string]task{}
	names := slices.Clone(r.job.Only)
	slices.Sort(names)
	var unknown []error
	for _, name := range slices.Compact(names) {
		if CheckName(name) != nil {
			unknown = append(unknown, fmt.Errorf("%w is called %.80q", ErrNoProvider, name))
			continue
		}
		v := &visit{run: r, task: task{Provider: Provider{Name: name, Credential: name}, state: State{Name: name}}}
		switch gone, e := v.latest(ctx); {
		case gone:
			unknown = append(unknown, fmt.Errorf("%w is called %.80q", ErrNoProvider, name))
		case e != nil:
			return fmt.Errorf("loading provider configs: %w", e)
		default:
			v.task.named, v.listed = true, true
			r.only[name] = v.task
		}
	}
	if r.job.IfThere {
		return nil
	}
	return errors.Join(unknown...)
}
