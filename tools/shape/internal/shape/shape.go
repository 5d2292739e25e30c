// Package shape measures how the files of a package depend on each other.
package shape

import (
	"fmt"
	"io"
	"slices"
	"strings"
)

// A Package is one package with the arrows between its files.
type Package struct {
	Path string
	// Files are in the order in which the fewest arrows lead uphill.
	Files  []File
	Arrows []Arrow
}

// A File is one that is not a test.
type File struct {
	Name  string
	Lines int
}

// An Arrow leads from a file to one whose declarations it uses.
type Arrow struct {
	From, To string
	// For is what is used, by name, sorted.
	For []string
}

// Lines returns how many lines the files have.
func (p Package) Lines() (n int) {
	for _, f := range p.Files {
		n += f.Lines
	}
	return n
}

// Uphill returns the arrows that lead to an earlier file.
func (p Package) Uphill() []Arrow {
	at := make(map[string]int, len(p.Files))
	for i, f := range p.Files {
		at[f.Name] = i
	}
	var up []Arrow
	for _, a := range p.Arrows {
		if at[a.To] < at[a.From] {
			up = append(up, a)
		}
	}
	return up
}

// Circle returns the largest set of files that all reach each other. A
// single file is a circle of one.
func (p Package) Circle() []string {
	var largest []string
	for _, c := range circles(p.names(), p.Arrows) {
		if len(c) > len(largest) {
			largest = c
		}
	}
	return largest
}

func (p Package) names() []string {
	names := make([]string, len(p.Files))
	for i, f := range p.Files {
		names[i] = f.Name
	}
	return names
}

// Describe prints the order of files, and what leads uphill.
func (p Package) Describe(w io.Writer) {
	fmt.Fprintf(w, "  order: %s\n", strings.Join(p.names(), " "))
	if c := p.Circle(); len(c) > 1 {
		fmt.Fprintf(w, "  circle: %s\n", strings.Join(c, " "))
	}
	for _, a := range p.Uphill() {
		fmt.Fprintf(w, "  uphill: %s → %s for %s\n", a.From, a.To, strings.Join(a.For, ", "))
	}
}

// circles returns the strongly connected components, so that no arrow leads from a later one
// to an earlier one (Tarjan's algorithm).
func circles(names []string, arrows []Arrow) [][]string {
	to := map[string][]string{}
	for _, a := range arrows {
		to[a.From] = append(to[a.From], a.To)
	}
	var (
		found [][]string
		stack []string
		index = map[string]int{}
		low   = map[string]int{}
		on    = map[string]bool{}
		visit func(name string)
	)
	visit = func(name string) {
		index[name] = len(index) + 1
		low[name] = index[name]
		stack, on[name] = append(stack, name), true
		for _, next := range to[name] {
			if index[next] == 0 {
				visit(next)
				low[name] = min(low[name], low[next])
			} else if on[next] {
				low[name] = min(low[name], index[next])
			}
		}
		if low[name] == index[name] {
			i := slices.Index(stack, name)
			c := slices.Clone(stack[i:])
			for _, n := range c {
				on[n] = false
			}
			slices.Sort(c)
			stack, found = stack[:i], append(found, c)
		}
	}
	for _, name := range names {
		if index[name] == 0 {
			visit(name)
		}
	}
	slices.Reverse(found)
	return found
}
