package main

import (
	"example.com/tokenkeeper/internal/tokenendpoint"
)

// parser returns what understands configs and credentials, and asks providers. Commands
// that only look allow loopback: whether it may be asked is for the run to say.
func (c *cli) parser(allowLoopback bool) *tokenendpoint.Parser {
	return tokenendpoint.New(tokenendpoint.Options{AllowLoopback: allowLoopback, Now: c.now, Sleep: c.sleep})
}
