package shape

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"go/ast"
	"go/importer"
	"go/parser"
	"go/token"
	"go/types"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
)

// listed is what go list says of a package.
type listed struct {
	ImportPath, Dir, Export string
	GoFiles                 []string
	DepOnly                 bool
}

// Measure loads the packages that match the patterns, as seen from dir.
func Measure(dir string, patterns ...string) ([]Package, error) {
	cmd := exec.Command("go", append([]string{"list", "-export", "-deps", "-json=ImportPath,Dir,Export,GoFiles,DepOnly"}, patterns...)...)
	var stderr bytes.Buffer
	cmd.Dir, cmd.Stderr = dir, &stderr
	out, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("listing packages: %w: %s", err, stderr.Bytes())
	}
	exports := map[string]string{}
	var roots []listed
	for dec := json.NewDecoder(bytes.NewReader(out)); ; {
		var l listed
		if err := dec.Decode(&l); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			return nil, fmt.Errorf("reading the list of packages: %w", err)
		}
		exports[l.ImportPath] = l.Export
		if !l.DepOnly && len(l.GoFiles) > 0 {
			roots = append(roots, l)
		}
	}
	var packages []Package
	for _, l := range roots {
		p, err := measure(l, exports)
		if err != nil {
			return nil, fmt.Errorf("measuring %s: %w", l.ImportPath, err)
		}
		packages = append(packages, p)
	}
	slices.SortFunc(packages, func(a, b Package) int { return bytes.Compare([]byte(a.Path), []byte(b.Path)) })
	return packages, nil
}

func measure(l listed, exports map[string]string) (Package, error) {
	fset := token.NewFileSet()
	p := Package{Path: l.ImportPath}
	var files []*ast.File
	for _, name := range l.GoFiles {
		text, err := os.ReadFile(filepath.Join(l.Dir, name))
		if err != nil {
			return p, err
		}
		f, err := parser.ParseFile(fset, name, text, parser.SkipObjectResolution)
		if err != nil {
			return p, err
		}
		files = append(files, f)
		p.Files = append(p.Files, File{name, bytes.Count(text, []byte("\n"))})
	}
	conf := types.Config{Importer: importer.ForCompiler(fset, "gc", func(path string) (io.ReadCloser, error) {
		return os.Open(exports[path])
	})}
	info := &types.Info{Uses: map[*ast.Ident]types.Object{}}
	pkg, err := conf.Check(l.ImportPath, fset, files, info)
	if err != nil {
		return p, err
	}
	p.Arrows = arrows(fset, pkg, info)
	byName := map[string]File{}
	for _, f := range p.Files {
		byName[f.Name] = f
	}
	for i, name := range order(p.names(), p.Arrows) {
		p.Files[i] = byName[name]
	}
	return p, nil
}

// arrows returns those between the files of a package: what one uses of another is a
// declaration of the package, a method or a field.
func arrows(fset *token.FileSet, pkg *types.Package, info *types.Info) []Arrow {
	found := map[[2]string]map[string]bool{}
	for ident, object := range info.Uses {
		if object.Pkg() != pkg || !reachable(pkg, object) {
			continue
		}
		key := [2]string{fset.Position(ident.Pos()).Filename, fset.Position(object.Pos()).Filename}
		if key[0] == key[1] {
			continue
		}
		if found[key] == nil {
			found[key] = map[string]bool{}
		}
		found[key][object.Name()] = true
	}
	var list []Arrow
	for key, names := range found {
		a := Arrow{From: key[0], To: key[1]}
		for name := range names {
			a.For = append(a.For, name)
		}
		slices.Sort(a.For)
		list = append(list, a)
	}
	slices.SortFunc(list, func(a, b Arrow) int {
		return slices.Compare([]string{a.From, a.To}, []string{b.From, b.To})
	})
	return list
}

// reachable reports whether an object can be used from another file.
func reachable(pkg *types.Package, object types.Object) bool {
	if object.Parent() == pkg.Scope() {
		return true
	}
	switch o := object.(type) {
	case *types.Var:
		return o.IsField()
	case *types.Func:
		return o.Signature().Recv() != nil
	}
	return false
}
