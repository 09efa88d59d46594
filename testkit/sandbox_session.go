package testkit

import (
	"context"
	"encoding/binary"
	"fmt"
	"net"
	"sync"
	"time"

	"github.com/jackc/pgx/v5/pgproto3"

	"github.com/unoactor/unoactor/internal/sqltext"
)

// The savepoints of a sandbox. The names may be used again within themselves.
const (
	undoable    = "unoactor_statement"   // around what is outside a transaction
	transaction = "unoactor_transaction" // what stands for a transaction
)

// sandboxed is the server's side of a connection to a sandbox. It passes the client's messages on to the
// one backend, which it shares with the others, with savepoints in the place of transactions.
//
//	outside --first message--> in a group --Sync or the end of a Query--> outside
//	   |                                                                    ^
//	   '-- BEGIN --> in a transaction (its groups pass as they are) -- COMMIT, ROLLBACK
//
// A session that is in a group or in a transaction has the turn.
type sandboxed struct {
	box    *Box
	id     uint32
	socket net.Conn
	client *pgproto3.Backend

	inTransaction bool
	begun         string                  // what the last BEGIN is answered
	status        byte                    // T or E, in a transaction
	simple        bool                    // the group is a simple query
	grouped       bool                    // in a group of the extended protocol
	executed      bool                    // which runs something
	refusal       *pgproto3.ErrorResponse // of that group
	gone          bool                    // the client does not listen any more

	mu      sync.Mutex
	running bool // has a statement that a cancel request may cancel
}

func (v *sandboxed) serve() {
	defer v.socket.Close()
	if !v.welcome() {
		return
	}
	v.box.mu.Lock()
	v.box.open[v.id] = v
	v.box.mu.Unlock()
	err := v.talk()
	v.box.mu.Lock()
	delete(v.box.open, v.id)
	v.box.mu.Unlock()
	if err != nil {
		v.box.fail(err)
	}
}

// welcome answers the startup, or a cancel request.
func (v *sandboxed) welcome() bool {
	message, err := v.client.ReceiveStartupMessage()
	if err != nil {
		return false
	}
	if c, ok := message.(*pgproto3.CancelRequest); ok {
		v.box.cancel(c)
		return false
	}
	v.client.Send(&pgproto3.AuthenticationOk{})
	for name, value := range v.box.backend.Parameters() {
		v.client.Send(&pgproto3.ParameterStatus{Name: name, Value: value})
	}
	v.client.Send(&pgproto3.BackendKeyData{ProcessID: v.box.backend.PID(), SecretKey: binary.BigEndian.AppendUint32(nil, v.id)})
	v.ready()
	return !v.gone
}

// cancel cancels what a session of the box runs, and nothing else.
func (box *Box) cancel(c *pgproto3.CancelRequest) {
	if len(c.SecretKey) != 4 {
		return
	}
	box.mu.Lock()
	v := box.open[binary.BigEndian.Uint32(c.SecretKey)]
	box.mu.Unlock()
	if v == nil {
		return
	}
	v.mu.Lock() // so that it can't end, and another begin, meanwhile
	defer v.mu.Unlock()
	if v.running {
		ctx, cancel := context.WithTimeout(context.Background(), turnTime)
		defer cancel()
		_ = box.backend.CancelRequest(ctx) // if it fails the statement just goes on
	}
}

// talk passes messages on until the client is gone. Its error says how the backend was lost.
func (v *sandboxed) talk() error {
	for !v.gone {
		message, err := v.client.Receive()
		if err != nil {
			break
		}
		switch m := message.(type) {
		case *pgproto3.Terminate:
			v.gone = true
		case *pgproto3.Query:
			err = v.query(m)
		case *pgproto3.Sync:
			err = v.sync()
		case *pgproto3.FunctionCall:
			v.refusal = refusal("0A000", "function calls of the protocol are not known to a sandbox", "call the function in a query")
			err = v.sync()
		case *pgproto3.Flush:
			err = v.flush()
		case pgproto3.FrontendMessage:
			err = v.extended(m)
		}
		if err != nil {
			return err
		}
	}
	return v.leave()
}

