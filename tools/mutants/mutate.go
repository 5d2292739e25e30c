package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"go/ast"
	"go/constant"
	"go/importer"
	"go/parser"
	"go/token"
	"go/types"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
)

// A site is one place that can be changed in one way.
type site struct {
	id   int
	file string // below the repository, with slashes
	line int
	in   string // the function
	kind string // condition, edge, logic, arithmetic, statement, return, less, more
	code string // the original, on one line
}

// key names a site in equivalent.txt, across edits elsewhere in its package.
func (s site) key() string { return s.file + ": " + s.in + ": " + s.kind + ": " + s.code }

func (s site) String() string {
	return fmt.Sprintf("%s:%d: %s: %s: %s", s.file, s.line, s.in, s.kind, s.code)
}

// An edit inserts or replaces text; of edits at one offset those that come first in order are
// written first.
type edit struct {
	at, end int
	text    string
	depth   int // outer nodes open first and close last
}

// A source is one file with its sites.
type source struct {
	path  string // absolute
	name  string // below the repository
	text  []byte
	file  *ast.File
	sites []site
	edits map[int][]edit // by site
}

const runtimePackage = "example.com/tokenkeeper/tools/mutants/mutant"

// load reads the package at the path and finds every site in it.
func load(root, path string) ([]*source, error) {
	cmd := exec.Command("go", "list", "-export", "-deps", "-json=ImportPath,Dir,Export,GoFiles,DepOnly", path)
	cmd.Dir = root
	out, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("listing %s: %w", path, err)
	}
	type listed struct {
		ImportPath, Dir, Export string
		GoFiles                 []string
		DepOnly                 bool
	}
	exports := map[string]string{}
	var target listed
	for dec := json.NewDecoder(bytes.NewReader(out)); ; {
		var l listed
		if err := dec.Decode(&l); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			return nil, err
		}
		exports[l.ImportPath] = l.Export
		if !l.DepOnly {
			target = l
		}
	}
	fset := token.NewFileSet()
	var files []*ast.File
	var sources []*source
	for _, name := range target.GoFiles {
		s := &source{path: filepath.Join(target.Dir, name), edits: map[int][]edit{}}
		rel, err := filepath.Rel(root, s.path)
		if err != nil {
			return nil, err
		}
		s.name = filepath.ToSlash(rel)
		if s.text, err = os.ReadFile(s.path); err != nil {
			return nil, err
		}
		if s.file, err = parser.ParseFile(fset, s.path, s.text, parser.SkipObjectResolution); err != nil {
			return nil, err
		}
		files, sources = append(files, s.file), append(sources, s)
	}
	info := &types.Info{Types: map[ast.Expr]types.TypeAndValue{}}
	conf := types.Config{Importer: importer.ForCompiler(fset, "gc", func(path string) (io.ReadCloser, error) { return os.Open(exports[path]) })}
	if _, err := conf.Check(target.ImportPath, fset, files, info); err != nil {
		return nil, err
	}
	last := 0
	for _, s := range sources {
		m := &mutator{source: s, fset: fset, info: info, last: &last, depth: 1}
		for _, d := range s.file.Decls {
			// Tests run main as a program, which they build without mutants.
			if f, ok := d.(*ast.FuncDecl); ok && f.Body != nil && f.Name.Name != "main" {
				m.in = f.Name.Name
				m.function(f.Type, f.Body)
			}
		}
	}
	return sources, nil
}

// A mutator walks through one file.
type mutator struct {
	*source
	fset  *token.FileSet
	info  *types.Info
	last  *int   // the number of the last site
	in    string // the function
	depth int

	zeroResults string // of the function, or of the literal within it
}

func (m *mutator) offset(p token.Pos) int { return m.fset.Position(p).Offset }

func (m *mutator) code(n ast.Node) string {
	return strings.Join(strings.Fields(string(m.text[m.offset(n.Pos()):m.offset(n.End())])), " ")
}

