package gateway

import (
	"bytes"

	"github.com/unoactor/unoactor/internal/sqltext"
)

// maxAhead is how many bytes are looked at once more for calls of set_config within others.
const maxAhead = 4 * bufferSize

// localConfig says whether the call of set_config that follows is openly for the
// transaction only: its last argument is the word true.
// It looks that far ahead, in all calls of a text together, and then says no.
func localConfig(w *sqltext.Words, far *int) bool {
	ahead := *w
	defer func() { *far -= ahead.Pos - w.Pos }()
	if n := w.Pos + max(*far, 0); n < len(ahead.Text) {
		ahead.Text = ahead.Text[:n]
	}
	depth := 0
	last := false // true is all that there is since the last comma
	for ahead.Pos < len(ahead.Text) {
		switch ahead.Text[ahead.Pos] {
		case '(':
			depth++
			last = false
			ahead.Pos++
		case ')':
			if depth--; depth <= 0 {
				return last
			}
			last = false
			ahead.Pos++
		case ',':
			ahead.Pos++
			before := ahead.Pos
			word, ok := ahead.Next()
			last = ok && depth == 1 && is(word, "true") && len(bytes.TrimSpace(ahead.Text[before:ahead.Pos])) == len("true")
			if !last {
				ahead.Pos = before
			}
		case ' ', '\t', '\n', '\r':
			ahead.Pos++
		default:
			last = false
			ahead.Skip()
		}
	}
	return false
}
