package main

import (
	"example.com/tokenkeeper/internal/tokenendpoint"
)

// parser returns what understands configs and credentials, and asks providers. Commands
// that only look allow loopback: whether it may be asked is for the run to say.
func (c *cli) parser(allowLoopback bool) *tokenendpoint.Parser {
	return c.parserReaching(tokenendpoint.Options{AllowLoopback: allowLoopback})
}

// parserReaching returns a parser whose options say what can be reached.
func (c *cli) parserReaching(o tokenendpoint.Options) *tokenendpoint.Parser {
	o.Now = c.now
	p := tokenendpoint.New(o)
	if c.sleep != nil {
		p.Sleep = c.sleep
	}
	return p
}
