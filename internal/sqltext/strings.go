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
	ahead, newline := *s, false
	for ahead.pos < len(ahead.text) {
		switch c := ahead.text[ahead.pos]; {
		case c == '\n' || c == '\r':
			newline = true
			ahead.pos++
		case classes[c]&space != 0:
			ahead.pos++
		case c == '-' && ahead.at(1) == '-':
			ahead.line()
		case c == '\'' && newline:
			s.pos = ahead.pos
			return true
		default:
			return false
		}
	}
	return false
}
