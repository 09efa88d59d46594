package gateway

import "bytes"

// words cuts SQL into words and semicolons, and leaves out what is quoted or
// commented (PostgreSQL documentation, "Lexical Structure").
type words struct {
	text    []byte
	pos     int
	escapes bool // a backslash escapes in all strings: standard_conforming_strings is off
}

func (w *words) next() (word []byte, ok bool) {
	for w.pos < len(w.text) {
		c := w.text[w.pos]
		switch {
		case letter(c):
			return w.word(), true
		case c == ';':
			w.pos++
			return w.text[w.pos-1 : w.pos], true
		}
		w.skip()
	}
	return nil, false
}

func letter(c byte) bool {
	return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || c == '_' || c >= 0x80
}

func (w *words) at(n int) byte {
	if w.pos+n < len(w.text) {
		return w.text[w.pos+n]
	}
	return 0
}

func (w *words) word() []byte {
	start := w.pos
	for w.pos < len(w.text) && (letter(w.text[w.pos]) || '0' <= w.text[w.pos] && w.text[w.pos] <= '9' || w.text[w.pos] == '$') {
		w.pos++
	}
	word := w.text[start:w.pos]
	if len(word) == 1 && (word[0] == 'e' || word[0] == 'E') && w.at(0) == '\'' {
		w.escaped()
	}
	return word
}

// quoted skips a string or a quoted name, in which a doubled quote is a quote.
func (w *words) quoted(q byte) {
	for w.pos++; w.pos < len(w.text); w.pos++ {
		if w.text[w.pos] == q {
			if w.at(1) != q {
				w.pos++
				return
			}
			w.pos++
		}
	}
}

// escaped skips the string of E'...', in which a backslash escapes.
func (w *words) escaped() {
	for w.pos++; w.pos < len(w.text); w.pos++ {
		switch w.text[w.pos] {
		case '\\':
			w.pos++
		case '\'':
			if w.at(1) != '\'' {
				w.pos++
				return
			}
			w.pos++
		}
	}
}

func (w *words) line() {
	if n := bytes.IndexByte(w.text[w.pos:], '\n'); n >= 0 {
		w.pos += n + 1
		return
	}
	w.pos = len(w.text)
}

// comment skips a comment, which may hold others.
func (w *words) comment() {
	depth := 0
	for w.pos < len(w.text) {
		switch {
		case w.text[w.pos] == '/' && w.at(1) == '*':
			depth++
			w.pos += 2
		case w.text[w.pos] == '*' && w.at(1) == '/':
			depth--
			w.pos += 2
			if depth == 0 {
				return
			}
		default:
			w.pos++
		}
	}
}

// dollar skips a dollar-quoted string, or a parameter.
func (w *words) dollar() {
	end := w.pos + 1
	for end < len(w.text) && (letter(w.text[end]) || end > w.pos+1 && '0' <= w.text[end] && w.text[end] <= '9') {
		end++
	}
	if end >= len(w.text) || w.text[end] != '$' {
		w.pos++
		return
	}
	quote := w.text[w.pos : end+1]
	if n := bytes.Index(w.text[end+1:], quote); n >= 0 {
		w.pos = end + 1 + n + len(quote)
		return
	}
	w.pos = len(w.text)
}

// localConfig says whether the call of set_config that follows is openly for the
// transaction only: its last argument is the word true.
func (w *words) localConfig() bool {
	ahead := *w
	depth := 0
	last := false // true is all that there is since the last comma
	for ahead.pos < len(ahead.text) {
		switch ahead.text[ahead.pos] {
		case '(':
			depth++
			last = false
			ahead.pos++
		case ')':
			if depth--; depth <= 0 {
				return last
			}
			last = false
			ahead.pos++
		case ',':
			ahead.pos++
			before := ahead.pos
			word, ok := ahead.next()
			last = ok && depth == 1 && is(word, "true") && len(bytes.TrimSpace(ahead.text[before:ahead.pos])) == len("true")
			if !last {
				ahead.pos = before
			}
		case ' ', '\t', '\n', '\r':
			ahead.pos++
		default:
			last = false
			ahead.skip()
		}
	}
	return false
}

// skip goes past a word, a string, a comment or a sign.
func (w *words) skip() {
	c := w.text[w.pos]
	switch {
	case letter(c):
		w.word()
	case c == '\'' && w.escapes:
		w.escaped()
	case c == '\'' || c == '"':
		w.quoted(c)
	case c == '-' && w.at(1) == '-':
		w.line()
	case c == '/' && w.at(1) == '*':
		w.comment()
	case c == '$':
		w.dollar()
	default:
		w.pos++
	}
}
