package sqltext

// operator reads what begins with the sign of an operator: a comment, or an operator, which ends where
// a comment begins. A longer operator ends with + or - only if it has a sign that no operator of the
// standard has.
func (s *Scanner) operator(c byte) {
	next := s.at(1)
	switch {
	case c == '-' && next == '-':
		s.Kind = Comment
		s.line()
		return
	case c == '/' && next == '*':
		s.Kind = Comment
		s.comment()
		return
	}
	s.Kind = Operator
	pos, odd := s.pos+1, classes[c]&oddOperator != 0
	for pos < len(s.text) && classes[s.text[pos]]&operator != 0 {
		c := s.text[pos]
		if pos+1 < len(s.text) && (c == '-' && s.text[pos+1] == '-' || c == '/' && s.text[pos+1] == '*') {
			break
		}
		odd = odd || classes[c]&oddOperator != 0
		pos++
	}
	for !odd && pos > s.pos+1 && (s.text[pos-1] == '+' || s.text[pos-1] == '-') {
		pos--
	}
	s.pos = pos
}

// line goes past a comment, up to the end of its line.
func (s *Scanner) line() {
	pos := s.pos
	for pos < len(s.text) && s.text[pos] != '\n' && s.text[pos] != '\r' {
		pos++
	}
	s.pos = pos
}

// comment goes past a comment, in which there may be others.
func (s *Scanner) comment() {
	depth := 0
	for pos := s.pos; pos+1 < len(s.text); pos++ {
		switch {
		case s.text[pos] == '/' && s.text[pos+1] == '*':
			depth++
			pos++
		case s.text[pos] == '*' && s.text[pos+1] == '/':
			depth--
			pos++
			if depth == 0 {
				s.pos = pos + 1
				return
			}
		}
	}
	s.cut()
}
