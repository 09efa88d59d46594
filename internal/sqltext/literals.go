package sqltext

import (
	"bytes"
	"strings"
	"unicode/utf8"
)

// WithoutLiterals returns a text with a ? for each constant in it and without its comments, as a log,
// an event or a trace may show it: a password is a constant too. It errs on the side of hiding: what
// is cut off is left out, and so is all that follows a constant whose end depends on more than the
// text. That is one with a backslash which standard_conforming_strings decides about, or which may
// be half of a character in an encoding that is not UTF-8.
func WithoutLiterals(sql string) string {
	text := []byte(sql)
	s := NewScanner(text, false)
	var b strings.Builder
	b.Grow(min(len(text), 1<<10))
	shown := 0 // what is before it was written, or is hidden
	for last := (Token{}); s.Next(); last = s.Token {
		instead := ""
		switch {
		case s.IsLiteral():
			instead = "?"
		case s.Kind == Comment:
			instead = " "
		case s.Cut, s.Kind == Word && last.Kind == Number: // letters of the number, for servers of another age
		default:
			continue
		}
		b.Write(text[shown:s.Start])
		b.WriteString(instead)
		if shown = s.End; s.isDoubtful() {
			return b.String()
		}
	}
	b.Write(text[shown:])
	return b.String()
}

// isDoubtful says whether the last token, a constant, may end elsewhere.
func (s *Scanner) isDoubtful() bool {
	if s.Kind < String || s.Kind > BitString || bytes.IndexByte(s.Text(), '\\') < 0 {
		return false
	}
	other := *s
	other.Kind, other.pos = EscapeString, s.Start+bytes.IndexByte(s.Text(), '\'')
	other.quoted()
	return other.pos != s.End || !utf8.Valid(s.Text())
}
