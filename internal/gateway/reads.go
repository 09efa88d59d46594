package gateway

import (
	"bytes"

	"github.com/unoactor/unoactor/internal/sqltext"
)

// harmless are words that a parenthesis may follow in a statement that changes
// nothing: keywords, and functions that everybody uses. Any other word there is
// taken for a function that may write.
var harmless = func() map[string]bool {
	set := make(map[string]bool)
	for _, word := range bytes.Fields([]byte(`all and any array as between by case cast coalesce count current_timestamp distinct else
		exists extract filter from generate_series greatest having in is lateral least length like limit lower max min not now
		nullif offset on or over partition round row select some sum avg substring then to_char trim union unnest upper using
		values when where with pg_backend_pid current_setting version abs`)) {
		set[string(word)] = true
	}
	return set
}()

// onlyReads says whether the text is one statement that changes nothing: a query
// that calls no function but harmless ones, or the beginning of a transaction.
func onlyReads(sql []byte) bool {
	if text, _, ok := cstring(sql); ok {
		sql = text
	}
	w := sqltext.Words{Text: sql}
	word, ok := w.Next()
	if !ok || !is(word, "select") && !is(word, "show") && !is(word, "values") && !is(word, "table") && !is(word, "begin") && !is(word, "start") {
		return false
	}
	if bytes.IndexByte(sql, '\\') >= 0 {
		return false // where a string ends may depend on a setting
	}
	if bytes.IndexByte(sql, '"') >= 0 && bytes.IndexByte(sql, '(') >= 0 {
		return false // a quoted name may be a function's
	}
	for ; ok; word, ok = w.Next() {
		switch {
		case word[0] == ';':
			_, more := w.Next()
			return !more
		case is(word, "into"):
			return false
		case called(&w) && !harmless[string(bytes.ToLower(word))]:
			return false
		}
	}
	return true
}

// called says whether a parenthesis follows the word that next has returned.
func called(w *sqltext.Words) bool {
	rest := bytes.TrimLeft(w.Text[w.Pos:], " \t\r\n\f\v")
	return len(rest) > 0 && (rest[0] == '(' || rest[0] == '/' || rest[0] == '-' && len(rest) > 1 && rest[1] == '-')
}
