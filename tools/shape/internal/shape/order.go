package shape

import "slices"

// largestExact is how many files of one circle are ordered by trying all orders. Larger
// circles are ordered by moving one file at a time.
const largestExact = 15

// order returns names so that the fewest arrows lead uphill. Between circles none does, so
// each circle is ordered by itself.
func order(names []string, arrows []Arrow) []string {
	var ordered []string
	for _, circle := range circles(names, arrows) {
		g := newGraph(circle, arrows)
		best := g.descend()
		if len(circle) <= largestExact {
			best = g.exact()
		}
		for _, i := range best {
			ordered = append(ordered, circle[i])
		}
	}
	return ordered
}

// A graph says of each pair of files whether an arrow leads from one to the other.
type graph [][]bool

func newGraph(names []string, arrows []Arrow) graph {
	g := make(graph, len(names))
	for i := range g {
		g[i] = make([]bool, len(names))
	}
	for _, a := range arrows {
		from, to := slices.Index(names, a.From), slices.Index(names, a.To)
		if from >= 0 && to >= 0 {
			g[from][to] = true
		}
	}
	return g
}

// exact finds a best order: of each set of files, how few arrows lead uphill if these come
// first, in their best order.
func (g graph) exact() []int {
	n := len(g)
	cost, last := make([]int, 1<<n), make([]int, 1<<n)
	for set := 1; set < 1<<n; set++ {
		cost[set] = n * n
		for i := range n {
			if set&(1<<i) == 0 {
				continue
			}
			before := set &^ (1 << i)
			c := cost[before]
			for j := range n {
				if before&(1<<j) != 0 && g[i][j] {
					c++
				}
			}
			if c < cost[set] {
				cost[set], last[set] = c, i
			}
		}
	}
	ordered := make([]int, n)
	for set, k := 1<<n-1, n-1; set != 0; k-- {
		ordered[k] = last[set]
		set &^= 1 << last[set]
	}
	return ordered
}

// descend moves one file at a time to where the fewest arrows lead uphill, until no move
// helps. The order it finds is a good one, and not always the best.
func (g graph) descend() []int {
	ordered := make([]int, len(g))
	for i := range ordered {
		ordered[i] = i
	}
	for moved := true; moved; {
		moved = false
		for i := range g {
			at := slices.Index(ordered, i)
			rest := slices.Delete(slices.Clone(ordered), at, at+1)
			best, to, now := 0, at, 0
			for j, gain := 0, 0; j <= len(rest); j++ { // gain: against being first
				if j == at {
					now = gain
				}
				if gain < best {
					best, to = gain, j
				}
				if j == len(rest) {
					break
				}
				if g[i][rest[j]] {
					gain++
				}
				if g[rest[j]][i] {
					gain--
				}
			}
			if best < now && to != at {
				ordered, moved = slices.Insert(rest, to, i), true
			}
		}
	}
	return ordered
}
