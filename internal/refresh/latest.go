package refresh

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
)

// latest reads again what decides on the login, just before it: what was approved or edited since
// the listing must hold already. It updates the task and the decision; gone says that there is no
// config any more.
func (v *visit) latest(ctx context.Context) (gone bool, e *Error) {
	for range 2 {
		named := v.Credential
		read, err := v.readings.ask(ctx, Wanted{v.Name, named})
		if err = cmp.Or(err, read.Err); err != nil && !errors.Is(err, ErrNotFound) {
			return false, asError(err, CodeSourceFailed, fmt.Sprintf("reading config and credential of %q", v.Name))
		}
		configs, _ := Effective(read.Configs)
		i := slices.IndexFunc(configs, func(c Config) bool { return c.Name == v.Name })
		if i < 0 {
			return true, nil
		}
		t := newTask(v.Parser, configs[i].Document, v.state)
		t.slot, t.named, t.listed, t.seen, t.read = v.slot, v.named, v.listed, v.seen, read
		t.looked = &CredentialVersion{read.Credential.Version, read.Err}
		v.task = t
		if v.bad != nil {
			return false, nil
		}
		v.decide(ctx)
		if v.Credential == named {
			return false, nil
		}
		// Another credential: its owner may have approved a config as well.
	}
	return false, &Error{Class: Transient, Code: CodeSourceFailed, Ours: true,
		Detail: fmt.Sprintf("the config of %q was edited while it was read, and names another credential each time", v.Name)}
}

// load reads the configs of the named providers, and lists nothing: of their secrets nothing is
// known until each is opened. A name that no provider has is an error before any provider is
// asked, unless the job passes over it.
func (r *run) load(ctx context.Context) (map[string]task, error) {
	names := slices.Clone(r.job.Only)
	if r.job.Edited {
		names = append(names, r.kept.failedWith(names)...)
	}
	slices.Sort(names)
	tasks := map[string]task{}
	var unknown []error
	for _, name := range slices.Compact(names) {
		v := &visit{run: r, task: task{Provider: Provider{Name: name, Credential: name}, state: State{Name: name}}}
		gone := CheckName(name) != nil
		if !gone {
			var e *Error
			if gone, e = v.latest(ctx); e != nil {
				return nil, fmt.Errorf("loading provider configs: %w", e)
			}
		}
		if gone && !r.job.Edited {
			unknown = append(unknown, fmt.Errorf("%w is called %.80q", ErrNoProvider, name))
		}
		if !gone {
			v.task.named, v.listed = true, true
			tasks[name] = v.task
		}
	}
	return tasks, errors.Join(unknown...)
}
