package testkit

import (
	"cmp"
	"errors"
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5/pgproto3"

	"github.com/unoactor/unoactor/internal/sqltext"
)

// Reply is what a fake server says to one simple query. The zero value is a
// command that succeeded, tagged with the query's first word.
type Reply struct {
	Columns []string // of type text; none for a command
	Rows    [][]string
	Tag     string                  // of CommandComplete; "" derives one
	Error   *pgproto3.ErrorResponse // instead of a result; FATAL ends the connection
	Instead Script                  // played instead of all above; it must answer by itself
}

// Answers is a table of simple queries, by their exact text without a trailing
// semicolon. Transaction commands, DISCARD ALL, DEALLOCATE ALL, the empty query, and what
// a pool asks each server that it connects to need no entry.
type Answers map[string]Reply

// builtin are the answers that need no entry.
var builtin = Answers{
	"begin": {}, "commit": {}, "rollback": {}, "discard all": {Tag: "DISCARD ALL"}, "deallocate all": {Tag: "DEALLOCATE ALL"},
}

// ofAPool answers what a pool asks a server about itself: when it was started, and whether
// it takes no writes. whatAPoolAsks is in that question, and hardly in another.
var ofAPool = Reply{Columns: []string{"started", "read_only"}, Rows: [][]string{{"1", "f"}}}

const whatAPoolAsks = "pg_postmaster_start_time()"

// Answer serves simple queries from a table until the client hangs up. A query
// that is not in the table gets an error, and [Fake.Err] reports it. The
// extended protocol is refused with 0A000.
func Answer(table Answers) Step {
	return func(c *Conversation) error {
		for {
			message, err := c.Receive()
			if err != nil {
				return err
			}
			query, ok := message.(*pgproto3.Query)
			if !ok {
				err = c.refuseExtended(message)
			} else if reply, known := table.find(query.String); known {
				err = c.answer(query.String, reply)
			} else {
				c.fake.report(c, fmt.Errorf("no answer to the query %q in the script", query.String))
				err = c.Send(c.failed(Error("ERROR", "42601", "not in the fake server's script: "+query.String)), c.Ready())
			}
			if err != nil {
				return err
			}
		}
	}
}

func (a Answers) find(sql string) (Reply, bool) {
	sql = strings.TrimRight(strings.TrimSpace(sql), "; ")
	if reply, ok := a[sql]; ok {
		return reply, true
	}
	if isEmpty(sql) {
		return Reply{}, true
	}
	if strings.Contains(sql, whatAPoolAsks) {
		return ofAPool, true
	}
	reply, ok := builtin[strings.ToLower(sql)]
	return reply, ok
}

// isEmpty says whether SQL has no statement.
func isEmpty(sql string) bool { return firstWord(sql) == "" }

// firstWord is the word that SQL begins with, in lower case, empty if there is no statement.
func firstWord(sql string) string {
	for statement := range sqltext.Statements([]byte(sql), false) {
		return cmp.Or(statement.Verb, "?")
	}
	return ""
}

func (c *Conversation) answer(sql string, reply Reply) error {
	if reply.Instead != nil {
		for _, step := range reply.Instead {
			if err := step(c); err != nil {
				return err
			}
		}
		return nil
	}
	if reply.Error != nil {
		if reply.Error.Severity != "ERROR" {
			return errors.Join(c.Send(reply.Error), errOver)
		}
		return c.Send(c.failed(reply.Error), c.Ready())
	}
	if isEmpty(sql) {
		return c.Send(&pgproto3.EmptyQueryResponse{}, c.Ready())
	}
	var messages []pgproto3.BackendMessage
	if reply.Columns != nil {
		messages = append(messages, describeColumns(reply.Columns))
	}
	for _, row := range reply.Rows {
		values := make([][]byte, len(row))
		for i, value := range row {
			values[i] = []byte(value)
		}
		messages = append(messages, &pgproto3.DataRow{Values: values})
	}
	messages = append(messages, &pgproto3.CommandComplete{CommandTag: []byte(c.complete(sql, reply))})
	return c.Send(append(messages, c.Ready())...)
}

// complete returns the tag and moves the transaction's status along.
func (c *Conversation) complete(sql string, reply Reply) string {
	word := strings.ToUpper(firstWord(sql))
	switch word {
	case "BEGIN":
		c.status = 'T'
	case "COMMIT", "ROLLBACK":
		if word == "COMMIT" && c.status == 'E' {
			word = "ROLLBACK"
		}
		c.status = 'I'
	}
	switch {
	case reply.Tag != "":
		return reply.Tag
	case reply.Columns != nil:
		return fmt.Sprintf("SELECT %d", len(reply.Rows))
	}
	return word
}

// failed moves the transaction's status along.
func (c *Conversation) failed(response *pgproto3.ErrorResponse) *pgproto3.ErrorResponse {
	if c.status == 'T' {
		c.status = 'E'
	}
	return response
}

// textType is PostgreSQL's object id of the type text.
const textType = 25

func describeColumns(names []string) *pgproto3.RowDescription {
	description := &pgproto3.RowDescription{}
	for _, name := range names {
		description.Fields = append(description.Fields, pgproto3.FieldDescription{
			Name: []byte(name), DataTypeOID: textType, DataTypeSize: -1, TypeModifier: -1,
		})
	}
	return description
}

// refuseExtended answers the first message of an extended query with an error
// and skips to its Sync, as a server does after any error.
func (c *Conversation) refuseExtended(message pgproto3.FrontendMessage) error {
	refusal := c.failed(Error("ERROR", "0A000", "the fake server knows simple queries only, not "+describe(message)))
	if err := c.Send(refusal); err != nil {
		return err
	}
	for {
		if _, ok := message.(*pgproto3.Sync); ok {
			return c.Send(c.Ready())
		}
		var err error
		if message, err = c.Receive(); err != nil {
			return err
		}
	}
}
