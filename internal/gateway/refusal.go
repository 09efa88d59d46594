package gateway

import "bytes"

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
	refusedUse     = appendMessage(nil, msgDescribe, []byte("S"+missingMark), []byte{0})
	refusedChanged = appendMessage(nil, msgDescribe, []byte("S"+changedMark), []byte{0})
)

var (
	errNamedStatement = &failure{code: "0A000", message: "named prepared statements are not supported in transaction mode",
		detail: "The next transaction may run on another backend, which does not have the statement."}
	errNoStatement = &failure{code: "26000", message: "unnamed prepared statement does not exist",
		detail: "It was never parsed, its Parse failed, or a simple query or an error has ended it since."}
	errChanged = &failure{code: "0A000", message: "cached plan must not change result type",
		detail: "The unnamed statement was described to the client, and now has rows of another shape, since a table, a function or search_path was changed.",
		hint:   "Parse it again."}
)

// refusal is what is forwarded in the place of a refused message.
func (c *core) refusal(m message) []byte {
	switch {
	case m.typ == msgParse:
		name, _, _ := cstring(m.body())
		return refusedParseOf(name)
	case c.changed:
		return refusedChanged
	}
	return refusedUse
}

// refusedAs is what a client is told in the place of an ErrorResponse that
// answers a refusal, nil for other errors.
func refusedAs(body []byte) *failure {
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
