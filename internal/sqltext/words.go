// Package sqltext cuts SQL into words, for whoever must know what a statement is about
// without understanding it.
package sqltext

import "bytes"

// Words cuts SQL into words and semicolons, and leaves out what is quoted or
// commented (PostgreSQL documentation, "Lexical Structure").
type Words struct {
	Text    []byte
	Pos     int  // where it is
	Escapes bool // a backslash escapes in all strings: standard_conforming_strings is off
	Names   bool // names in double quotes are words too, as they stand between them
	Quoted  bool // the last word was one
}

// Next is the next word, or a semicolon. A name in quotes may be a semicolon as well: see Quoted.
func (w *Words) Next() (word []byte, ok bool) {
	for w.Pos < len(w.Text) {
		c := w.Text[w.Pos]
		w.Quoted = w.Names && c == '"'
		switch {
		case w.Quoted:
			start := w.Pos + 1
			w.quoted(c)
			if name := bytes.TrimSuffix(w.Text[start:w.Pos], []byte{c}); len(name) > 0 {
				return name, true
			}
			continue
		case letter(c):
			return w.word(), true
		case c == ';':
			w.Pos++
			return w.Text[w.Pos-1 : w.Pos], true
		}
		w.Skip()
	}
	return nil, false
}

func letter(c byte) bool {
	return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || c == '_' || c >= 0x80
}

// At is the byte so far ahead, 0 past the end.
func (w *Words) At(n int) byte {
	if w.Pos+n < len(w.Text) {
		return w.Text[w.Pos+n]
	}
	return 0
}

func (w *Words) word() []byte {
	start := w.Pos
	for w.Pos < len(w.Text) && (letter(w.Text[w.Pos]) || '0' <= w.Text[w.Pos] && w.Text[w.Pos] <= '9' || w.Text[w.Pos] == '$') {
		w.Pos++
	}
	word := w.Text[start:w.Pos]
	if len(word) == 1 && (word[0] == 'e' || word[0] == 'E') && w.At(0) == '\'' {
		w.escaped()
	}
	return word
}

// quoted skips a string or a quoted name, in which a doubled quote is a quote.
func (w *Words) quoted(q byte) {
	for w.Pos++; w.Pos < len(w.Text); w.Pos++ {
		if w.Text[w.Pos] == q {
			if w.At(1) != q {
				w.Pos++
				return
			}
			w.Pos++
		}
	}
}

// escaped skips the string of E'...', in which a backslash escapes, and what continues
// it: a string on a later line, with only space and -- comments between the two.
func (w *Words) escaped() {
	for w.Pos++; w.Pos < len(w.Text); w.Pos++ {
		switch w.Text[w.Pos] {
		case '\\':
			w.Pos++
		case '\'':
			if w.At(1) == '\'' {
				w.Pos++
				break
			}
			w.Pos++
			if !w.continues() {
				return
			}
		}
	}
	w.Pos = min(w.Pos, len(w.Text)) // a backslash was the last
}

// continues goes to the quote that continues the string before, if there is one.
func (w *Words) continues() bool {
	ahead, newline := *w, false
	for ahead.Pos < len(ahead.Text) {
		switch c := ahead.At(0); {
		case c == '\n' || c == '\r':
			newline = true
			ahead.Pos++
		case c == ' ' || c == '\t' || c == '\f' || c == '\v':
			ahead.Pos++
		case c == '-' && ahead.At(1) == '-':
			ahead.line()
			newline = true
		case c == '\'' && newline:
			w.Pos = ahead.Pos
			return true
		default:
			return false
		}
	}
	return false
}

// line skips a comment up to the end of its line.
func (w *Words) line() {
	if n := bytes.IndexAny(w.Text[w.Pos:], "\r\n"); n >= 0 {
		w.Pos += n + 1
		return
	}
	w.Pos = len(w.Text)
}

// comments says whether a comment begins here.
func (w *Words) comments() bool {
	return w.At(0) == '-' && w.At(1) == '-' || w.At(0) == '/' && w.At(1) == '*'
}

// comment skips a comment, which may hold others.
func (w *Words) comment() {
	depth := 0
	for w.Pos < len(w.Text) {
		switch {
		case w.Text[w.Pos] == '/' && w.At(1) == '*':
			depth++
			w.Pos += 2
		case w.Text[w.Pos] == '*' && w.At(1) == '/':
			depth--
			w.Pos += 2
			if depth == 0 {
				return
			}
		default:
			w.Pos++
		}
	}
}

// dollar skips a dollar-quoted string, or a parameter.
func (w *Words) dollar() {
	end := w.Pos + 1
	for end < len(w.Text) && (letter(w.Text[end]) || end > w.Pos+1 && '0' <= w.Text[end] && w.Text[end] <= '9') {
		end++
	}
	if end >= len(w.Text) || w.Text[end] != '$' {
		w.Pos++
		return
	}
	quote := w.Text[w.Pos : end+1]
	if n := bytes.Index(w.Text[end+1:], quote); n >= 0 {
		w.Pos = end + 1 + n + len(quote)
		return
	}
	w.Pos = len(w.Text)
}

// Skip goes past a word, a string, a comment or a sign.
func (w *Words) Skip() {
	c := w.Text[w.Pos]
	switch {
	case letter(c):
		w.word()
	case c == '\'' && w.Escapes:
		w.escaped()
	case c == '\'' || c == '"':
		w.quoted(c)
	case c == '-' && w.At(1) == '-':
		w.line()
	case c == '/' && w.At(1) == '*':
		w.comment()
	case c == '$':
		w.dollar()
	default:
		w.Pos++
	}
}
