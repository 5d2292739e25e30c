// Command shape measures how the files of each package hang together:
//
//	go run ./tools/shape [-v] [package pattern ...]
//
// An arrow leads from one file to another of its package whose declarations it uses. Files
// are ordered so that the fewest arrows lead uphill, from a file to one before it. The largest
// circle is the largest set of files that all reach each other. Tests are
// left out. With -v, the order and the uphill arrows are printed as well.
package main

import (
	"flag"
	"fmt"
	"os"

	"example.com/tokenkeeper/tools/shape/internal/shape"
)

func main() {
	verbose := flag.Bool("v", false, "print the order of files and the arrows that lead uphill")
	flag.Parse()
	patterns := flag.Args()
	if len(patterns) == 0 {
		patterns = []string{"./internal/...", "./cmd/..."}
	}
	packages, err := shape.Measure(".", patterns...)
	if err != nil {
		fmt.Fprintln(os.Stderr, "shape:", err)
		os.Exit(1)
	}
	fmt.Printf("%-44s %5s %6s %6s %6s %6s\n", "package", "files", "lines", "arrows", "uphill", "circle")
	for _, p := range packages {
		fmt.Printf("%-44s %5d %6d %6d %6d %6d\n", p.Path, len(p.Files), p.Lines(), len(p.Arrows), len(p.Uphill()), len(p.Circle()))
		if *verbose {
			p.Describe(os.Stdout)
		}
	}
}
