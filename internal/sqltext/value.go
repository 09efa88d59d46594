package sqltext

import (
	"bytes"
	"strings"
)

// Value returns what the last token stands for, if it is a string constant: without quotes, escapes
// and line breaks between its parts. It is false of any other token, of one that is cut off, and of
// one that servers refuse or read differently, by their version or the encoding of the database.
func (s *Scanner) Value() (string, bool) {
	if s.Cut {
		return "", false
	}
	var b strings.Builder
	switch s.Kind {
	case DollarString:
		token, n := s.Text(), s.tag()
		return string(token[n : len(token)-n]), true
	case String:
		for part := range s.parts {
			b.Write(bytes.ReplaceAll(part, []byte("''"), []byte("'")))
		}
		return b.String(), true
	case EscapeString:
		for part := range s.parts {
			if !unescape(&b, part) {
				return "", false
			}
		}
		return b.String(), true
	case UnicodeString:
		for part := range s.parts {
			b.Write(bytes.ReplaceAll(part, []byte("''"), []byte("'")))
		}
		return s.unicode(b.String())
	}
	return "", false
}

// parts yields what stands between the quotes of a constant, and of those that continue it.
func (s *Scanner) parts(yield func([]byte) bool) {
	inner := Scanner{Token: s.Token, text: s.text[:s.End], pos: s.Start + bytes.IndexByte(s.text[s.Start:s.End], '\'')}
	for {
		start := inner.pos + 1
		inner.quote()
		if !yield(inner.text[start:inner.pos-1]) || !inner.continues() {
			return
		}
	}
}

// Name returns the name that the last token is: of a word, in lower case as servers fold it. It is
// false of any other token, of one that is cut off, and of one that a server would refuse. Servers
// cut names off after 63 bytes, which Name does not.
func (s *Scanner) Name() (string, bool) {
	if s.Cut {
		return "", false
	}
	switch token := s.Text(); s.Kind {
	case Word:
		return lower(token), true
	case Name:
		return strings.ReplaceAll(string(token[1:len(token)-1]), `""`, `"`), len(token) > 2
	case UnicodeName:
		name, ok := s.unicode(strings.ReplaceAll(string(token[3:len(token)-1]), `""`, `"`))
		return name, ok && name != ""
	}
	return "", false
}

// isName says whether the last token is this name, which is in lower case and has no quotes in it.
func (s *Scanner) isName(name string) bool {
	switch token := s.Text(); s.Kind {
	case Word:
		return equal(token, name)
	case Name:
		return len(token) == len(name)+2 && string(token[1:len(token)-1]) == name
	case UnicodeName:
		said, ok := s.Name()
		return ok && said == name
	}
	return false
}

// lower returns a word in lower case, as far as it is ASCII.
func lower(word []byte) string {
	small := string(word)
	for i, c := range word {
		if 'A' <= c && c <= 'Z' {
			out := []byte(small)
			for ; i < len(out); i++ {
				if 'A' <= out[i] && out[i] <= 'Z' {
					out[i] += 'a' - 'A'
				}
			}
			return string(out)
		}
	}
	return small
}
