package figures

import (
	"fmt"
	"strings"
	"unicode/utf8"
)

// Table is a table in Markdown, its columns aligned for those who read it as
// text: the first to the left, all others, which are figures, to the right.
type Table struct {
	head []string
	rows [][]string
}

// NewTable makes a table with these headings and no rows.
func NewTable(head ...string) *Table { return &Table{head: head} }

// Row adds a row. Cells that are left out are empty; one too many is a bug.
func (t *Table) Row(cells ...string) {
	if len(cells) > len(t.head) {
		panic(fmt.Sprintf("a row of %d cells in a table of %d columns", len(cells), len(t.head)))
	}
	row := make([]string, len(t.head))
	copy(row, cells)
	t.rows = append(t.rows, row)
}

// String is the table, a line a row, with a newline at its end.
func (t *Table) String() string {
	widths := make([]int, len(t.head))
	for _, row := range append([][]string{t.head}, t.rows...) {
		for i, cell := range row {
			widths[i] = max(widths[i], 2, utf8.RuneCountInString(escape(cell)))
		}
	}
	var b strings.Builder
	write := func(row []string) {
		for i, cell := range row {
			cell = escape(cell)
			gap := strings.Repeat(" ", widths[i]-utf8.RuneCountInString(cell))
			if i == 0 {
				fmt.Fprintf(&b, "| %s%s |", cell, gap)
			} else {
				fmt.Fprintf(&b, " %s%s |", gap, cell)
			}
		}
		b.WriteByte('\n')
	}
	write(t.head)
	for i, w := range widths {
		if i == 0 {
			fmt.Fprintf(&b, "|%s|", strings.Repeat("-", w+2))
		} else {
			fmt.Fprintf(&b, "%s:|", strings.Repeat("-", w+1))
		}
	}
	b.WriteByte('\n')
	for _, row := range t.rows {
		write(row)
	}
	return b.String()
}

func escape(cell string) string { return strings.ReplaceAll(cell, "|", `\|`) }
