package sqltext

// class is what a byte may be part of.
type class uint16

const (
	space class = 1 << iota
	letter
	inWord // letters, digits and $
	digit
	hexDigit
	octal
	binary
	operator
	oddOperator // an operator with one of these may end with + or -
)

// classes are those of all bytes. Bytes of characters outside ASCII are letters.
var classes = func() (t [256]class) {
	for c := range t {
		if 'a' <= c|0x20 && c|0x20 <= 'z' && c < 0x80 || c == '_' || c >= 0x80 {
			t[c] |= letter | inWord
		}
	}
	for chars, class := range map[string]class{
		" \t\n\r\f\v":            space,
		"0123456789":             digit | inWord,
		"0123456789abcdefABCDEF": hexDigit,
		"01234567":               octal,
		"01":                     binary,
		"$":                      inWord,
		"~!@#^&|`?+-*/%<>=":      operator,
		"~!@#^&|`?%":             oddOperator,
	} {
		for _, c := range []byte(chars) {
			t[c] |= class
		}
	}
	return t
}()
