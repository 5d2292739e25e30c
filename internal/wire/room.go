package wire

import (
	"bytes"
	"context"
	"io"

	"example.com/tokenkeeper/internal/answer"
)

const (
	// rooms is how many answers are unpacked, decoded and searched at a time. What is done
	// there takes a processor and waits for nothing, so more would not be faster.
	rooms = 2
	// smallAnswer is how much is read of every answer as it comes, in bytes, and largeAnswers is
	// how many are read beyond that at a time; some may come slowly.
	smallAnswer  = 8 << 10
	largeAnswers = 4
	// mostPacked is how much is read of a body, packed as it comes: a little more than what may
	// be left of it.
	mostPacked = answer.MaxBody + 64<<10
)

// readBody reads the body of an answer into m, which has a room from then on, until Leave.
// The time that it waits for its turn does not count: see [WithTimeout].
func (c *Client) readBody(ctx context.Context, body io.Reader, m *answer.Message) error {
	packed, err := read(make([]byte, 0, smallAnswer+bytes.MinRead), body, smallAnswer)
	if err == nil && len(packed) == smallAnswer {
		wait(ctx, func() {
			select {
			case c.large <- struct{}{}:
			case <-ctx.Done():
				err = ctx.Err()
			}
		})
		if err != nil {
			return err
		}
		defer func() { <-c.large }() // once it has a room, or none
		packed, err = read(packed, body, mostPacked+1)
	}
	if err != nil {
		return err
	}
	wait(ctx, func() { m.Enter(c.rooms) })
	plain, err := unpack(m.Header, bytes.NewReader(packed))
	switch _, asIs := plain.(*bytes.Reader); {
	case err == nil && asIs:
		m.Body = packed
	case err == nil:
		m.Body, err = read(nil, plain, answer.MaxBody+1)
	}
	switch {
	case len(m.Body) > answer.MaxBody || len(packed) > mostPacked:
		m.Body, m.Cut, err = nil, true, nil
	case err != nil:
		m.Leave()
	}
	return err
}

// read adds to data what comes, up to most bytes in all. It leaves less behind than io.ReadAll.
func read(data []byte, from io.Reader, most int64) ([]byte, error) {
	b := bytes.NewBuffer(data)
	_, err := b.ReadFrom(io.LimitReader(from, most-int64(len(data))))
	return b.Bytes(), err
}
