package wire

import (
	"io"

	"example.com/tokenkeeper/internal/answer"
)

const (
	// rooms is how many answers are in memory at a time, decoded and searched. Of all others no
	// more than smallAnswer bytes were read.
	rooms       = 4
	smallAnswer = 64 << 10
)

// readBody reads the body of an answer into m, which has a room from then on, until Leave. The
// rest of a large body is read once there is room: a small one may wait past its timeout.
func (c *Client) readBody(body io.Reader, m *answer.Message) error {
	begin, err := io.ReadAll(io.LimitReader(body, smallAnswer))
	if err != nil {
		return err
	}
	c.rooms <- struct{}{} // soon: no goroutine waits for anything in one
	m.Leaves(func() { <-c.rooms })
	rest, err := io.ReadAll(io.LimitReader(body, answer.MaxBody+1-int64(len(begin))))
	if err != nil {
		m.Leave()
	}
	m.Body = append(begin, rest...)
	return err
}
