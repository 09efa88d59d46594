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

// Scanner cuts a text into tokens. A copy of a Scanner reads ahead.
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
	if s.spaces(); s.pos > s.Start {
		s.Kind, s.Cut, s.End = Space, false, s.pos
		return true
	}
	return s.token()
}

// Solid goes to the next token that is neither space nor a comment; a comment that is cut off is no
// space. It returns false at the end of the text.
func (s *Scanner) Solid() bool {
	for {
		if s.spaces(); !s.token() {
			return false
		}
		if s.Kind != Comment || s.Cut {
			return true
		}
	}
}

func (s *Scanner) spaces() {
	pos := s.pos
	for pos < len(s.text) && classes[s.text[pos]]&space != 0 {
		pos++
	}
	s.pos = pos
}

// token reads the token that is here, which is no space.
func (s *Scanner) token() bool {
	s.Start, s.Cut = s.pos, false
	if s.pos >= len(s.text) {
		s.End = s.pos
		return false
	}
	c := s.text[s.pos]
	switch class := classes[c]; {
	case class&letter != 0:
		s.word(c)
	case class&digit != 0:
		s.number()
	case class&operator != 0:
		s.operator(c)
	default:
		s.sign(c)
	}
	s.End = s.pos
	return true
}

// word reads a word, or what its first letter begins instead.
func (s *Scanner) word(c byte) {
	s.Kind = Word
	pos := s.pos + 1
	for pos < len(s.text) && classes[s.text[pos]]&inWord != 0 {
		pos++
	}
	if s.pos = pos; pos != s.Start+1 || pos == len(s.text) {
		return
	}
	switch next := s.text[pos]; {
	case next == '\'' && c|0x20 == 'e':
		s.Kind = EscapeString
		s.quoted()
	case next == '\'' && (c|0x20 == 'b' || c|0x20 == 'x'):
		s.Kind = BitString
		s.quoted()
	case next == '&' && c|0x20 == 'u' && s.at(1) == '\'':
		s.Kind = UnicodeString
		s.pos++
		s.quoted()
	case next == '&' && c|0x20 == 'u' && s.at(1) == '"':
		s.Kind = UnicodeName
		s.pos++
		s.doubled('"')
	}
}

// sign reads what begins with a sign that no operator has.
func (s *Scanner) sign(c byte) {
	next := s.at(1)
	switch {
	case c == '\'':
		s.Kind = String
		if s.escapes {
			s.Kind = EscapeString
		}
		s.quoted()
		return
	case c == '"':
		s.Kind = Name
		s.doubled('"')
		return
	case c == '$':
		s.dollar()
		return
	case c == '.' && classes[next]&digit != 0:
		s.number()
		return
	case c == ':' && (next == ':' || next == '='), c == '.' && next == '.':
		s.pos++
	}
	s.Kind = Sign
	s.pos++
}

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

// at returns the byte so far ahead, 0 past the end.
func (s *Scanner) at(n int) byte {
	if s.pos+n < len(s.text) {
		return s.text[s.pos+n]
	}
	return 0
}

// cut ends a token with the text.
func (s *Scanner) cut() { s.pos, s.Cut = len(s.text), true }
