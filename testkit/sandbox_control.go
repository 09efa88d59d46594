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

// controlOf returns what a text does about transactions, by its words. A text of several statements is
// beyond a sandbox if one of them begins or ends a transaction.
func controlOf(sql string) control {
	found, statements := noControl, 0
	for statement := range sqltext.Statements([]byte(sql), false) {
		statements++
		if c := judge(firstWords(statement)); c != noControl {
			found = c
		}
	}
	if found != noControl && statements > 1 {
		return beyond
	}
	return found
}

// firstWords are those of a statement, in lower case.
func firstWords(statement sqltext.Statement) (words []string) {
	s := statement.Scanner()
	for len(words) < 16 && s.Solid() { // what comes later decides nothing
		if s.Kind == sqltext.Word {
			words = append(words, strings.ToLower(string(s.Text())))
		}
	}
	return words
}

func judge(statement []string) control {
	if len(statement) == 0 {
		return noControl
	}
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
