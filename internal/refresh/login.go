package refresh

import (
	"context"
	"errors"
	"fmt"
)

// grant logs in, and counts what came of it among the logins of the run.
func (v *visit) grant(asking context.Context, l Login) (Grant, error) {
	grant, err := v.Endpoint.Grant(asking, l)
	if err == nil {
		v.network.attempted(nil)
		v.slot.came()
	}
	return grant, err
}

// refusal is the failure of a login.
func (v *visit) refusal(asking context.Context, err error) *Error {
	e := asError(err, CodeInternal, "logging in")
	v.network.attempted(e)
	e.Ours = asking.Err() != nil && context.Cause(asking) != context.DeadlineExceeded ||
		e.Unconnected != "" && v.network.down()
	return e
}

// credential understands what to log in with. The version is set wherever one was found, also
// beside an error.
func (v *visit) credential() (Credential, *Error) {
	doc, err := v.read.Credential, v.read.Err
	found := Credential{Version: doc.Version}
	switch {
	case errors.Is(err, ErrNotFound):
		return found, &Error{Class: Misconfigured, Code: CodeNoCredential,
			Detail: fmt.Sprintf("there is no credential %q", v.Credential),
			Remedy: "put it in with 'tokenkeeper credential put " + v.Credential + "'", Err: err}
	case doc.Err != nil:
		return found, asError(doc.Err, CodeBadCredential, fmt.Sprintf("reading credential %q", v.Credential))
	}
	c, err := v.Parser.Credential(doc)
	if err != nil {
		return found, &Error{Class: Misconfigured, Code: CodeBadCredential, Detail: err.Error(), Err: err}
	}
	if !c.Serves(v.Name) {
		return found, &Error{Class: Misconfigured, Code: CodeNotForProvider,
			Detail: fmt.Sprintf("credential %q is not for provider %q", c.Name, v.Name),
			Remedy: fmt.Sprintf(`if it may be used there, its owner adds "providers": [%q] to it`, v.Name)}
	}
	if c.ApprovedOnly && !v.Approved {
		return found, &Error{Class: Misconfigured, Code: CodeNotApproved,
			Detail: fmt.Sprintf("credential %q is for approved configs only, and no approved copy of %s is in effect", c.Name, v.Where),
			Remedy: "the owner of the credential looks at it and runs 'tokenkeeper approve " + v.Name + "'"}
	}
	return c, nil
}