// leave ends what the client left open.
func (v *sandboxed) leave() error {
	v.gone = true
	if v.grouped {
		if err := v.sync(); err != nil {
			return err
		}
	}
	if v.inTransaction {
		return v.end(rollingBack)
	}
	return nil
}

// enter takes the turn. Outside a transaction it sets the savepoint to which a failed statement goes back,
// whose answer comes first. sql is the first text that will be sent.
func (v *sandboxed) enter(sql string) *pgproto3.ErrorResponse {
	if !v.inTransaction {
		select {
		case v.box.turn <- struct{}{}:
		case <-time.After(v.box.patience):
			r := refusal("55P03", "the sandbox is one transaction, and another session of this test is in a transaction, or in the middle of a statement, for "+v.box.patience.String(),
				"end the one before the other begins, or do both in one session")
			r.Detail = "In a sandbox the sessions of a test share a backend: they can take turns, but not be in two transactions at once."
			return r
		}
		v.box.locals.enter(v.box)
	}
	v.box.note(sql, true)
	if !v.inTransaction {
		v.box.server.Send(&pgproto3.Query{String: "savepoint " + undoable})
	}
	v.run(true)
	return nil
}

// note reads SQL that is going to be sent. The caller has the turn.
func (box *Box) note(sql string, askable bool) {
	box.temporary.note(sql)
	box.locals.note(box, sql, askable)
}

func (v *sandboxed) run(running bool) {
	v.mu.Lock()
	v.running = running
	v.mu.Unlock()
}

// leaveTurn gives the turn to the next, unless a transaction keeps it.
func (v *sandboxed) leaveTurn() {
	if !v.inTransaction {
		<-v.box.turn
	}
}

func (v *sandboxed) query(m *pgproto3.Query) error {
	c := controlOf(m.String)
	if c == beyond {
		v.refuse(cantControl())
		return nil
	}
	if c != noControl {
		v.begun = "BEGIN"
		for statement := range sqltext.Statements([]byte(m.String), false) {
			if statement.Verb == "start" {
				v.begun = "START TRANSACTION"
			}
		}
		return v.end(c)
	}
	if r := v.enter(m.String); r != nil {
		v.refuse(r)
		return nil
	}
	v.box.server.Send(m)
	v.simple = true
	err := v.answer()
	v.simple = false
	return err
}

// end does what a sandbox does for BEGIN, COMMIT and ROLLBACK.
func (v *sandboxed) end(c control) error {
	switch {
	case v.inTransaction && (c == beginning || c == beginningReadOnly):
		v.client.Send(&pgproto3.NoticeResponse{Severity: "WARNING", SeverityUnlocalized: "WARNING", Code: "25001", Message: "there is already a transaction in progress"})
		v.complete(v.begun)
		return nil
	case c == beginning || c == beginningReadOnly:
		return v.begin(c)
	case !v.inTransaction:
		v.client.Send(&pgproto3.NoticeResponse{Severity: "WARNING", SeverityUnlocalized: "WARNING", Code: "25P01", Message: "there is no transaction in progress"})
		v.complete(map[control]string{committing: "COMMIT", rollingBack: "ROLLBACK"}[c])
		return nil
	case c == committing && v.status == 'T':
		return v.commit()
	}
	err := v.must("rollback to savepoint " + transaction + "; release savepoint " + transaction)
	v.endTransaction("ROLLBACK")
	return err
}

func (v *sandboxed) begin(c control) error {
	if r := v.enter(""); r != nil {
		v.refuse(r)
		return nil
	}
	v.run(false)
	if err := v.flushServer(); err != nil {
		return err
	}
	if err := v.must("release savepoint " + undoable + "; savepoint " + transaction); err != nil {
		return err
	}
	v.inTransaction, v.status = true, 'T'
	if c == beginningReadOnly {
		if err := v.must("set transaction read only"); err != nil {
			return err
		}
	}
	v.complete(v.begun)
	return nil
}

