package reader

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
)

// maxRecord is the largest value that Secrets Manager stores, in bytes.
const maxRecord = 65536

// A Source answers with the current record, whole, as tokenkeeper wrote it.
//
// It is called by one goroutine at a time and must return when ctx ends. It
// makes one attempt: retries that the AWS SDK does by itself are welcome,
// others are the Reader's business. It caches nothing, or a token that was just
// replaced stays hidden. The Reader keeps no reference to the bytes.
type Source interface {
	Record(ctx context.Context) ([]byte, error)
}

// SourceFunc is a function as a Source.
type SourceFunc func(ctx context.Context) ([]byte, error)

// Record calls f.
func (f SourceFunc) Record(ctx context.Context) ([]byte, error) { return f(ctx) }

// File is the Source of a store without AWS: path is DIR/tokens/NAME.json.
// The store replaces the file by renaming, so a look finds one record or the
// other, never half of one.
func File(path string) Source { return file(path) }

type file string

func (f file) Record(ctx context.Context) ([]byte, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	opened, err := os.Open(string(f))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("%w: either the provider has no token yet (tokenkeeper status --dir DIR) or the path is not DIR/tokens/NAME.json", err)
	}
	if err != nil {
		return nil, err
	}
	defer opened.Close()
	data, err := io.ReadAll(io.LimitReader(opened, maxRecord+1))
	if err != nil {
		return nil, err
	}
	if len(data) > maxRecord {
		return nil, fmt.Errorf("%s is over %d bytes: it is not a record", string(f), maxRecord)
	}
	return data, nil
}
