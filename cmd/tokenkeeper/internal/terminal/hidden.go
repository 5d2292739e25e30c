package terminal

import (
	"bytes"
	"errors"
	"fmt"
	"os"

	"golang.org/x/term"
)

// ErrInterrupted says that Ctrl-C was typed in the place of an input.
var ErrInterrupted = errors.New("interrupted")

// ReadHidden reads what is typed or pasted at a terminal, and shows nothing of it. end is
// given all that has come and returns how much of it is the input, or a negative number while
// that has not ended; Ctrl-D ends it too. What has come beyond its end, and after an error all
// that is left, is dropped: a shell would run it.
//
// The terminal is in raw mode meanwhile: by lines, it would cut each off at 4,096 bytes.
func ReadHidden(f *os.File, end func([]byte) (int, error)) (data []byte, err error) {
	fd := int(f.Fd())
	before, err := term.MakeRaw(fd)
	if err != nil {
		return nil, fmt.Errorf("reading from the terminal: %w", err)
	}
	defer func() {
		drain(fd)
		err = errors.Join(err, term.Restore(fd, before))
	}()
	chunk := make([]byte, 4096)
	for {
		n, err := f.Read(chunk)
		if err != nil {
			return nil, fmt.Errorf("reading from the terminal: %w", err)
		}
		for _, c := range chunk[:n] {
			switch c {
			case ctrlC:
				return nil, ErrInterrupted
			case ctrlD:
				return data, nil
			case backspace, '\b':
				data = data[:max(0, len(data)-1)]
				continue
			case '\r':
				c = '\n'
			}
			data = append(data, c)
			if c != '\n' && c != '}' {
				continue // neither a line nor an object ends here
			}
			if at, err := end(data); err != nil || at >= 0 {
				return data[:max(at, 0)], err
			}
		}
	}
}

// What a terminal sends for these keys.
const (
	ctrlC     = 3
	ctrlD     = 4
	backspace = 0x7f
)

// Line ends an input at the end of its first line that is not empty.
func Line(data []byte) (int, error) {
	if at := bytes.IndexByte(data, '\n'); at > 0 {
		return at, nil
	}
	return -1, nil
}

// Object ends an input at the closing brace of a JSON object. What begins as something else
// is an error.
func Object(data []byte) (int, error) {
	depth, quoted := 0, false
	for i := 0; i < len(data); i++ {
		switch c := data[i]; {
		case quoted && c == '\\':
			i++
		case c == '"' && depth > 0:
			quoted = !quoted
		case quoted:
		case c == '{' || c == '[':
			depth++
		case c == '}' || c == ']':
			if depth--; depth <= 0 {
				return i + 1, nil
			}
		case depth == 0 && c != ' ' && c != '\t' && c != '\n':
			return -1, errors.New("what was pasted does not begin with {")
		}
	}
	return -1, nil
}
