package unitofwork

import (
	"strings"

	"github.com/unoactor/unoactor/internal/sqltext"
)

// portable is SQL that reads the same whatever standard_conforming_strings and
// backslash_quote are: of a text that was written for its being on.
func portable(sql string) string {
	if !strings.Contains(sql, `\`) {
		return sql
	}
	return sqltext.Portable(sql)
}

// hasNullElement says whether SQL has a string that could be an array with a NULL in it.
func hasNullElement(sql string) bool {
	return strings.Contains(sql, "{NULL") || strings.Contains(sql, ",NULL")
}