// add makes a site of n: before and after are written around it, with its number for §.
func (m *mutator) add(n ast.Node, kind, before, after string, more ...edit) {
	*m.last++
	id := *m.last
	number := func(s string) string { return strings.ReplaceAll(s, "§", fmt.Sprint(id)) }
	m.sites = append(m.sites, site{id, m.name, m.fset.Position(n.Pos()).Line, m.in, kind, m.code(n)})
	m.edits[id] = append(more,
		edit{m.offset(n.Pos()), m.offset(n.Pos()), number(before), m.depth},
		edit{m.offset(n.End()), m.offset(n.End()), number(after), -m.depth})
	m.depth++
}

// function finds the sites in a function of that type.
func (m *mutator) function(of *ast.FuncType, body *ast.BlockStmt) {
	outer := m.zeroResults
	m.zeroResults = m.zeros(of)
	m.inspect(body)
	m.zeroResults = outer
}

// inspect finds the sites in n.
func (m *mutator) inspect(n ast.Node) {
	ast.Inspect(n, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.FuncLit:
			m.function(n.Type, n.Body)
			return false
		case *ast.GenDecl:
			return n.Tok == token.VAR
		case *ast.IfStmt:
			m.condition(n.Cond)
		case *ast.BlockStmt:
			m.statements(n.List)
		case *ast.CaseClause:
			m.statements(n.Body)
		case *ast.CommClause:
			m.statements(n.Body)
		case *ast.ReturnStmt:
			return m.returned(n)
		case ast.Expr:
			return m.expression(n)
		}
		return true
	})
}

// zeros returns what a function returns that returns nothing but zeros.
func (m *mutator) zeros(of *ast.FuncType) string {
	if of.Results == nil {
		return ""
	}
	var list []string
	for _, f := range of.Results.List {
		for range max(1, len(f.Names)) {
			list = append(list, "*new("+string(m.text[m.offset(f.Type.Pos()):m.offset(f.Type.End())])+")")
		}
	}
	return strings.Join(list, ", ")
}

func (m *mutator) statements(list []ast.Stmt) {
	for _, s := range list {
		switch s := s.(type) {
		case *ast.ExprStmt:
			m.add(s, "statement", "if !mutant.On(§) { ", " }")
		case *ast.IncDecStmt:
			m.add(s, "statement", "if !mutant.On(§) { ", " }")
		case *ast.AssignStmt:
			if s.Tok != token.DEFINE {
				m.add(s, "statement", "if !mutant.On(§) { ", " }")
			}
		case *ast.ReturnStmt:
			if len(s.Results) > 0 && slices.ContainsFunc(s.Results, m.mayDiffer) {
				m.add(s, "return", "if mutant.On(§) { return "+m.zeroResults+" }; ", "")
			}
		}
	}
}

// returned finds the sites in what is returned, and passes over zeros beside other results: a
// zero beside an error is not read.
func (m *mutator) returned(s *ast.ReturnStmt) bool {
	for _, r := range s.Results {
		if len(s.Results) == 1 || m.mayDiffer(r) {
			m.inspect(r)
		}
	}
	return false
}

// mayDiffer reports whether an expression may be something else than the zero of its type.
func (m *mutator) mayDiffer(n ast.Expr) bool {
	t := m.info.Types[n]
	switch {
	case t.IsNil():
		return false
	case t.Value == nil:
		c, literal := n.(*ast.CompositeLit)
		return !literal || len(c.Elts) > 0
	}
	switch t.Value.Kind() {
	case constant.Bool:
		return constant.BoolVal(t.Value)
	case constant.String:
		return constant.StringVal(t.Value) != ""
	}
	return constant.Sign(t.Value) != 0
}

// condition makes a site of what is true or false without being computed by an operator.
func (m *mutator) condition(n ast.Expr) {
	if _, binary := ast.Unparen(n).(*ast.BinaryExpr); !binary && m.info.Types[n].Value == nil {
		m.add(n, "condition", "mutant.Not(§, ", ")")
	}
}

