package localstore

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"strings"

	"example.com/tokenkeeper/internal/refresh"
	"example.com/tokenkeeper/internal/secret"
)

// document reads a file. Its version is from before that: one that is edited meanwhile
// is seen to have changed the next time.
func (d *Dir) document(name, file string, fi fs.FileInfo) (refresh.Document, error) {
	data, err := d.disk.Read(file)
	return refresh.Document{
		Name:    name,
		Where:   d.path(file),
		Version: revision(fi),
		Edited:  fi.ModTime(),
		Data:    secret.New(string(data)),
	}, err
}

// documents returns what the entries of a folder hold, as read says, without backups.
func (d *Dir) documents(ctx context.Context, folder string, read func(fs.DirEntry) (refresh.Document, error)) ([]refresh.Document, error) {
	entries, err := d.list(folder)
	if err != nil {
		return nil, fmt.Errorf("reading %s: %w", d.path(folder), err)
	}
	var docs []refresh.Document
	for _, e := range entries {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		if backup(e.Name()) {
			continue
		}
		if doc, ok := d.found(e, read); ok {
			docs = append(docs, doc)
		}
	}
	return docs, nil
}

// found returns what an entry holds, as read says, with its Err set where it cannot be a document;
// ok is false where it was removed since it was listed.
func (d *Dir) found(e fs.DirEntry, read func(fs.DirEntry) (refresh.Document, error)) (doc refresh.Document, ok bool) {
	doc, err := read(e)
	if errors.Is(err, fs.ErrNotExist) && e.Type()&fs.ModeSymlink == 0 {
		return doc, false
	}
	if err != nil {
		doc.Err = refresh.Problems{d.problem(doc.Where, err)}
	}
	return doc, true
}

// revision is the version of a document: a digest of what the system says of its file.
// The content stays out of it, since a version is stored and shown where the content must
// not be, and 32 bits of a digest are enough to test guesses of a password with. The mode
// and the owner are part of it, so that a refused credential is tried again once chmod
// has been run. An edit that changes neither the length nor the time of the file is not
// seen.
func revision(fi fs.FileInfo) string {
	uid, _ := owner(fi)
	sum := sha256.Sum256(fmt.Appendf(nil, "%d %d %o %d", fi.Size(), fi.ModTime().UnixNano(), fi.Mode(), uid))
	return hex.EncodeToString(sum[:4])
}

// backup reports whether a file is surely not meant as a config: hidden, or what an
// editor leaves beside the file that it edits.
func backup(name string) bool {
	if strings.HasPrefix(name, ".") || strings.HasPrefix(name, "#") && strings.HasSuffix(name, "#") {
		return true
	}
	for _, suffix := range []string{"~", ".bak", ".orig", ".swp", ".tmp"} {
		if strings.HasSuffix(name, suffix) {
			return true
		}
	}
	return false
}
