package refresh

import (
	"context"
	"errors"
	"fmt"
	"slices"
)

// latest reads again what decides on the login, just before it: the listing may be as old as
// the run, and what was approved or edited since must hold already. The task and the
// decision are as they are now when it returns; gone is set where there is no config any
// more.
func (v *visit) latest(ctx context.Context) (gone bool, e *Error) {
	for range 2 {
		named := v.Credential
		docs, credential, err := v.Source.Latest(ctx, v.Name, named)
		if err != nil && !errors.Is(err, ErrNotFound) {
			return false, asError(err, CodeSourceFailed, fmt.Sprintf("reading config and credential of %q", v.Name))
		}
		configs, _ := Effective(docs)
		i := slices.IndexFunc(configs, func(c Config) bool { return c.Name == v.Name })
		if i < 0 {
			return true, nil
		}
		if c := configs[i]; c.Where != v.Where || c.Version != v.revision {
			slot := v.slot
			v.task = newTask(v.Parser, c.Document, v.state)
			v.slot = slot
			if v.bad != nil {
				return false, nil
			}
			v.decide(ctx)
		}
		if v.Credential == named {
			v.read = reading{credential, err}
			return false, nil
		}
		// Another credential: its owner may have approved a config as well.
	}
	return false, &Error{Class: Transient, Code: CodeSourceFailed, Ours: true,
		Detail: fmt.Sprintf("the config of %q was edited while it was read, and names another credential each time", v.Name)}
}
