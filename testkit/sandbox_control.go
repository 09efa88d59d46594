package testkit

import (
	"strings"

	"github.com/unoactor/unoactor/internal/sqltext"
)

// control is what a text does about transactions.
type control int

const (
	noControl control = iota
	beginning
	beginningReadOnly
	committing
	rollingBack
	// beyond is what a sandbox can't do: it is one transaction.
	beyond
)

// controlOf judges a text by its words. A text of several statements of which one is
// about transactions is beyond, but for those about savepoints.
func controlOf(sql string) control {
	w := sqltext.Words{Text: []byte(sql)}
	found, statements := noControl, 0
	for {
		statement, more := nextStatement(&w)
		if len(statement) > 0 {
			statements++
			if c := judge(statement); c != noControl {
				found = c
			}
		}
		if !more {
			break
		}
	}
	if found != noControl && statements > 1 {
		return beyond
	}
	return found
}

// nextStatement is the words up to a semicolon, in lower case.
func nextStatement(w *sqltext.Words) (statement []string, more bool) {
	for {
		word, ok := w.Next()
		if !ok || word[0] == ';' {
			return statement, ok
		}
		if len(statement) < 16 { // what comes later decides nothing
			statement = append(statement, strings.ToLower(string(word)))
		}
	}
}

func judge(statement []string) control {
	rest := strings.Join(statement[1:], " ")
	rest = strings.TrimPrefix(strings.TrimPrefix(rest, "transaction"), "work")
	rest = strings.TrimSpace(rest)
	chained := strings.HasPrefix(rest, "and chain") || strings.HasPrefix(rest, "prepared")
	switch statement[0] {
	case "begin":
		return begun(rest)
	case "start":
		if len(statement) > 1 && statement[1] == "transaction" {
			return begun(rest)
		}
	case "commit", "end":
		if chained {
			return beyond
		}
		return committing
	case "rollback", "abort":
		switch {
		case chained:
			return beyond
		case rest == "to" || strings.HasPrefix(rest, "to "):
			return noControl // of a savepoint
		}
		return rollingBack
	case "prepare":
		if len(statement) > 1 && statement[1] == "transaction" {
			return beyond
		}
	}
	return noControl
}

func begun(options string) control {
	if strings.Contains(options, "read only") {
		return beginningReadOnly
	}
	return beginning
}
