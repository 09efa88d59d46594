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
	s := NewScanner([]byte(sql), false)
	var b strings.Builder
	for last := (Token{}); s.Next(); last = s.Token {
		switch {
		case s.Kind == Word && last.Kind == Number: // letters of the number, for servers of another age
		case s.Kind == Comment:
			b.WriteByte(' ')
		case s.IsLiteral():
			b.WriteByte('?')
			if s.isDoubtful() {
				return b.String()
			}
		case s.Cut:
			return b.String()
		default:
			b.Write(s.Text())
		}
	}
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
