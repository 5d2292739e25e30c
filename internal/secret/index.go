package secret

import (
	"slices"
	"strings"
)

// keySize is how many bytes of a needle lead to it.
const keySize = 8

// An index finds all needles in a text at once, by the first bytes of each.
type index struct {
	public []string
	// run is the size of the parts of secrets that are looked for, and harmless are those that
	// are no secret.
	run      int
	harmless map[string]bool

	needles []string
	entries []entry
	// first leads from the first keySize bytes of needles, fewer of short ones, to the last
	// entry that has them.
	first map[uint64]int32
	// starts, pairs and triples are what entries begin with, by one to three bytes, filter has a bit for
	// the first leastForm bytes of each, and keys one for each key, so that most of a text is
	// passed over without looking further: in a large map that takes long.
	starts       [256]bool
	pairs        [1024]uint64
	triples      [4096]uint64
	filter, keys bits
	// short are the lengths below keySize that needles have, a bit each.
	short uint
}

// An entry is a part of a needle that is looked for.
type entry struct {
	value        int32 // whose it is
	needle       int32
	offset, size int32
	next         int32 // the entry before it with the same key, or -1
}

func newIndex(public, harmless []string, run int) *index {
	x := &index{public: public, run: run, harmless: map[string]bool{}, first: map[uint64]int32{}}
	for _, text := range harmless {
		for i := 0; i+run <= len(text); i++ {
			x.harmless[text[i:i+run]] = true
		}
	}
	return x
}

// add has needle looked for as a whole, unless it lies within a public value.
func (x *index) add(value int, needle string) {
	if !within(x.public, needle) {
		x.needles = append(x.needles, needle)
		x.enter(value, 0, len(needle))
	}
}

// addRuns has all parts of needle of run bytes looked for that are not within what is
// harmless.
func (x *index) addRuns(value int, needle string) {
	x.needles = append(x.needles, needle)
	for i := 0; i+x.run <= len(needle); i++ {
		if !x.harmless[needle[i:i+x.run]] {
			x.enter(value, i, x.run)
		}
	}
}

func within(list []string, part string) bool {
	return slices.ContainsFunc(list, func(h string) bool { return strings.Contains(h, part) })
}

func (x *index) enter(value, offset, size int) {
	needle := x.needles[len(x.needles)-1][offset : offset+size]
	k := key(needle)
	e := entry{int32(value), int32(len(x.needles) - 1), int32(offset), int32(size), -1}
	if before, ok := x.first[k]; ok {
		for i := before; i >= 0; i = x.entries[i].next {
			if known := x.entries[i]; int(known.value) == value && x.text(known) == needle {
				return
			}
		}
		e.next = before
	}
	if size < keySize {
		x.short |= 1 << size
	}
	x.first[k] = int32(len(x.entries))
	x.entries = append(x.entries, e)
}

func (x *index) text(e entry) string {
	return x.needles[e.needle][e.offset : e.offset+e.size]
}

// seal prepares the index for searching.
func (x *index) seal() {
	size := 1 << 6
	for size < 16*len(x.entries) && size < 1<<25 {
		size *= 2
	}
	x.filter, x.keys = make(bits, size/64), make(bits, size/64)
	for k := range x.first {
		x.starts[k>>56] = true
		x.pairs[k>>54] |= 1 << (k >> 48 % 64)
		t := triple(k)
		x.triples[t/64] |= 1 << (t % 64)
		x.filter.add(k >> 32)
		x.keys.add(k)
	}
}

// triple makes 18 bits of the first three bytes of a key.
func triple(key uint64) uint64 {
	return key>>56&63 | key>>48&63<<6 | key>>40&63<<12
}

// bits are a set of numbers that may seem to have some that it has not.
type bits []uint64

func (b bits) add(n uint64) {
	bit := b.of(n)
	b[bit/64] |= 1 << (bit % 64)
}

func (b bits) has(n uint64) bool {
	bit := b.of(n)
	return b[bit/64]&(1<<(bit%64)) != 0
}

