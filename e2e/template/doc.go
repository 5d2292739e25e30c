// Package template has the tests of template.yaml that need no emulator: the built
// function runs under the role, and its metrics go to the alarms, that the template
// would make.
package template
