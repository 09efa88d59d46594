package testkit

import (
	"bytes"

	"github.com/jackc/pgx/v5/pgproto3"
)

// answer passes on what the backend says up to the end of a group of messages, and, outside a
// transaction, commits the group.
func (v *sandboxed) answer() error {
	if err := v.flushServer(); err != nil {
		return err
	}
	status, done, err := v.pass()
	if err == nil && !v.inTransaction {
		err = v.conclude(status, done)
	}
	v.run(false)
	if err != nil {
		return err
	}
	v.status, v.executed = status, false
	v.leaveTurn()
	v.ready()
	return nil
}

// conclude commits a group, or undoes it if it failed. If it is committed, done is sent to the client,
// unless it is nil.
func (v *sandboxed) conclude(status byte, done *pgproto3.CommandComplete) error {
	var refused *pgproto3.ErrorResponse
	if status == 'T' && (v.simple || v.executed) {
		var err error
		if refused, err = v.box.commit(); err != nil {
			return err
		}
	}
	v.run(false)
	switch {
	case refused != nil:
		v.client.Send(refused)
	case done != nil:
		v.client.Send(done)
	}
	undo := "release savepoint " + undoable
	if status == 'E' || refused != nil {
		undo = "rollback to savepoint " + undoable + "; " + undo
	}
	return v.must(undo)
}

// flushServer sends what waits, and reads the answer to the savepoint before it.
func (v *sandboxed) flushServer() error {
	if err := v.box.server.Flush(); err != nil || v.inTransaction {
		return err
	}
	_, refused, err := v.box.readAnswer()
	if refused != nil {
		return asError(refused)
	}
	return err
}

// passedAtOnce is how many messages are passed on in one write.
const passedAtOnce = 64

// pass passes on what the backend says. Outside a transaction it returns, instead of passing it on, what a
// server says after it has committed: the tag of the last statement of a simple query.
func (v *sandboxed) pass() (status byte, done *pgproto3.CommandComplete, err error) {
	for n := 1; ; n++ {
		message, err := v.box.server.Receive()
		if err != nil {
			return 0, nil, err
		}
		if ready, ok := message.(*pgproto3.ReadyForQuery); ok {
			return ready.TxStatus, done, nil
		}
		if done != nil {
			v.client.Send(done)
			done = nil
		}
		switch m := message.(type) {
		case *pgproto3.CommandComplete:
			if !v.inTransaction && v.simple {
				done = &pgproto3.CommandComplete{CommandTag: bytes.Clone(m.CommandTag)}
				continue
			}
		case *pgproto3.CopyInResponse:
			v.client.Send(m)
			v.tell()
			if err := v.copyIn(); err != nil {
				return 0, nil, err
			}
			continue
		case *pgproto3.ErrorResponse:
			if m.Code == "25001" && m.Hint == "" {
				m.Hint = "a sandbox is one transaction: test this outside of it, on a database of the test's own"
			}
		}
		v.client.Send(message)
		if n%passedAtOnce == 0 {
			v.tell()
		}
	}
}

// copyIn passes on what the client copies into the server.
func (v *sandboxed) copyIn() error {
	for {
		message, err := v.client.Receive()
		if err != nil {
			v.gone = true
			message = &pgproto3.CopyFail{Message: "the client is gone"}
		}
		switch message.(type) {
		case *pgproto3.CopyData:
			v.box.server.Send(message)
			if err := v.box.server.Flush(); err != nil {
				return err
			}
		case *pgproto3.CopyDone, *pgproto3.CopyFail:
			v.box.server.Send(message)
			return v.box.server.Flush()
		}
	}
}

// tell sends the client what waits for it. Nothing more is sent to a client that is gone, but what it had
// begun is ended in order.
func (v *sandboxed) tell() {
	if !v.gone && v.client.Flush() != nil {
		v.gone = true
	}
}

func (v *sandboxed) ready() {
	status := byte('I')
	if v.inTransaction {
		status = v.status
	}
	v.client.Send(&pgproto3.ReadyForQuery{TxStatus: status})
	v.tell()
}

func (v *sandboxed) refuse(r *pgproto3.ErrorResponse) {
	v.client.Send(r)
	v.ready()
}

func refusal(code, message, hint string) *pgproto3.ErrorResponse {
	return &pgproto3.ErrorResponse{Severity: "ERROR", SeverityUnlocalized: "ERROR", Code: code, Message: message, Hint: hint}
}

func cantControl() *pgproto3.ErrorResponse {
	r := refusal("0A000", "a sandbox can't do this about transactions", "send BEGIN, COMMIT or ROLLBACK as a simple query of its own")
	r.Detail = "The test is in one transaction, in which BEGIN, COMMIT and ROLLBACK are savepoints: they can't be chained, prepared, or be one of several statements."
	return r
}