func (b bits) of(n uint64) uint64 {
	return n * 0x9e3779b97f4a7c15 >> 32 & uint64(len(b)*64-1)
}

// key returns the first bytes of needle as a number.
func key(needle string) (k uint64) {
	for i := range min(len(needle), keySize) {
		k |= uint64(needle[i]) << (56 - 8*i)
	}
	return k
}

// search calls found with each needle's value, and where it begins and ends in the text of
// r, until found returns false. It returns false if the text is beyond the bounds.
func (x *index) search(r *reading, found func(value, from, to int) bool) bool {
	if len(x.entries) == 0 {
		return true
	}
	s := search{index: x, reading: r, found: found}
	for i := 0; i < len(r.text) && !s.done; i++ {
		s.from = i
		if folded[r.text[i]] != 0 || len(r.at(i)) > 0 {
			s.walk(i, 0, 0)
		}
		if r.steps < 0 {
			return false
		}
	}
	return true
}

// A search looks for needles that begin at one byte of a text after the other.
type search struct {
	*index
	*reading
	found func(value, from, to int) bool
	from  int
	done  bool
}

// walk reads on at byte i, where n bytes of a key have been read.
func (s *search) walk(i, n int, key uint64) {
	for n < keySize && i < len(s.reading.text) {
		if s.steps--; s.steps < 0 || s.done {
			return
		}
		for _, e := range s.at(i) {
			if n, key, more := s.take(n, key, e.text[:e.n]); more {
				s.walk(int(e.to), n, key)
			}
		}
		more := false
		if n, key, more = s.step(n, key, s.reading.text[i]); !more {
			return
		}
		i++
	}
}

// take adds text to a key, and reports whether a needle may begin like that and has not been
// looked up yet.
func (s *search) take(n int, key uint64, text []byte) (int, uint64, bool) {
	more := true
	for i := 0; i < len(text) && more; i++ {
		n, key, more = s.step(n, key, text[i])
	}
	return n, key, more
}

// step does so with one byte.
func (s *search) step(n int, key uint64, c byte) (int, uint64, bool) {
	if c = folded[c]; c == 0 {
		return n, key, true
	}
	key |= uint64(c) << (56 - 8*n)
	n++
	switch n {
	case 1:
		return n, key, s.starts[c]
	case 2:
		return n, key, s.pairs[key>>54]&(1<<(key>>48%64)) != 0
	case 3:
		t := triple(key)
		return n, key, s.triples[t/64]&(1<<(t%64)) != 0
	case leastForm:
		if !s.filter.has(key >> 32) {
			return n, key, false
		}
	}
	if (n == keySize || s.short&(1<<n) != 0) && s.keys.has(key) {
		s.look(key)
	}
	return n, key, n < keySize
}

// look compares the needles that a key leads to.
func (s *search) look(key uint64) {
	i, ok := s.first[key]
	for ; ok && i >= 0 && !s.done; i = s.entries[i].next {
		e := s.entries[i]
		if to := s.match(s.from, s.index.text(e)); to >= 0 && !s.found(int(e.value), s.from, to) {
			s.done = true
		}
	}
}

// match returns the farthest end of needle if it can be read at byte i, or -1.
func (s *search) match(i int, needle string) int {
	end := -1
	for i < len(s.reading.text) {
		if s.steps--; s.steps < 0 {
			return end
		}
		for _, e := range s.at(i) {
			rest, ok := follow(needle, e.text[:e.n])
			switch {
			case !ok:
			case rest == "":
				end = max(end, int(e.to))
			default:
				end = max(end, s.match(int(e.to), rest))
			}
		}
		rest, ok := follow(needle, []byte{s.reading.text[i]})
		i++
		if !ok {
			return end
		}
		if needle = rest; needle == "" {
			return max(end, i)
		}
	}
	return end
}

// follow takes text from the beginning of needle, or as much of it as needle has.
func follow(needle string, text []byte) (rest string, ok bool) {
	for _, c := range text {
		if c = folded[c]; c == 0 || needle == "" {
			continue
		}
		if needle[0] != c {
			return "", false
		}
		needle = needle[1:]
	}
	return needle, true
}
