package protocol

import (
	"bytes"

	"github.com/unoactor/unoactor/internal/gateway/wire"
)

// A message that is refused is replaced by one that no server understands: the
// server fails as it would by itself, with the transaction aborted and the rest
// of the batch skipped, and its error is replaced in turn. The marks in its text
// tell it from others.
const (
	namedMark   = "unoactor_refuses_named_statements"
	missingMark = "unoactor_knows_no_such_statement"
	changedMark = "unoactor_knows_another_such_statement"
)

var (
	refusedUse     = wire.Append(nil, wire.Describe, []byte("S"+missingMark), []byte{0})
	refusedChanged = wire.Append(nil, wire.Describe, []byte("S"+changedMark), []byte{0})
)

var (
	errNamedStatement = &wire.Error{Code: "0A000", Message: "named prepared statements are not supported in transaction mode",
		Detail: "The next transaction may run on another backend, which does not have the statement."}
	errNoStatement = &wire.Error{Code: "26000", Message: "unnamed prepared statement does not exist",
		Detail: "It was never parsed, its Parse failed, or a simple query or an error has ended it since."}
	errChanged = &wire.Error{Code: "0A000", Message: "cached plan must not change result type",
		Detail: "The unnamed statement was described to the client, and now has rows of another shape, since a table, a function or search_path was changed.",
		Hint:   "Parse it again."}
)

// refusal is what is forwarded in the place of a refused message.
func (m *Machine) refusal(msg wire.Message) []byte {
	switch {
	case msg.Type == wire.Parse:
		name, _, _ := wire.CString(msg.Body())
		return refusedParseOf(name)
	case m.statements.Stale:
		return refusedChanged
	}
	return refusedUse
}

// refusedAs is what a client is told in the place of an ErrorResponse that
// answers a refusal, nil for other errors.
func refusedAs(body []byte) *wire.Error {
	switch {
	case bytes.Contains(body, []byte(namedMark)):
		return namedRefused(body)
	case bytes.Contains(body, []byte(missingMark)):
		return errNoStatement
	case bytes.Contains(body, []byte(changedMark)):
		return errChanged
	}
	return nil
}