// commit commits what stands for a transaction, or rolls it back if a server would
// refuse to commit it.
func (v *sandboxed) commit() error {
	v.run(true)
	refused, err := v.box.commit()
	v.run(false)
	if err != nil {
		return err
	}
	if refused != nil {
		err := v.must("rollback to savepoint " + transaction + "; release savepoint " + transaction)
		v.client.Send(refused)
		v.endTransaction("")
		return err
	}
	err = v.must("release savepoint " + transaction)
	v.endTransaction("COMMIT")
	return err
}

// endTransaction ends what stands for a transaction.
func (v *sandboxed) endTransaction(tag string) {
	v.inTransaction = false
	<-v.box.turn
	v.complete(tag)
}

func (v *sandboxed) complete(tag string) {
	if tag != "" {
		v.client.Send(&pgproto3.CommandComplete{CommandTag: []byte(tag)})
	}
	v.ready()
}

// must runs a statement of the sandbox's own that can't be refused.
func (v *sandboxed) must(sql string) error {
	_, refused, err := v.box.execute(sql)
	if refused != nil {
		err = fmt.Errorf("%s: %w", sql, asError(refused))
	}
	return err
}

// extended passes on a message of the extended protocol.
func (v *sandboxed) extended(m pgproto3.FrontendMessage) error {
	switch m.(type) {
	case *pgproto3.Parse, *pgproto3.Bind, *pgproto3.Describe, *pgproto3.Execute, *pgproto3.Close:
	default:
		return nil // of a COPY that has ended
	}
	if v.refusal != nil {
		return nil // until Sync
	}
	var sql string
	if p, ok := m.(*pgproto3.Parse); ok {
		sql = p.Query
	}
	if controlOf(sql) != noControl {
		v.refusal = cantControl()
		return nil
	}
	if v.grouped {
		v.box.note(sql, false)
	} else {
		if v.refusal = v.enter(sql); v.refusal != nil {
			return nil
		}
		v.grouped = true
	}
	if _, ok := m.(*pgproto3.Execute); ok {
		v.executed = true
	}
	v.rename(m)
	v.box.server.Send(m)
	return nil
}

// rename changes the names of statements and portals so that those of sessions that share a backend differ.
func (v *sandboxed) rename(m pgproto3.FrontendMessage) {
	own := func(name *string) {
		if *name != "" {
			*name = fmt.Sprintf("sandbox_%d_%s", v.id, *name)
		}
	}
	switch m := m.(type) {
	case *pgproto3.Parse:
		own(&m.Name)
	case *pgproto3.Bind:
		own(&m.PreparedStatement)
		own(&m.DestinationPortal)
	case *pgproto3.Describe:
		own(&m.Name)
	case *pgproto3.Execute:
		own(&m.Portal)
	case *pgproto3.Close:
		own(&m.Name)
	}
}

// flush refuses a Flush: answers would have to be passed on before a Sync.
func (v *sandboxed) flush() error {
	if v.refusal == nil {
		v.refusal = refusal("0A000", "a sandbox answers at Sync, not at Flush", "end each pipeline with a Sync")
		v.client.Send(v.refusal)
		return v.client.Flush()
	}
	return nil
}

// sync ends a group.
func (v *sandboxed) sync() error {
	r := v.refusal
	v.refusal = nil
	if !v.grouped {
		if r != nil {
			v.refuse(r)
		} else {
			v.ready()
		}
		return nil
	}
	v.grouped = false
	if r != nil { // it was refused in its middle: what was done is undone
		v.client.Send(r)
		v.box.server.Send(&pgproto3.Parse{Query: "refused by the sandbox"})
	}
	v.box.server.Send(&pgproto3.Sync{})
	return v.answer()
}
