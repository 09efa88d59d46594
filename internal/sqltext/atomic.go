package sqltext

// AllOrNothing says whether a text that failed outside a transaction has done nothing that a rollback
// would not undo. Its statements are one transaction, unless one of them is about transactions, or
// can't be run in one, or runs code that may commit, as CALL and DO do (PostgreSQL documentation,
// "Multiple Statements in a Simple Query"; PL/pgSQL, "Transaction Management").
//
// It errs on the side of false.
func AllOrNothing(sql string) bool {
	return inEveryReading([]byte(sql), func(s Statement) bool {
		if s.Nested || s.Open {
			return false
		}
		switch s.Verb {
		case "select", "values", "table", "with", "insert", "update", "delete", "merge", "truncate", "set", "grant", "revoke", "comment", "refresh":
			return true
		case "create", "alter", "drop":
			for w := s.Scanner(); w.Solid(); {
				if w.Is("concurrently") || w.Is("database") || w.Is("tablespace") || w.Is("subscription") || w.Is("system") {
					return false
				}
			}
			return true
		}
		return false
	})
}

// StaysWithin says whether a text certainly leaves the transaction that it runs in open, so that it is
// undone where the connection is lost. It errs on the side of false.
func StaysWithin(sql string) bool {
	return inEveryReading([]byte(sql), func(s Statement) bool {
		if s.Nested || s.Open {
			return false
		}
		switch s.Verb {
		case "select", "values", "table", "with", "insert", "update", "delete", "merge", "truncate", "set", "reset", "show",
			"grant", "revoke", "comment", "refresh", "create", "alter", "drop", "copy", "lock", "call", "do", "declare", "fetch",
			"move", "close", "explain", "analyze", "listen", "unlisten", "notify", "execute", "deallocate", "savepoint", "release",
			"begin", "start", "cluster", "reindex", "reassign", "security", "import", "discard", "load":
			return true
		}
		return false
	})
}
