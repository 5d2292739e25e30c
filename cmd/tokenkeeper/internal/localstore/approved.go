package localstore

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"strings"

	"example.com/tokenkeeper/internal/refresh"
)

// approved has a folder for each credential, and in it PROVIDER.json for each config that
// the credential's owner approved.
const approved = "approved"

// copies returns every approved copy, or an error. One that others can change is not approved:
// it has its Err set, and so its provider fails.
func (d *Dir) copies(ctx context.Context) ([]refresh.Document, error) {
	entries, err := d.list(approved)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("reading %s: %w", d.path(approved), err)
	}
	var docs []refresh.Document
	for _, e := range entries {
		folder := path.Join(approved, e.Name())
		switch {
		case backup(e.Name()):
			continue
		case !e.IsDir():
			docs = append(docs, refresh.Document{Name: folder, Where: d.path(folder), Err: refresh.Problems{d.problem(d.path(folder), errNoCopy)}})
			continue
		}
		copies, err := d.documents(ctx, folder, func(f fs.DirEntry) (refresh.Document, error) { return d.copy(e.Name(), f) })
		if err != nil && !errors.Is(err, fs.ErrNotExist) { // else it was removed since it was listed
			return nil, err
		}
		docs = append(docs, copies...)
	}
	return docs, nil
}

// copy returns the approved copy that an entry of a credential's folder is. What is none
// has a name with a slash, as in [Dir.config].
func (d *Dir) copy(credential string, e fs.DirEntry) (refresh.Document, error) {
	file := path.Join(approved, credential, e.Name())
	name, isJSON := strings.CutSuffix(e.Name(), ".json")
	if !isJSON {
		return refresh.Document{Name: file, Where: d.path(file)}, errNoCopy
	}
	doc := refresh.Document{Name: name, Where: d.path(file), Approver: credential}
	if e.IsDir() {
		return doc, errNoCopy
	}
	var fi fs.FileInfo
	for _, part := range []string{approved, path.Join(approved, credential), file} {
		var err error
		fi, err = d.root.Lstat(part)
		if err == nil {
			err = d.checkOwned(fi, d.path(part))
		}
		if err != nil {
			return doc, err
		}
	}
	read, err := d.document(name, file, fi)
	read.Approver = credential
	return read, err
}

// checkOwned refuses what another user could change, or has made, where only the owner of
// the folder may write.
func (d *Dir) checkOwned(fi fs.FileInfo, where string) error {
	if fi.Mode()&fs.ModeSymlink != 0 {
		return remedied{fmt.Errorf("%s is a symbolic link, and what it leads to was not approved", where), "put the file itself there"}
	}
	if uid, ok := owner(fi); ok && uid != d.uid {
		return remedied{
			fmt.Errorf("%s belongs to the user with id %d, and this runs as %d", where, uid, d.uid),
			fmt.Sprintf("run as that user, or look at what it says and then: chown %d %s", d.uid, ShellWord(where)),
		}
	}
	if permissions(fi)&0o022 != 0 {
		return remedied{
			fmt.Errorf("others can change %s (mode %04o), so it is not taken for approved", where, permissions(fi)),
			"look at what it says, and then: chmod go-w " + ShellWord(where),
		}
	}
	return nil
}
