package sqltext

import (
	"bytes"
	"strings"
)

// Portable returns a text, written for standard_conforming_strings being on, as one that reads the same
// whatever standard_conforming_strings and backslash_quote are: each string with a backslash is made
// one of E'...'. U&'...' stays as it is, since servers refuse it where the parameter is off.
func Portable(sql string) string {
	var b strings.Builder
	for s := NewScanner([]byte(sql), false); s.Next(); {
		if s.Kind != String || bytes.IndexByte(s.Text(), '\\') < 0 {
			b.Write(s.Text())
			continue
		}
		b.WriteString(" E")
		b.Write(bytes.ReplaceAll(s.Text(), []byte(`\`), []byte(`\\`)))
	}
	return b.String()
}
