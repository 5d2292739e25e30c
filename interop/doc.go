// Package interop logs in to authorization servers that others have written: fosite of Ory,
// in this process, and oidc-provider, which is certified by the OpenID Foundation, as a
// process of Node. docs/interop.md has the table of what was tried.
//
// It is a module of its own, since fosite has many dependencies; "tools/test interop"
// installs oidc-provider from its lock file and runs it.
package interop
