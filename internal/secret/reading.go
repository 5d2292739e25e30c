package secret

import "strings"

// maxEscapes is how many times a character may have been escaped over: in JSON, in JSON,
// quoted in HTML. Deeper escapes are left as they are.
const maxEscapes = 4

// maxReadings is how many ways there may be to read the escapes that begin at one byte.
// Ordinary text has one; text above the limit is unsearchable.
const maxReadings = 24

// A reading is a text together with all the ways to read the escapes in it. Which languages
// a text was escaped in, how often and in which order cannot be seen from it, and each
// language writes a character in several ways; so rather than undo the escapes in one order
// or another, a reading keeps the undone ones beside the text as alternatives. A search walks
// text and alternatives at once, which costs one pass whatever was nested in what.
type reading struct {
	text string
	// escapes are the alternatives, those that begin at the last byte first. Those that begin
	// at byte i are escapes[ends[i+1]:ends[i]]; ends is nil if there are none at all.
	escapes []escape
	ends    []int32
	// steps is how much work is left; see stepsPerByte.
	steps int
}

// An escape is an alternative to the bytes of a text from one to another.
type escape struct {
	to    int32
	depth uint8
	// n bytes of text are what it encodes; 0 for what a search passes over.
	n    uint8
	text [7]byte
}

// stepsPerByte bounds the work on a text, in comparisons for each byte of it. Ordinary text
// takes 4, and JSON in which all is escaped five times 13. Only a text made for the purpose takes
// more.
const stepsPerByte, leastSteps = 14, 1 << 15

// read prepares text; ok is false if it is beyond the bounds.
func read(text string) (r *reading, ok bool) {
	r = &reading{text: text, steps: leastSteps + stepsPerByte*len(text)}
	if !strings.ContainsAny(text, `\%&=`) {
		return r, true
	}
	r.ends = make([]int32, len(text)+1)
	// From the end, so that what may be part of an escape has been read before it.
	for i := len(text) - 1; i >= 0; i-- {
		begin := len(r.escapes)
		r.ends[i] = int32(begin)
		r.unescape(text[i], i, i+1, 0)
		for next := begin; next < len(r.escapes); next++ {
			if e := r.escapes[next]; e.n == 1 {
				r.unescape(e.text[0], i, int(e.to), e.depth)
			}
			if len(r.escapes)-begin > maxReadings || r.steps < 0 {
				return nil, false
			}
		}
	}
	return r, true
}

// at returns the escapes that begin at byte i.
func (r *reading) at(i int) []escape {
	if r.ends == nil {
		return nil
	}
	return r.escapes[r.ends[i+1]:r.ends[i]]
}

// addByte notes that the text from byte i to another can be read as c.
func (r *reading) addByte(i, to int, depth uint8, c byte) {
	r.insert(i, escape{to: int32(to), depth: depth + 1, n: 1, text: [7]byte{c}})
}

// addText notes that it can be read as text.
func (r *reading) addText(i, to int, depth uint8, text string) {
	e := escape{to: int32(to), depth: depth + 1, n: uint8(len(text))}
	if copy(e.text[:], text) == len(text) {
		r.insert(i, e)
	}
}

func (r *reading) insert(i int, e escape) {
	if e.depth > maxEscapes {
		return
	}
	for j := int(r.ends[i+1]); j < len(r.escapes); j++ {
		r.steps--
		if known := &r.escapes[j]; known.to == e.to && known.n == e.n && known.text == e.text {
			return
		}
	}
	r.escapes = append(r.escapes, e)
	r.ends[i] = int32(len(r.escapes))
}

// each calls f with every character of ASCII that can be read at byte i, with where what
// follows it begins.
func (r *reading) each(i int, f func(c byte, to int, depth uint8)) {
	if i >= len(r.text) {
		return
	}
	if r.steps--; r.steps < 0 {
		return
	}
	f(r.text[i], i+1, 0)
	for _, e := range r.at(i) {
		if r.steps--; r.steps < 0 {
			return
		}
		if e.n == 1 {
			f(e.text[0], int(e.to), e.depth)
		}
	}
}

// A character is one of ASCII that can be read at some byte, with where what follows it begins.
type character struct {
	c     byte
	depth uint8
	to    int
}

// characters appends those at byte i to list.
func (r *reading) characters(i int, list []character) []character {
	if i >= len(r.text) {
		return list
	}
	list = append(list, character{r.text[i], 0, i + 1})
	for _, e := range r.at(i) {
		if e.n == 1 {
			list = append(list, character{e.text[0], e.depth, int(e.to)})
		}
	}
	r.steps -= len(list)
	return list
}
