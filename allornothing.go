package unoactor

import "strings"

// allOrNothing says whether a text that failed outside a transaction has done nothing
// that a rollback would not undo. Its statements are one transaction, unless one of
// them is about transactions, or can't be run in one, or runs code that may commit,
// as CALL and DO do. See the documentation of PostgreSQL, "Multiple Statements in a
// Simple Query" and "Transaction Management" of PL/pgSQL.
//
// It errs on the side of false.
func allOrNothing(sql string) bool {
	for verb, statement := range verbs(sql) {
		switch verb {
		case "select", "values", "table", "with", "insert", "update", "delete", "merge", "truncate", "set", "grant", "revoke", "comment", "refresh":
		case "create", "alter", "drop":
			if statement = strings.ToLower(statement); strings.Contains(statement, "concurrently") || strings.Contains(statement, "database") ||
				strings.Contains(statement, "tablespace") || strings.Contains(statement, "subscription") || strings.Contains(statement, "system") {
				return false
			}
		default:
			return false
		}
	}
	return true
}

// skipComments returns the text from where its first statement begins, which may be
// at a comment that does not end.
func skipComments(sql string) string {
	for {
		sql = strings.TrimLeft(sql, " \t\n\r\f\v(")
		end := -1
		switch {
		case strings.HasPrefix(sql, "--"):
			end = strings.IndexAny(sql, "\r\n")
		case strings.HasPrefix(sql, "/*"):
			end = blockComment(sql)
		}
		if end < 0 {
			return sql
		}
		sql = sql[end:]
	}
}

// blockComment returns where the comment ends that sql begins with, -1 if it doesn't.
// Comments nest.
func blockComment(sql string) int {
	depth := 0
	for i := 0; i+1 < len(sql); i++ {
		switch sql[i : i+2] {
		case "/*":
			depth++
			i++
		case "*/":
			depth--
			i++
			if depth == 0 {
				return i + 1
			}
		}
	}
	return -1
}
