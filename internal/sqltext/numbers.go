package sqltext

// number reads a number. One that a letter follows is refused by servers of today; older ones, which
// knew neither underscores nor other bases than ten, took the letter for the beginning of a word.
func (s *Scanner) number() {
	s.Kind = Number
	pos := s.pos
	for pos < len(s.text) && classes[s.text[pos]]&digit != 0 {
		pos++
	}
	if pos > s.pos && (pos == len(s.text) || s.text[pos] != '.' && classes[s.text[pos]]&letter == 0) {
		s.pos = pos // nothing but digits, as most are
		return
	}
	start := s.pos
	if s.digits(true); classes[s.at(0)]&letter != 0 {
		s.pos = start
		s.digits(false)
	}
}

// digits goes past a number of this kind.
func (s *Scanner) digits(modern bool) {
	if modern && s.at(0) == '0' {
		for _, base := range bases {
			if s.at(1)|0x20 != base.sign {
				continue
			}
			if n := s.run(2, base.digit, true, true); n > 2 {
				s.pos += n
				return
			}
		}
	}
	n := s.run(0, digit, modern, false)
	if s.at(n) == '.' && s.at(n+1) != '.' {
		n = s.run(n+1, digit, modern, false)
	}
	if s.at(n)|0x20 == 'e' {
		e := n + 1
		if c := s.at(e); c == '+' || c == '-' {
			e++
		}
		if end := s.run(e, digit, modern, false); end > e {
			n = end
		}
	}
	s.pos += n
}

var bases = [...]struct {
	sign  byte
	digit class
}{{'x', hexDigit}, {'o', octal}, {'b', binary}}

// run returns where digits end that begin n bytes ahead, with single underscores between them, or
// before the first too.
func (s *Scanner) run(n int, digit class, underscores, first bool) int {
	for {
		if classes[s.at(n)]&digit != 0 {
			n++
			first = true
			continue
		}
		if !underscores || !first || s.at(n) != '_' || classes[s.at(n+1)]&digit == 0 {
			return n
		}
		n++
	}
}
