package supervisor

import "strings"

// WithoutLiterals is a statement with a ? for every literal in it, as an event or
// a log may show it: a password is one too. It knows the literals of PostgreSQL's
// manual, 4.1.2 ("Constants"); one that is cut off ends the statement.
func WithoutLiterals(sql string) string {
	var b strings.Builder
	for i := 0; i < len(sql); {
		switch c := sql[i]; {
		case c == '\'':
			i = quoted(sql, i, false)
			b.WriteByte('?')
		case (c == 'e' || c == 'E') && i+1 < len(sql) && sql[i+1] == '\'' && !inWord(sql, i):
			i = quoted(sql, i+1, true)
			b.WriteByte('?')
		case c == '"':
			end := closing(sql, i+1, `"`)
			b.WriteString(sql[i:end])
			i = end
		case c == '$' && !inWord(sql, i) && dollarTag(sql[i:]) != "":
			tag := dollarTag(sql[i:])
			i = closing(sql, i+len(tag), tag)
			b.WriteByte('?')
		case isDigit(c) && !inWord(sql, i):
			for i < len(sql) && (isWord(sql[i]) || sql[i] == '.') {
				i++
			}
			b.WriteByte('?')
		default:
			b.WriteByte(c)
			i++
		}
	}
	return b.String()
}

// quoted is where the literal ends that begins with the quote at i.
func quoted(sql string, i int, escapes bool) int {
	for i++; i < len(sql); i++ {
		switch {
		case escapes && sql[i] == '\\':
			i++
		case sql[i] == '\'' && i+1 < len(sql) && sql[i+1] == '\'':
			i++
		case sql[i] == '\'':
			return i + 1
		}
	}
	return len(sql)
}

func closing(sql string, from int, end string) int {
	if at := strings.Index(sql[from:], end); at >= 0 {
		return from + at + len(end)
	}
	return len(sql)
}

// dollarTag is the tag that opens a dollar-quoted literal, "" if none begins here;
// a parameter, as $1, is none.
func dollarTag(s string) string {
	for i := 1; i < len(s); i++ {
		if s[i] == '$' {
			return s[:i+1]
		}
		if !isWord(s[i]) || i == 1 && isDigit(s[i]) {
			return ""
		}
	}
	return ""
}

func inWord(sql string, i int) bool { return i > 0 && (isWord(sql[i-1]) || sql[i-1] == '$') }

func isDigit(c byte) bool { return c >= '0' && c <= '9' }

func isWord(c byte) bool {
	return isDigit(c) || c == '_' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= 0x80
}
