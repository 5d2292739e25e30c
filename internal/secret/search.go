package secret

import (
	"math/bits"
	"slices"
	"strings"
)

// maxPieces is how many different pieces may be read at one byte, beyond which a text is
// unsearchable. Ordinary text has a few.
const maxPieces = 60

// A search goes through a text from the end, so that what follows a byte is known in all its
// readings before the byte is read.
type search struct {
	*index
	*reading
	found func(value, from, to int) (more bool)
	// places are those to which an escape can lead from here, each at its index modulo their number.
	places []place
	done   bool
}

// A place is what can be read from one byte on: pieces without their last byte, and parts of needles.
type place struct {
	pieces [maxPieces]piece
	n      int
	parts  []part
}

// A part is a number of bytes of a needle, from offset.
type part struct{ needle, offset, size int32 }

// search calls found with the value of each needle in text, and where it begins and ends, until
// found returns false. It returns how much work was left; below zero: text is beyond the bounds.
func (x *index) search(text string, found func(value, from, to int) (more bool)) (left int) {
	for _, l := range x.literals {
		for from := 0; ; from++ {
			at := strings.Index(text[from:], l.text)
			if at < 0 {
				break
			}
			if from += at; !found(l.value, from, from+len(l.text)) {
				return stepsFor(text)
			}
		}
	}
	if len(x.anchors) == 0 {
		return stepsFor(text)
	}
	s := search{index: x, reading: read(text), found: found, places: make([]place, 1<<bits.Len(uint(min(len(text), longestEscape))))}
	s.place(len(text)).n = 1 // of zeros, which no needle has
	for i := len(text) - 1; i >= 0 && !s.done && s.steps >= 0; i-- {
		s.read(i)
	}
	if s.done {
		return max(s.steps, 0)
	}
	return s.steps
}

func (s *search) place(i int) *place { return &s.places[i&(len(s.places)-1)] }

// read finds what begins at byte i.
func (s *search) read(i int) {
	here := s.place(i)
	if folded[s.text[i]] == 0 { // nothing begins here, however much there is of it
		next := s.place(i + 1)
		s.steps -= 1 + len(next.parts)
		here.n, here.parts = copy(here.pieces[:], next.pieces[:next.n]), append(here.parts[:0], next.parts...)
		return
	}
	here.n, here.parts = 0, here.parts[:0]
	s.readAs(i, here, s.text[i:i+1], i+1)
	escapes := s.at(i)
	for k := range escapes {
		e := &escapes[k]
		s.readAs(i, here, string(e.text[:e.n]), int(e.to))
	}
}

// readAs finds what begins with text at byte i, which is here, and goes on at byte to.
func (s *search) readAs(i int, here *place, text string, to int) {
	var first piece
	shift := 0
	for k := range len(text) {
		if c := folded[text[k]]; c != 0 && shift < 32 { // a reference to two characters may have more
			shift += 8
			first |= piece(c) << (32 - shift)
		}
	}
	rest := s.place(to)
	s.extend(i, here, rest, first, shift)
	for _, p := range rest.parts {
		s.extendPart(i, p, text)
	}
}

// extend adds what can be read at byte i, which is here: first, and then what is at rest.
func (s *search) extend(i int, here, rest *place, first piece, shift int) {
	s.steps -= 1 + rest.n
	x := s.index
next:
	for _, p := range rest.pieces[:rest.n] {
		p = first | p>>shift
		if x.may(p) {
			s.look(i, p)
		}
		p &^= 0xff
		for _, known := range here.pieces[:here.n] {
			if known == p {
				continue next
			}
		}
		if here.n == maxPieces {
			s.steps = -1
			return
		}
		here.pieces[here.n] = p
		here.n++
	}
}

// extendPart adds p where text, which comes before it, is what the needle has there.
func (s *search) extendPart(i int, p part, text string) {
	s.steps--
	n, before := s.needles[p.needle], p.offset
	for k := len(text) - 1; k >= 0; k-- {
		c := folded[text[k]]
		if c == 0 {
			continue
		}
		if p.offset == 0 || c != n.text[p.offset-1] {
			return
		}
		p.offset--
		p.size = min(p.size+1, int32(n.size))
	}
	if p.offset == before {
		s.place(i).parts = append(s.place(i).parts, p)
		return
	}
	s.reach(i, p)
}

// look compares the needles that have an anchor with p, which is read at byte i.
func (s *search) look(i int, p piece) {
	for next := s.first[p.hash()>>s.slotShift]; next > 0 && s.steps >= 0; {
		a := s.anchors[next-1]
		next = a.next
		if s.steps--; a.piece != p {
			continue
		}
		n := s.needles[a.needle]
		want := n.text[a.offset:min(int(a.offset)+n.size, len(n.text))]
		rest, _ := s.match(i, want)
		if rest == 0 || n.size < len(n.text) {
			s.reach(i, part{a.needle, a.offset, int32(len(want) - rest)})
		}
	}
}

// reach notes that p begins at byte i.
func (s *search) reach(i int, p part) {
	here, n := s.place(i), s.needles[p.needle]
	s.steps -= 1 + len(here.parts)/8
	if s.done || s.steps < 0 || slices.Contains(here.parts, p) {
		return
	}
	if p.offset > 0 {
		here.parts = append(here.parts, p)
	}
	whole := n.text[p.offset:min(int(p.offset)+n.size, len(n.text))]
	if int(p.size) == n.size && (n.size == len(n.text) || !s.harmless[whole]) {
		_, to := s.match(i, whole)
		s.done = !s.found(n.value, i, to)
	}
}

// match reads needle at byte i as far as it goes, in all readings: it returns how much of it is
// left, and the farthest byte at which that is so.
func (s *search) match(i int, needle string) (rest, end int) {
	rest, end = len(needle), i
	for i < len(s.text) && needle != "" {
		if s.steps--; s.steps < 0 {
			return rest, end
		}
		escapes := s.at(i)
		for k := range escapes {
			e := &escapes[k]
			left, ok := needle, true
			for _, c := range e.text[:e.n] {
				if left, ok = follow(left, c); !ok {
					break
				}
			}
			if !ok {
				continue
			}
			if left, to := s.match(int(e.to), left); left < rest || left == rest && to > end {
				rest, end = left, to
			}
		}
		left, ok := follow(needle, s.text[i])
		if !ok {
			return rest, end
		}
		i++
		needle = left
		if len(needle) < rest || len(needle) == rest && i > end {
			rest, end = len(needle), i
		}
	}
	return rest, end
}

// follow takes c from the beginning of needle; an empty needle is followed by anything.
func follow(needle string, c byte) (rest string, ok bool) {
	if c = folded[c]; c == 0 || needle == "" {
		return needle, true
	}
	return needle[1:], needle[0] == c
}
