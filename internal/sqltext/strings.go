package sqltext

import "bytes"

// quoted reads a constant in single quotes, the first of which is here, and what continues it.
func (s *Scanner) quoted() {
	for {
		s.quote()
		if s.Cut || !s.continues() {
			return
		}
	}
}

// quote goes past what stands between the quote that is here and the one that ends it.
func (s *Scanner) quote() {
	switch s.Kind {
	case EscapeString:
		s.escaped()
	case BitString: // in which no quote can be
		n := bytes.IndexByte(s.text[s.pos+1:], '\'')
		if n < 0 {
			s.cut()
			return
		}
		s.pos += n + 2
	default:
		s.doubled('\'')
	}
}

// doubled goes past what stands in quotes, the first of which is here. A quote within is doubled.
func (s *Scanner) doubled(quote byte) {
	pos := s.pos + 1
	for {
		n := bytes.IndexByte(s.text[pos:], quote)
		if n < 0 {
			s.cut()
			return
		}
		if pos += n + 1; pos >= len(s.text) || s.text[pos] != quote {
			s.pos = pos
			return
		}
		pos++
	}
}

// escaped is doubled for single quotes between which a backslash escapes what follows it.
func (s *Scanner) escaped() {
	pos, quote := s.pos+1, -1 // the next quote, if it is not before pos
	for {
		if quote < pos {
			n := bytes.IndexByte(s.text[pos:], '\'')
			if n < 0 {
				s.cut()
				return
			}
			quote = pos + n
		}
		if n := bytes.IndexByte(s.text[pos:quote], '\\'); n >= 0 {
			pos += n + 2
			continue
		}
		if pos = quote + 1; pos >= len(s.text) || s.text[pos] != '\'' {
			s.pos = pos
			return
		}
		pos++
	}
}

// continues goes to the quote that continues the constant before, if there is one: on a later line,
// with only space and -- comments between the two.
func (s *Scanner) continues() bool {
	end, newline := s.pos, false
	for s.pos < len(s.text) {
		switch c := s.text[s.pos]; {
		case c == '\n' || c == '\r':
			newline = true
			s.pos++
		case classes[c]&space != 0:
			s.pos++
		case c == '-' && s.at(1) == '-':
			s.line()
		case c == '\'' && newline:
			return true
		default:
			s.pos = end
			return false
		}
	}
	s.pos = end
	return false
}

// tag returns the length of the dollar quote that a string begins with, and ends with if it is not cut off.
func (s *Scanner) tag() int { return bytes.IndexByte(s.text[s.Start+1:s.End], '$') + 2 }
