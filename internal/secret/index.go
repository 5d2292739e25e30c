package secret

import (
	"math/bits"
	"unicode/utf8"
)

// An index finds all needles in a text at once. Of a needle it looks for some pieces of
// pieceSize bytes, its anchors; where one is found, what is around it is compared.
type index struct {
	// run is the size of the parts of secrets that are looked for, and harmless are those that
	// are no secret.
	run      int
	harmless map[string]bool

	needles []needle
	// literals are the values that folding makes too short: they are looked for byte by byte.
	literals []needle
	anchors  []anchor
	// first leads from the hash of a piece to the last anchor that has it, plus one. filter has a
	// bit for the hash of each, so that most of a text is passed over without looking further.
	first               []int32
	filter              []uint64
	slotShift, bitShift int
}

// A needle is found where size bytes of it in a row are read.
type needle struct {
	value int // whose it is
	text  string
	size  int
}

// An anchor is a piece of a needle that is looked for.
type anchor struct {
	piece          piece
	needle, offset int32
	next           int32 // the anchor before it with the same hash, plus one
}

// pieceSize is the size of the pieces, in bytes: that of the shortest form that is looked for.
const pieceSize = leastForm

// A piece holds the first of its bytes uppermost.
type piece uint32

func pieceOf(text string) piece {
	return piece(text[0])<<24 | piece(text[1])<<16 | piece(text[2])<<8 | piece(text[3])
}

func (p piece) hash() uint32 { return uint32(p) * 0x9e3779b1 }

// stride is the largest distance of anchors in a needle whose parts are looked for: one lies in each part.
func (x *index) stride() int { return x.run - pieceSize + 1 }

// seal prepares the index for searching, once it has its needles.
func (x *index) seal() {
	most := len(x.needles)
	for _, n := range x.needles {
		most += len(n.text) / x.stride()
	}
	slots := bits.Len(uint(most) | 63)
	x.first, x.filter = make([]int32, 1<<slots), make([]uint64, 1<<slots/4)
	x.slotShift, x.bitShift = 32-slots, 32-slots-4
	for i, n := range x.needles {
		if n.size == len(n.text) {
			x.enter(i, x.rarest(n.text))
			continue
		}
		for offset := 0; offset+pieceSize <= len(n.text); offset = x.next(n.text, offset) {
			x.enter(i, offset)
		}
	}
}

// next returns where the anchor after the one at offset is. Of a character that one escape may
// write, only the first byte is at a place of its own.
func (x *index) next(text string, offset int) int {
	for next := offset + x.stride(); next > offset; next-- {
		if next >= len(text) || begins(text, next) {
			return next
		}
	}
	return offset + x.stride()
}

// begins reports whether what may be written as one escape begins at byte i, or in HTML as &fjlig;.
func begins(text string, i int) bool {
	return utf8.RuneStart(text[i]) && (i == 0 || text[i-1:i+1] != "fj")
}

// rarest returns where in text a piece is that no needle before has. Needles often begin alike, so
// it looks from the end, and not far.
func (x *index) rarest(text string) int {
	for offset := len(text) - pieceSize; offset > max(0, len(text)-32); offset-- {
		if begins(text, offset) && x.first[pieceOf(text[offset:]).hash()>>x.slotShift] == 0 {
			return offset
		}
	}
	return 0
}

func (x *index) enter(needle, offset int) {
	p := pieceOf(x.needles[needle].text[offset:])
	slot := &x.first[p.hash()>>x.slotShift]
	x.anchors = append(x.anchors, anchor{p, int32(needle), int32(offset), *slot})
	*slot = int32(len(x.anchors))
	bit := p.hash() >> x.bitShift
	x.filter[bit/64] |= 1 << (bit % 64)
}

// may reports whether an anchor may have p.
func (x *index) may(p piece) bool {
	bit := p.hash() >> x.bitShift
	return x.filter[bit/64]&(1<<(bit%64)) != 0
}
