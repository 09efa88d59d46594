package gateway

import "github.com/unoactor/unoactor/internal/sqltext"

// onlyReads says whether the text in a message is one statement that changes nothing.
func onlyReads(sql []byte) bool {
	if text, _, ok := cstring(sql); ok {
		sql = text
	}
	return sqltext.OnlyReads(sql)
}
