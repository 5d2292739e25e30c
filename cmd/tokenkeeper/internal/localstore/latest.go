package localstore

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path"

	"example.com/tokenkeeper/internal/refresh"
)

// Latest implements [refresh.Source].
func (d *Dir) Latest(ctx context.Context, wanted []refresh.Wanted) []refresh.Reading {
	readings := make([]refresh.Reading, len(wanted))
	for i, w := range wanted {
		r := &readings[i]
		r.Configs, r.Credential, r.Err = d.latest(ctx, w.Provider, w.Credential)
	}
	return readings
}

func (d *Dir) latest(ctx context.Context, provider, credential string) ([]refresh.Document, refresh.Document, error) {
	var docs []refresh.Document
	add := func(file string, read func(fs.DirEntry) (refresh.Document, error)) error {
		fi, err := d.root.Lstat(file)
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("reading %s: %w", d.path(file), err)
		}
		if doc, ok := d.found(fs.FileInfoToDirEntry(fi), read); ok {
			docs = append(docs, doc)
		}
		return nil
	}
	if err := add(path.Join(providers, provider+".json"), d.config); err != nil {
		return nil, refresh.Document{}, err
	}
	approvers := []string{provider}
	if credential != provider && refresh.CheckName(credential) == nil {
		approvers = append(approvers, credential)
	}
	for _, approver := range approvers {
		read := func(e fs.DirEntry) (refresh.Document, error) { return d.copy(approver, e) }
		if err := add(path.Join(approved, approver, provider+".json"), read); err != nil {
			return nil, refresh.Document{}, err
		}
	}
	c, err := d.Credential(ctx, credential)
	return docs, c, err
}
