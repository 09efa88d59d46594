package unitofwork

import (
	"strings"

	"github.com/unoactor/unoactor/internal/sqltext"
)

// portable is SQL that reads the same whatever standard_conforming_strings and
// backslash_quote are: of a text that was written for its being on, each string with a
// backslash is made one of E'...'.
func portable(sql string) string {
	if !strings.Contains(sql, `\`) {
		return sql
	}
	var b strings.Builder
	w := sqltext.Words{Text: []byte(sql)}
	for w.Pos < len(w.Text) {
		start, prefixed := w.Pos, w.Pos > 0 && w.Text[w.Pos-1] == '&' // U&'...', in which it is an escape of another kind
		w.Skip()
		token := sql[start:w.Pos]
		if token[0] != '\'' || prefixed || !strings.Contains(token, `\`) {
			b.WriteString(token)
			continue
		}
		b.WriteString(" E")
		b.WriteString(strings.ReplaceAll(token, `\`, `\\`))
	}
	return b.String()
}

// hasNullElement says whether SQL has a string that could be an array with a NULL in it.
func hasNullElement(sql string) bool {
	return strings.Contains(sql, "{NULL") || strings.Contains(sql, ",NULL")
}
