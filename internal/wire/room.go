package wire

import (
	"bytes"
	"context"
	"io"

	"example.com/tokenkeeper/internal/answer"
)

const (
	// rooms is how many answers are unpacked, decoded and searched at a time: that takes a
	// processor and waits for nothing, and a function of 256 MB has a part of one.
	rooms = 1
	// smallAnswer is how much is read of every answer as it comes, in bytes, and largeAnswers how
	// many are read beyond that at a time.
	smallAnswer  = 8 << 10
	largeAnswers = 4
	// mostPacked is how much is read of a body as it comes, in bytes.
	mostPacked = answer.MaxBody + 64<<10
)

// readBody reads the body of an answer into m, which has a room from then on, until Leave.
// The time that it waits for its turn does not count: see [WithTimeout].
func (c *Client) readBody(ctx context.Context, body io.Reader, m *answer.Message) error {
	packed, err := read(nil, body, smallAnswer)
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
	whole := false
	defer func() {
		if !whole { // what unpacks it may also panic
			m.Leave()
		}
	}()
	plain, err := unpack(m.Header, bytes.NewReader(packed))
	switch _, asIs := plain.(*bytes.Reader); {
	case err == nil && asIs:
		m.Body = packed
	case err == nil:
		m.Body, err = read(nil, plain, answer.MaxBody+1)
	}
	if len(m.Body) > answer.MaxBody || len(packed) > mostPacked {
		m.Body, m.Cut, err = nil, true, nil
	}
	whole = err == nil
	return err
}

// read adds to data what comes, up to most bytes in all. Its buffer grows eightfold, which leaves
// a seventh behind; by doubling it would be as much again, and io.ReadAll leaves several times that.
func read(data []byte, from io.Reader, most int) ([]byte, error) {
	for full := true; full && len(data) < most; {
		size := min(max(8*len(data), smallAnswer), most)
		b := bytes.NewBuffer(append(make([]byte, 0, size+bytes.MinRead), data...))
		if _, err := b.ReadFrom(io.LimitReader(from, int64(size-len(data)))); err != nil {
			return b.Bytes(), err
		}
		data = b.Bytes()
		full = len(data) == size
	}
	return data, nil
}
