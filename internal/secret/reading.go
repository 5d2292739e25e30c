package secret

import "strings"

// maxEscapes is how many times a character may have been escaped over: in JSON, in JSON,
// quoted in HTML. Deeper escapes are left as they are.
const maxEscapes = 4

// longestEscape is in bytes. A text with a longer escape is unsearchable.
const longestEscape = 1<<10 - 1

// A reading is a text together with all the ways to read the escapes in it. In which languages a
// text was escaped, how often and in which order cannot be seen from it. So rather than undo the
// escapes in one order or another, a reading keeps the undone ones beside the text as alternatives,
// and a search walks all of them at once: one pass, whatever was nested in what.
type reading struct {
	text string
	// escapes are the alternatives, those that begin at the last byte first. Those that begin
	// at byte i are escapes[ends[i+1]:ends[i]]; ends is nil if there are none at all.
	escapes []escape
	ends    []int32
	// run is where the backslashes end that the present byte is one of.
	run int
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

// Work on a text is bounded, in comparisons for each byte, more for each backslash and a few for
// any text. Ordinary text takes 2 to 6 a byte, and JSON in which all is escaped four times 26, most
// of it backslashes. Only a text that is made for the purpose takes more.
const stepsPerByte, stepsPerBackslash, leastSteps = 8, 24, 1 << 15

// stepsFor is how much work searching text may be.
func stepsFor(text string) int {
	return leastSteps + stepsPerByte*len(text) + stepsPerBackslash*strings.Count(text, `\`)
}

// read prepares text for searches. It is beyond the bounds if no steps are left.
func read(text string) *reading {
	r := &reading{text: text, steps: stepsFor(text)}
	marks := strings.Count(text, `\`) + strings.Count(text, "%") + strings.Count(text, "&") + strings.Count(text, "=")
	if marks == 0 {
		return r
	}
	r.escapes = make([]escape, 0, marks)
	r.ends = make([]int32, len(text)+1)
	// From the end, so that what may be part of an escape has been read before it.
	for i := len(text) - 1; i >= 0 && r.steps >= 0; i-- {
		switch {
		case text[i] != '\\':
			r.run = i // what is read as a backslash here is in no row of them
		case i+1 == len(text) || text[i+1] != '\\':
			r.run = i + 1
		}
		begin := len(r.escapes)
		r.ends[i] = int32(begin)
		r.unescape(text[i], i, i+1, 0)
		for next := begin; next < len(r.escapes); next++ {
			if e := r.escapes[next]; e.n == 1 {
				r.unescape(e.text[0], i, int(e.to), e.depth)
			}
		}
	}
	return r
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
	if int(e.to)-i > longestEscape {
		r.steps = -1
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

// A character is one that can be read at some byte: what follows it begins at byte to.
type character struct {
	c     byte // 0 where it is not one of ASCII
	depth uint8
	to    int
}

// readings is how many characters can be read at byte i.
func (r *reading) readings(i int) int {
	if i >= len(r.text) || r.steps < 0 {
		return 0
	}
	n := 1 + len(r.at(i))
	r.steps -= n
	return n
}

// character returns one of them, the text's own first.
func (r *reading) character(i, k int) character {
	if k == 0 {
		return character{r.text[i], 0, i + 1}
	}
	e := &r.escapes[int(r.ends[i+1])+k-1]
	if e.n != 1 {
		return character{}
	}
	return character{e.text[0], e.depth, int(e.to)}
}
