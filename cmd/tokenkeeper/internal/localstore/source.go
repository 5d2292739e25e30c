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

// Configs implements [refresh.Source], on one page. A folder without files is no configs; a folder
// providers/ that is missing is an error, and a folder approved/ is not.
func (d *Dir) Configs(ctx context.Context, _ string) (_ []refresh.Document, next string, _ error) {
	copies, err := d.copies(ctx)
	if err != nil {
		return nil, "", err
	}
	configs, err := d.configs(ctx)
	return append(configs, copies...), "", err
}

func (d *Dir) configs(ctx context.Context) ([]refresh.Document, error) {
	docs, err := d.documents(ctx, providers, d.config)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("there is no folder %s; make it, and put in one file NAME.json for each provider", d.path(providers))
	}
	return docs, err
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

// Credential returns a credential. A file that others can read, or that another
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

// CredentialVersions implements [refresh.Source].
func (d *Dir) CredentialVersions(ctx context.Context, names []string) []refresh.CredentialVersion {
	versions := make([]refresh.CredentialVersion, len(names))
	for i, name := range names {
		versions[i].Version, versions[i].Err = d.CredentialVersion(ctx, name)
	}
	return versions
}

// CredentialVersion returns the version that Credential would, without reading.
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
