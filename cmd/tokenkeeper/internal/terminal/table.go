package terminal

import (
	"strings"

	"charm.land/lipgloss/v2"
	"charm.land/lipgloss/v2/table"
)

// A Table is rows under headers. Each row may have text below it, over the whole width.
type Table struct {
	Headers []string
	Rows    []Row
}

// A Row is one line of a Table.
type Row struct {
	Cells []Cell
	// Below are paragraphs that belong to the row.
	Below []Below
}

// A Cell is one word of a row. The text has no line breaks.
type Cell struct {
	Text  string
	Style Style
}

// Below is a paragraph below a row, after a mark; see [Screen.Paragraph].
type Below struct {
	Mark, Text, Whole string
	Style             Style
}

// gap is the space between two columns.
const gap = 2

// Table writes t. Where it is wider than the screen, the first column is broken over as
// many lines as that takes; the others stay whole. Where not even that will do, the columns
// are written below each other.
func (s *Screen) Table(t Table) {
	first, rest := widths(t)
	room := max(s.width-rest, lipgloss.Width(t.Headers[0]), minFirst)
	if min(first, room)+rest > s.width {
		s.stack(t)
		return
	}
	var lines [][]Cell
	ends := make([]int, len(t.Rows)) // where each row's lines end
	for i, r := range t.Rows {
		for n, part := range chunks(r.Cells[0].Text, room) {
			line := make([]Cell, len(t.Headers))
			if n == 0 {
				copy(line, r.Cells)
			}
			line[0] = Cell{part, r.Cells[0].Style}
			lines = append(lines, line)
		}
		ends[i] = len(lines)
	}
	rendered := s.render(t.Headers, lines)
	s.Line("%s", rendered[0])
	from := 0
	for i, r := range t.Rows {
		for _, line := range rendered[1+from : 1+ends[i]] {
			s.Line("%s", line)
		}
		from = ends[i]
		s.below(r)
	}
}

// below writes what belongs to a row.
func (s *Screen) below(r Row) {
	for _, b := range r.Below {
		s.Paragraph("  "+s.Paint(b.Style, b.Mark), b.Text, b.Whole)
	}
}

// stack writes each row as a list of its cells, under the first of them.
func (s *Screen) stack(t Table) {
	width := 0
	for _, h := range t.Headers[1:] {
		width = max(width, lipgloss.Width(h))
	}
	for _, r := range t.Rows {
		s.Line("%s", s.Paint(r.Cells[0].Style, r.Cells[0].Text))
		for i, h := range t.Headers[1:] {
			c := r.Cells[i+1]
			pad := strings.Repeat(" ", width-lipgloss.Width(h)+gap)
			s.Paragraph("  "+s.Paint(Quiet, h)+pad, s.Paint(c.Style, c.Text))
		}
		s.below(r)
	}
}

// widths returns how wide the first column is, and the others with the gaps before them.
func widths(t Table) (first, rest int) {
	for col, h := range t.Headers {
		width := lipgloss.Width(h)
		for _, r := range t.Rows {
			width = max(width, lipgloss.Width(r.Cells[col].Text))
		}
		if col == 0 {
			first = width
		} else {
			rest += gap + width
		}
	}
	return first, rest
}

// render returns the headers and the cells as lines, in columns.
func (s *Screen) render(headers []string, cells [][]Cell) []string {
	out := table.New().Headers(headers...).Wrap(false).
		BorderTop(false).BorderBottom(false).BorderLeft(false).BorderRight(false).
		BorderColumn(false).BorderHeader(false).BorderRow(false).
		StyleFunc(func(row, col int) lipgloss.Style {
			style := s.style(Quiet)
			if row >= 0 {
				style = s.style(cells[row][col].Style)
			}
			if col < len(headers)-1 {
				style = style.PaddingRight(gap)
			}
			return style
		})
	for _, row := range cells {
		texts := make([]string, len(row))
		for i, c := range row {
			texts[i] = c.Text
		}
		out.Row(texts...)
	}
	lines := strings.Split(out.Render(), "\n")
	for i, line := range lines {
		lines[i] = strings.TrimRight(line, " ")
	}
	return lines
}

// minFirst is the least width of a first column that is broken.
const minFirst = 20

// chunks cuts text into pieces of that width. It has no spaces to break it at: it is a
// name.
func chunks(text string, width int) []string {
	var out []string
	for runes := []rune(text); ; runes = runes[width:] {
		if len(runes) <= width {
			return append(out, string(runes))
		}
		out = append(out, string(runes[:width]))
	}
}
