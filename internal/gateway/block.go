package gateway

import (
	"bytes"

	"github.com/unoactor/unoactor/internal/sqltext"
)

// block judges the body of a DO block: statements between the words of its language, and others in
// the strings that it executes. Where each begins is guessed; SET inside is not carried.
func (c *core) block(w *sqltext.Words) string {
	for ahead := *w; ahead.Pos < len(ahead.Text) && ahead.Text[ahead.Pos] != ';'; {
		start := ahead.Pos
		ahead.Skip()
		body := ahead.Text[start:ahead.Pos]
		escapes := is(body[:1], "e") && bytes.IndexByte(body, '\'') == 1
		if body[0] != '\'' && !escapes && (body[0] != '$' || len(body) < 4) {
			continue
		}
		if body[0] == '$' { // between the dollar quotes
			n := bytes.IndexByte(body[1:], '$') + 2
			body = body[n:max(n, len(body)-n)]
		}
		inside := sqltext.Words{Text: bytes.Map(opened, body), Names: true}
		begins := true
		for {
			word, ok := inside.Next()
			if !ok {
				break
			}
			why := ""
			if begins && !inside.Quoted {
				why = c.judgeInside(word, &inside)
			}
			if why == "" && (!inside.Quoted || called(&inside)) {
				why = c.anywhere(word, &inside)
			}
			if why != "" {
				return why
			}
			begins = isEnd(word, &inside) || is(word, "begin") || is(word, "then") || is(word, "else") || is(word, "loop")
		}
	}
	return ""
}

// opened makes the strings in the body of a DO block statements beside the others.
func opened(r rune) rune {
	if r == '\'' || r == '$' {
		return ';'
	}
	return r
}

// judgeInside is judge for a statement of a DO block. What SET and RESET do there is not followed.
func (c *core) judgeInside(word []byte, w *sqltext.Words) string {
	switch {
	case is(word, "set"), is(word, "reset"):
		if next, _ := w.Next(); !is(next, "local") && !is(next, "constraints") && !is(next, "transaction") {
			return "SET in a DO block"
		}
	case is(word, "listen"):
		return "LISTEN"
	case is(word, "load"):
		return "LOAD"
	}
	return ""
}