// expression finds the sites that n itself is, and reports whether to look inside it.
func (m *mutator) expression(n ast.Expr) bool {
	if call, ok := n.(*ast.CallExpr); ok && strings.HasPrefix(m.code(call.Fun), "strconv.") {
		m.inspect(call.Args[0]) // bases and sizes are not ours
		return false
	}
	t, ok := m.info.Types[n]
	if !ok || t.IsType() || t.Type == nil {
		return true
	}
	if t.Value != nil {
		m.constant(n, t)
		return false
	}
	basic, _ := t.Type.Underlying().(*types.Basic)
	if basic == nil {
		return true
	}
	b, binary := n.(*ast.BinaryExpr)
	switch {
	case basic.Info()&types.IsBoolean != 0 && binary:
		m.add(n, "condition", "mutant.Not(§, ", ")")
		x, y := m.code(b.X), m.code(b.Y)
		switch b.Op {
		case token.LSS, token.LEQ, token.GTR, token.GEQ:
			m.add(n, "edge", "mutant.Edge(§, ", ", func() bool { return "+x+" == "+y+" })")
		case token.LAND:
			m.add(n, "logic", "mutant.Other(§, ", ", func() bool { return ("+x+") || ("+y+") })")
			m.condition(b.X)
			m.condition(b.Y)
		case token.LOR:
			m.add(n, "logic", "mutant.Other(§, ", ", func() bool { return ("+x+") && ("+y+") })")
			m.condition(b.X)
			m.condition(b.Y)
		}
	case basic.Info()&types.IsNumeric != 0 && binary:
		f := map[token.Token]string{token.ADD: "Add", token.SUB: "Sub", token.MUL: "Mul", token.QUO: "Quo"}[b.Op]
		if f != "" {
			at := m.offset(b.OpPos)
			m.add(n, "arithmetic", "mutant."+f+"(§, ", ")", edit{at, at + len(b.Op.String()), ",", 0})
		}
	}
	return true
}

// constant makes two sites of a number, unless it is one that nothing depends on.
func (m *mutator) constant(n ast.Expr, t types.TypeAndValue) {
	basic, _ := t.Type.Underlying().(*types.Basic)
	if basic == nil || basic.Info()&types.IsInteger == 0 || basic.Info()&types.IsUntyped != 0 || t.Value.Kind() != constant.Int {
		return
	}
	name := types.TypeString(t.Type, func(p *types.Package) string { return p.Name() })
	if pkg, _, qualified := strings.Cut(name, "."); qualified && !slices.ContainsFunc(m.file.Imports, func(i *ast.ImportSpec) bool {
		return i.Name == nil && filepath.Base(strings.Trim(i.Path.Value, `"`)) == pkg
	}) {
		if pkg != m.file.Name.Name {
			return
		}
		_, name, _ = strings.Cut(name, ".")
	}
	m.add(n, "less", "mutant.Less["+name+"](§, ", ")")
	m.add(n, "more", "mutant.More["+name+"](§, ", ")")
}

// mutated returns the text of a file with all of its sites but those that are left out.
func (s *source) mutated(out map[int]bool) []byte {
	var edits []edit
	for _, site := range s.sites {
		if !out[site.id] {
			edits = append(edits, s.edits[site.id]...)
		}
	}
	if len(edits) == 0 {
		return s.text
	}
	at := int(s.file.Name.End() - s.file.FileStart)
	edits = append(edits, edit{at, at, fmt.Sprintf("; import %q", runtimePackage), 0})
	// At one offset what closes comes before what opens; what opened last closes first.
	slices.SortStableFunc(edits, func(a, b edit) int {
		switch {
		case a.at != b.at:
			return a.at - b.at
		case (a.depth < 0) != (b.depth < 0):
			if a.depth < 0 {
				return -1
			}
			return 1
		}
		return a.depth - b.depth
	})
	var b bytes.Buffer
	last := 0
	for _, e := range edits {
		b.Write(s.text[last:e.at])
		b.WriteString(e.text)
		last = e.end
	}
	b.Write(s.text[last:])
	return b.Bytes()
}
