package localstore

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"strings"

	"example.com/tokenkeeper/internal/refresh"
	"example.com/tokenkeeper/internal/secret"
)

// Configs implements [refresh.Source]. A folder without files is no configs; a folder
// providers/ that is missing is an error, and a folder approved/ is not.
func (d *Dir) Configs(ctx context.Context) ([]refresh.Document, error) {
	entries, err := d.list(providers)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("there is no folder %s; make it, and put in one file NAME.json for each provider", d.path(providers))
	}
	if err != nil {
		return nil, fmt.Errorf("reading %s: %w", d.path(providers), err)
	}
	docs := make([]refresh.Document, 0, len(entries))
	for _, e := range entries {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		if backup(e.Name()) {
			continue
		}
		doc, err := d.config(e)
		if errors.Is(err, fs.ErrNotExist) && e.Type()&fs.ModeSymlink == 0 {
			continue // removed since it was listed
		}
		if err != nil {
			doc.Err = refresh.Problems{d.problem(doc.Where, err)}
		}
		docs = append(docs, doc)
	}
	copies, err := d.copies(ctx)
	if err != nil {
		return nil, err
	}
	return append(docs, copies...), nil
}

// config returns what an entry of the folder holds, with a name also where there is an
// error. What is no file NAME.json has one with a slash, so that it is not taken for the
// provider NAME, which may be there as well.
func (d *Dir) config(e fs.DirEntry) (refresh.Document, error) {
	file := path.Join(providers, e.Name())
	name, isJSON := strings.CutSuffix(e.Name(), ".json")
	switch {
	case e.IsDir():
		return refresh.Document{Name: file, Where: d.path(file)}, errFolder
	case !isJSON:
		return refresh.Document{Name: file, Where: d.path(file)}, errNotJSON
	}
	fi, err := d.root.Stat(file)
	if err != nil {
		return refresh.Document{Name: name, Where: d.path(file)}, err
	}
	return d.document(name, file, fi)
}

// Credential implements [refresh.Source]. A file that others can read, or that another
// user owns, is refused before it is read: what is in it is not secret, or not ours.
func (d *Dir) Credential(ctx context.Context, name string) (refresh.Document, error) {
	file, fi, err := d.credential(ctx, name)
	if err != nil {
		return refresh.Document{}, err
	}
	doc := refresh.Document{Name: name, Where: d.path(file), Version: revision(fi)}
	err = d.checkPrivate(fi, doc.Where)
	if err == nil {
		doc, err = d.document(name, file, fi)
	}
	if err != nil {
		doc.Err = d.badCredential(doc.Where, err)
	}
	return doc, nil
}

// CredentialVersion implements [refresh.Source].
func (d *Dir) CredentialVersion(ctx context.Context, name string) (string, error) {
	_, fi, err := d.credential(ctx, name)
	if err != nil {
		return "", err
	}
	return revision(fi), nil
}

// credential finds a credential's file.
func (d *Dir) credential(ctx context.Context, name string) (string, fs.FileInfo, error) {
	if err := ctx.Err(); err != nil {
		return "", nil, err
	}
	if err := refresh.CheckName(name); err != nil {
		return "", nil, fmt.Errorf("%w: %w", refresh.ErrNotFound, err)
	}
	file := path.Join(credentials, name+".json")
	if _, err := d.root.Lstat(file); errors.Is(err, fs.ErrNotExist) {
		return "", nil, fmt.Errorf("%s: %w", d.path(file), refresh.ErrNotFound)
	}
	fi, err := d.root.Stat(file)
	if err != nil {
		return "", nil, d.badCredential(d.path(file), err)
	}
	return file, fi, nil
}

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
