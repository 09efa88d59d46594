package sqltext

import (
	"strconv"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

// unescape writes what a part of E'...' stands for. It is false of a part that servers refuse, and
// of escapes for bytes that are no ASCII: what they are depends on the encoding of the database.
func unescape(b *strings.Builder, part []byte) bool {
	high := rune(-1) // the first half of a pair that stands for one character
	for len(part) > 0 {
		c := part[0]
		if c == '\'' && len(part) > 1 { // doubled
			part = part[1:]
		}
		if c != '\\' || len(part) == 1 {
			if high >= 0 {
				return false
			}
			b.WriteByte(c)
			part = part[1:]
			continue
		}
		c, n := part[1], 2
		switch {
		case c == 'u' || c == 'U':
			size := 4
			if c == 'U' {
				size = 8
			}
			code, ok := hex(string(part[2:min(len(part), 2+size)]), size)
			if !ok || !character(b, &high, code) {
				return false
			}
			part = part[2+size:]
			continue
		case '0' <= c && c <= '7':
			for n = 2; n < 4 && n < len(part) && classes[part[n]]&octal != 0; n++ {
			}
			code, _ := strconv.ParseUint(string(part[1:n]), 8, 16)
			c = byte(code)
		case c == 'x' && len(part) > 2 && classes[part[2]]&hexDigit != 0:
			if n = 3; len(part) > 3 && classes[part[3]]&hexDigit != 0 {
				n = 4
			}
			code, _ := strconv.ParseUint(string(part[2:n]), 16, 8)
			c = byte(code)
		default:
			if i := strings.IndexByte("bfnrtv", c); i >= 0 {
				c = "\b\f\n\r\t\v"[i]
			}
			n = 1 // what is escaped may be the first byte of several
		}
		if high >= 0 || n > 1 && (c == 0 || c >= utf8.RuneSelf) {
			return false
		}
		b.WriteByte(c)
		part = part[max(n, 2):]
	}
	return high < 0
}

// unicode returns what the inside of U&"..." or U&'...' stands for, by the escape of the UESCAPE that
// may follow the last token.
func (s *Scanner) unicode(inside string) (string, bool) {
	escape, ok := s.uescape()
	if !ok || s.escapes && s.Kind == UnicodeString { // which servers refuse then
		return "", false
	}
	var b strings.Builder
	high := rune(-1)
	for inside != "" {
		doubled := len(inside) > 1 && inside[1] == escape
		if c := inside[0]; c != escape || doubled {
			if high >= 0 {
				return "", false
			}
			b.WriteByte(c)
			if inside = inside[1:]; c == escape {
				inside = inside[1:]
			}
			continue
		}
		size := 4
		if inside = inside[1:]; strings.HasPrefix(inside, "+") {
			size, inside = 6, inside[1:]
		}
		code, ok := hex(inside, size)
		if !ok || !character(&b, &high, code) {
			return "", false
		}
		inside = inside[size:]
	}
	return b.String(), high < 0
}

// uescape returns the escape of the UESCAPE that may follow the last token. It is false of one that
// servers refuse.
func (s *Scanner) uescape() (byte, bool) {
	ahead := *s
	if !ahead.Solid() || !ahead.Is("uescape") {
		return '\\', true
	}
	if !ahead.Solid() || ahead.Kind == UnicodeString {
		return 0, false
	}
	value, ok := ahead.Value()
	if !ok || len(value) != 1 || strings.Contains(`+'"`, value) || classes[value[0]]&(hexDigit|space) != 0 {
		return 0, false
	}
	return value[0], true
}

// hex reads a number of so many digits.
func hex(text string, size int) (rune, bool) {
	if len(text) < size {
		return 0, false
	}
	for _, c := range []byte(text[:size]) {
		if classes[c]&hexDigit == 0 {
			return 0, false
		}
	}
	code, _ := strconv.ParseUint(text[:size], 16, 32)
	return rune(min(code, utf8.MaxRune+1)), true
}

// character writes a character by its code, or keeps it in high if it is the first half of one. It is
// false of a code that is no character's, and of halves that make no pair.
func character(b *strings.Builder, high *rune, code rune) bool {
	if *high >= 0 {
		code = utf16.DecodeRune(*high, code)
		*high = -1
		b.WriteRune(code)
		return code != utf8.RuneError
	}
	if 0xd800 <= code && code < 0xdc00 {
		*high = code
		return true
	}
	b.WriteRune(code)
	return code != 0 && utf8.ValidRune(code)
}
