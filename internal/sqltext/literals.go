package sqltext

import (
	"bytes"
	"strings"
)

// WithoutLiterals returns a statement with a ? for each literal in it and without its
// comments, as a log, an event or a trace may show it: a password is a literal too. It
// knows the constants of PostgreSQL's manual, 4.1.2. A literal that is cut off ends the
// statement, and so does one with a backslash whose end depends on a setting of the
// session: standard_conforming_strings = off takes a backslash and a quote together.
func WithoutLiterals(sql string) string {
	w := Words{Text: []byte(sql)}
	var b strings.Builder
	for w.Pos < len(w.Text) {
		start, c := w.Pos, w.At(0)
		switch {
		case letter(c):
			word := w.word()
			if start+len(word) < w.Pos { // it was the E of a string
				word = literal
			}
			b.Write(word)
		case c == '\'':
			other := w
			if w.Skip(); bytes.IndexByte(w.Text[start:w.Pos], '\\') >= 0 {
				if other.escaped(); w.Pos != other.Pos {
					w.Pos = len(w.Text)
				}
			}
			b.Write(literal)
		case digit(c) || c == '.' && digit(w.At(1)):
			w.number()
			b.Write(literal)
		case c == '$':
			w.Skip()
			if w.Pos-start > 1 {
				b.Write(literal)
				break
			}
			for digit(w.At(0)) {
				w.Pos++
			}
			b.Write(w.Text[start:w.Pos])
		case w.comments():
			w.Skip()
			b.WriteByte(' ')
		default:
			w.Skip()
			b.Write(w.Text[start:w.Pos])
		}
	}
	return b.String()
}

var literal = []byte("?")

func digit(c byte) bool { return '0' <= c && c <= '9' }

// number goes past a number, and past letters that follow it. The E of a string that
// follows is no part of it: servers before PostgreSQL 15 read 1E'a' as two constants.
func (w *Words) number() {
	for c := w.At(0); digit(c) || letter(c) || c == '.'; c = w.At(0) {
		if (c == 'e' || c == 'E') && w.At(1) == '\'' {
			return
		}
		w.Pos++
	}
}
