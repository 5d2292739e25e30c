// Package terminal writes for people: paragraphs, marks and tables that fit the screen
// they are read on, in colour only where that is a terminal.
package terminal

import (
	"fmt"
	"io"
	"os"
	"regexp"
	"strings"
	"sync"

	"charm.land/lipgloss/v2"
	"golang.org/x/term"

	"example.com/tokenkeeper/internal/secret"
)

const (
	// defaultWidth is that of a screen whose width is not known, as of a file or a pipe.
	defaultWidth = 80
	// Text is hard to read in longer lines, and nothing fits into shorter ones.
	minWidth, maxWidth = 40, 100
)

// A Screen is where text for people goes. After a write that failed nothing more is
// written; see [Screen.Err]. It may be used by several goroutines.
type Screen struct {
	w     io.Writer
	width int
	color bool

	mu  sync.Mutex
	err error
}

// New returns the screen behind w. Colour is used where w is a terminal, unless env says
// no: NO_COLOR that is not empty (no-color.org), or TERM=dumb.
func New(w io.Writer, env func(string) string) *Screen {
	s := &Screen{w: w, width: defaultWidth}
	if !Is(w) {
		return s
	}
	s.color = env("NO_COLOR") == "" && env("TERM") != "dumb"
	if width, _, err := term.GetSize(int(w.(*os.File).Fd())); err == nil && width > 0 {
		s.width = min(max(width, minWidth), maxWidth)
	}
	return s
}

// Is reports whether a reader or writer is a terminal.
func Is(rw any) bool {
	f, ok := rw.(*os.File)
	return ok && term.IsTerminal(int(f.Fd()))
}

// A Style is what a word means; a screen without colours shows it as it is.
type Style int

// The styles.
const (
	Plain Style = iota
	Strong
	Quiet
	Good
	Warn
	Bad
)

// Paint returns text in the style.
func (s *Screen) Paint(style Style, text string) string {
	if !s.color || style == Plain || text == "" {
		return text
	}
	return s.style(style).Render(text)
}

// style keeps to the sixteen colours that every terminal has, and its owner has chosen.
func (s *Screen) style(style Style) lipgloss.Style {
	plain := lipgloss.NewStyle()
	if !s.color {
		return plain
	}
	switch style {
	case Strong:
		return plain.Bold(true)
	case Quiet:
		return plain.Faint(true)
	case Good:
		return plain.Foreground(lipgloss.Green)
	case Warn:
		return plain.Foreground(lipgloss.Yellow)
	case Bad:
		return plain.Foreground(lipgloss.Red).Bold(true)
	}
	return plain
}

// Line writes a line. It is the one way to the screen: what could move a cursor, change a title
// or turn the reading direction is escaped here, whatever it came from, and so is what a CI runner
// would obey.
func (s *Screen) Line(format string, args ...any) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.err == nil {
		_, s.err = io.WriteString(s.w, s.visible(fmt.Sprintf(format, args...))+"\n")
	}
}

// painted are the sequences that Paint makes.
var painted = regexp.MustCompile(`\x1b\[(?:0|1|2|32|33|1;31)?m`)

// commands are how lines begin that GitHub Actions obeys. What runners obey anywhere in a line is
// not visible by [secret.VisibleBut] either.
var commands = regexp.MustCompile(`(?m)^(\s*)::`)

func (s *Screen) visible(text string) string {
	if !s.color {
		return commands.ReplaceAllString(secret.VisibleBut(text, "\n\t"), `$1\::`)
	}
	var b strings.Builder
	for text != "" {
		at := painted.FindStringIndex(text)
		if at == nil {
			at = []int{len(text), len(text)}
		}
		b.WriteString(secret.VisibleBut(text[:at[0]], "\n\t"))
		b.WriteString(text[at[0]:at[1]])
		text = text[at[1]:]
	}
	return b.String()
}

// Clear begins at the top of an empty screen. It is for terminals.
func (s *Screen) Clear() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.err == nil {
		_, s.err = io.WriteString(s.w, "\x1b[H\x1b[2J")
	}
}

// Err returns the error of the first write that failed, or nil.
func (s *Screen) Err() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.err
}

// Sides writes a line with one text at its beginning and one at its end, or in two lines
// where both do not fit.
func (s *Screen) Sides(left, right string) {
	gap := s.width - lipgloss.Width(left) - lipgloss.Width(right)
	if gap < 2 {
		s.Line("%s", left)
		s.Line("%s", right)
		return
	}
	s.Line("%s%s%s", left, strings.Repeat(" ", gap), right)
}

// Paragraph writes text, and then what is not to be broken, such as a command to be
// copied, in as many lines as that takes: the first one after the mark and the others
// below it. A word that is longer than the screen stays whole too.
func (s *Screen) Paragraph(mark, text string, whole ...string) {
	indent := strings.Repeat(" ", lipgloss.Width(mark))
	for i, line := range fill(text, whole, s.width-len(indent)) {
		if i == 0 {
			s.Line("%s%s", mark, line)
		} else {
			s.Line("%s%s", indent, line)
		}
	}
}

// runnable are commands within a text: our own in quotes, and those of the AWS CLI, which end it.
var runnable = regexp.MustCompile(`\S*'tokenkeeper [^']*'\S*|\baws [a-z]+ [a-z-]+ --.*`)

// fill breaks text into lines, where it has line breaks itself and at spaces, but not within what is
// to be pasted.
func fill(text string, whole []string, width int) []string {
	var lines []string
	line := ""
	add := func(word string) {
		switch {
		case word == "":
		case line == "":
			line = word
		case lipgloss.Width(line)+1+lipgloss.Width(word) <= width:
			line += " " + word
		default:
			lines = append(lines, line)
			line = word
		}
	}
	for i, given := range strings.Split(text, "\n") {
		if i > 0 {
			lines = append(lines, line)
			line = ""
		}
		for given != "" {
			at := runnable.FindStringIndex(given)
			if at == nil {
				at = []int{len(given), len(given)}
			}
			for word := range strings.FieldsSeq(given[:at[0]]) {
				add(word)
			}
			add(given[at[0]:at[1]])
			given = given[at[1]:]
		}
	}
	for _, word := range whole {
		add(word)
	}
	return append(lines, line)
}
