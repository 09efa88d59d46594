package sqltext

import "bytes"

// Kind is what a token is.
type Kind uint8

// The kinds of tokens. What a Scanner does not know is a [Sign].
const (
	Space         Kind = iota
	Comment            // -- to the end of the line, or /* */, nested
	Word               // a key word, or a name without quotes
	Name               // "in double quotes"
	UnicodeName        // U&"..."
	String             // '...', in which a backslash is no escape
	EscapeString       // E'...', and '...' where standard_conforming_strings is off
	UnicodeString      // U&'...', whose UESCAPE is a word of its own
	BitString          // B'...' or X'...'
	DollarString       // $tag$...$tag$
	Number             // without its sign
	Parameter          // $1
	Operator           // such as = or <->
	Sign               // one of ( ) [ ] , ; . : or what belongs to nothing; also :: := ..
)

// Token is a part of a text.
type Token struct {
	Kind       Kind
	Start, End int
	Cut        bool // the text ends before the token does
}

// IsLiteral says whether the token is a constant. A constant is one token together with the strings
// on later lines that continue it.
func (t Token) IsLiteral() bool { return String <= t.Kind && t.Kind <= Number }

// Scanner cuts a text into tokens. A copy of a Scanner looks ahead.
type Scanner struct {
	Token // the last one

	text    []byte
	pos     int
	escapes bool // a backslash escapes in '...' as in E'...'
}

// NewScanner returns a scanner at the beginning of a text, which must not change meanwhile. escapes says
// that standard_conforming_strings is off.
func NewScanner(text []byte, escapes bool) Scanner { return Scanner{text: text, escapes: escapes} }

// Text returns the last token as it is written.
func (s *Scanner) Text() []byte { return s.text[s.Start:s.End] }

// IsSign says whether the last token is this one sign.
func (s *Scanner) IsSign(c byte) bool {
	return s.Kind == Sign && s.End-s.Start == 1 && s.text[s.Start] == c
}

// Is says whether the last token is a word, which is given in lower case.
func (s *Scanner) Is(lower string) bool { return s.Kind == Word && equal(s.text[s.Start:s.End], lower) }

// equal compares a word with one in lower case.
func equal(word []byte, lower string) bool {
	if len(word) != len(lower) {
		return false
	}
	for i, c := range word {
		if 'A' <= c && c <= 'Z' {
			c += 'a' - 'A'
		}
		if c != lower[i] {
			return false
		}
	}
	return true
}

// Next goes to the next token. It returns false at the end of the text.
func (s *Scanner) Next() bool {
	s.Start = s.pos
	if s.pos >= len(s.text) {
		s.End = s.pos
		return false
	}
	c := s.text[s.pos]
	if classes[c]&space != 0 {
		s.Kind, s.Cut = Space, false
		s.spaces()
		s.End = s.pos
		return true
	}
	s.token(c)
	return true
}

// Solid goes to the next token that is neither space nor a comment; a comment that is cut off is no space. It
// returns false at the end of the text.
func (s *Scanner) Solid() bool {
	for {
		s.spaces()
		s.Start = s.pos
		if s.pos >= len(s.text) {
			s.End = s.pos
			return false
		}
		if s.token(s.text[s.pos]); s.Kind != Comment || s.Cut {
			return true
		}
	}
}

// token reads the token that begins with c, which is no space.
func (s *Scanner) token(c byte) {
	s.Cut = false
	class := classes[c]
	switch {
	case class&letter != 0:
		s.word(c)
	case class&digit != 0 || c == '.' && classes[s.at(1)]&digit != 0:
		s.Kind = Number
		s.number()
	case class&operator != 0:
		switch next := s.at(1); {
		case c == '-' && next == '-':
			s.Kind = Comment
			s.line()
		case c == '/' && next == '*':
			s.Kind = Comment
			s.comment()
		default:
			s.Kind = Operator
			s.operator()
		}
	case c == '\'':
		s.Kind = String
		if s.escapes {
			s.Kind = EscapeString
		}
		s.quoted()
	case c == '"':
		s.Kind = Name
		s.doubled('"')
	case c == '$':
		s.dollar()
	default:
		s.Kind = Sign
		s.pos++
		if next := s.at(0); c == ':' && (next == ':' || next == '=') || c == '.' && next == '.' {
			s.pos++
		}
	}
	s.End = s.pos
}

// at returns the byte so far ahead, 0 past the end.
func (s *Scanner) at(n int) byte {
	if s.pos+n < len(s.text) {
		return s.text[s.pos+n]
	}
	return 0
}

func (s *Scanner) spaces() {
	for s.pos < len(s.text) && classes[s.text[s.pos]]&space != 0 {
		s.pos++
	}
}

// word reads a word, or what its first letter begins instead.
func (s *Scanner) word(c byte) {
	switch c | 0x20 {
	case 'e':
		if s.at(1) == '\'' {
			s.Kind = EscapeString
			s.pos++
			s.quoted()
			return
		}
	case 'b', 'x':
		if s.at(1) == '\'' {
			s.Kind = BitString
			s.pos++
			s.quoted()
			return
		}
	case 'u':
		if s.at(1) == '&' && s.at(2) == '\'' {
			s.Kind = UnicodeString
			s.pos += 2
			s.quoted()
			return
		}
		if s.at(1) == '&' && s.at(2) == '"' {
			s.Kind = UnicodeName
			s.pos += 2
			s.doubled('"')
			return
		}
	}
	s.Kind = Word
	pos := s.pos + 1
	for pos < len(s.text) && classes[s.text[pos]]&inWord != 0 {
		pos++
	}
	s.pos = pos
}

// number reads a number. One that a letter follows is refused by servers of today; older ones, which
// knew neither underscores nor other bases than ten, took the letter for the beginning of a word.
func (s *Scanner) number() {
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

// operator reads an operator, which ends where a comment begins. A longer one ends with + or - only
// if it has a sign that no operator of the standard has.
func (s *Scanner) operator() {
	pos, odd := s.pos, false
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
	n := bytes.IndexAny(s.text[s.pos:], "\r\n")
	if n < 0 {
		n = len(s.text) - s.pos
	}
	s.pos += n
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

// cut ends a token with the text.
func (s *Scanner) cut() { s.pos, s.Cut = len(s.text), true }

// dollar reads what begins with a dollar sign.
func (s *Scanner) dollar() {
	n := 1
	if classes[s.at(1)]&digit != 0 {
		s.Kind = Parameter
		for classes[s.at(n)]&digit != 0 {
			n++
		}
		s.pos += n
		return
	}
	for c := classes[s.at(n)]; c&letter != 0 || n > 1 && c&digit != 0; c = classes[s.at(n)] {
		n++
	}
	if s.at(n) != '$' {
		s.Kind = Sign
		s.pos++
		return
	}
	s.Kind = DollarString
	tag := s.text[s.pos : s.pos+n+1]
	s.pos += len(tag)
	end := bytes.Index(s.text[s.pos:], tag)
	if end < 0 {
		s.cut()
		return
	}
	s.pos += end + len(tag)
}

// tag returns the length of the dollar quote that a string begins with, and ends with if it is not cut off.
func (s *Scanner) tag() int { return bytes.IndexByte(s.text[s.Start+1:s.End], '$') + 2 }
