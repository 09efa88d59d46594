package sqltext

import (
	"strconv"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

// unescape writes what a part of E'...' stands for. It is false of a part that servers refuse or read
// differently, as they do escapes for bytes that are no ASCII, by the encoding of their database.
func unescape(b *strings.Builder, part []byte) bool {
	high := rune(-1) // the first half of a pair that stands for one character
	for len(part) > 0 {
		c, n := part[0], 1
		switch {
		case c == '\'' && len(part) > 1: // doubled
			n = 2
		case c == '\\' && len(part) > 1:
			var code rune
			switch code, n = escape(part); {
			case n == 0:
				return false
			case part[1]|0x20 == 'u':
				if !character(b, &high, code) {
					return false
				}
				part = part[n:]
				continue
			}
			c = byte(code)
		}
		if high >= 0 {
			return false
		}
		b.WriteByte(c)
		part = part[n:]
	}
	return high < 0
}

// escape returns the code of the character, or of its first byte, that an escape stands for, and how
// long that is: 0 if unescape is false of it.
func escape(part []byte) (code rune, n int) {
	run := func(from, most int, of class) string {
		n = from
		for n < min(len(part), from+most) && classes[part[n]]&of != 0 {
			n++
		}
		return string(part[from:n])
	}
	number := func(digits string, base int) (rune, int) {
		code, _ := strconv.ParseUint(digits, base, 16)
		if code &= 0xff; code == 0 || code >= utf8.RuneSelf {
			return 0, 0
		}
		return rune(code), n
	}
	switch c := part[1]; {
	case c == 'u' || c == 'U':
		size := 4
		if c == 'U' {
			size = 8
		}
		code, ok := hex(string(part[2:min(len(part), 2+size)]), size)
		if !ok {
			return 0, 0
		}
		return code, 2 + size
	case '0' <= c && c <= '7':
		return number(run(1, 3, octal), 8)
	case c == 'x' && len(part) > 2 && classes[part[2]]&hexDigit != 0:
		return number(run(2, 2, hexDigit), 16)
	case c == 'v':
		return 0, 0 // a vertical tab since PostgreSQL 16, the letter before
	default:
		if i := strings.IndexByte("bfnrt", c); i >= 0 {
			c = "\b\f\n\r\t"[i]
		}
		return rune(c), 2
	}
}

// unicode returns what the inside of U&"..." or U&'...' stands for, by the escape of the UESCAPE that
// may follow the last token.
func (s *Scanner) unicode(inside string) (string, bool) {
	mark, ok := s.uescape()
	if !ok || s.escapes && s.Kind == UnicodeString { // which servers refuse then
		return "", false
	}
	var b strings.Builder
	high := rune(-1)
	for inside != "" {
		doubled := len(inside) > 1 && inside[1] == mark
		if c := inside[0]; c != mark || doubled {
			if high >= 0 {
				return "", false
			}
			b.WriteByte(c)
			if inside = inside[1:]; c == mark {
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
