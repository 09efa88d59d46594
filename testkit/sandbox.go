package testkit

import (
	"context"
	"errors"
	"fmt"
	"net"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgproto3"

	"github.com/unoactor/unoactor"
	"github.com/unoactor/unoactor/config"
	"github.com/unoactor/unoactor/conn"
)

// Box is the sandbox of a test: see [Sandbox]. It is safe for concurrent use.
type Box struct {
	t       testing.TB
	origin  *unoactor.DB
	own     *unoactor.DB
	system  *unoactor.System
	lease   unoactor.Lease
	backend *conn.Backend

	turn      chan struct{} // holds a value while a session uses the backend
	patience  time.Duration // how long a session waits for the turn
	server    *pgproto3.Frontend
	lost      atomic.Pointer[error] // why the backend was lost, nil if it was not
	temporary temporaries           // who has the turn has them
	locals    locals                // likewise
	lastID    atomic.Uint32
	clients   sync.WaitGroup

	mu   sync.Mutex
	open map[uint32]*sandboxed
}

// How long things of a sandbox may take.
const (
	turnTime  = 5 * time.Second
	finalTime = 5 * time.Second // for the sandbox to end with its test
	drainTime = time.Second     // for leases that are still out then
)

// SandboxOptions are what a test can choose about its sandbox. The zero value is the default.
type SandboxOptions struct {
	// TurnTime is how long a statement waits while another session of the test is in
	// a transaction. Default 5 s.
	TurnTime time.Duration
}

// Sandbox gives a test a transaction of its own on a database, which is rolled back
// when the test ends. Whatever works on a [unoactor.DB] works on that of the box, and
// sees what the test wrote before, and nobody else does: transactions are savepoints in
// the test's, and a statement that fails undoes only itself. Tests that run in parallel
// do not see each other; they wait for each other where they write the same rows, as
// transactions do. The idea is that of the SQL sandbox of Ecto (Elixir).
//
//	func TestSomething(t *testing.T) {
//		box := testkit.Sandbox(t, db)
//		register(t.Context(), box.DB(), "ann@example.com")    // given the box's database
//		serve(box.Allow(t.Context()), request)                // uses db itself
//	}
//
// The box takes one backend of db for as long as the test runs, and waits for it in
// db's queue: there may be more tests than backends.
//
// Each statement outside a transaction, and each transaction, ends with what a server does
// at a commit: deferred constraints are checked and their triggers fire, and what that
// refuses is undone and told as a server tells it; then constraints are deferred or
// immediate as they were declared, what was SET LOCAL (or by a set_config that names its
// parameter) is what it was, cursors WITHOUT HOLD are closed, and temporary tables that were
// made with ON COMMIT are emptied or dropped. Parameters and tables are found in the text of
// the statements: what a function sets or makes stays.
//
// It is one transaction, so some things are not as outside: now() stands still; an
// isolation level other than the first is not had; what can't be done in a transaction
// (VACUUM, CREATE DATABASE, CREATE INDEX CONCURRENTLY, PREPARE TRANSACTION, a COMMIT within
// a procedure) is refused; what is SET, and temporary tables, are seen by all sessions of
// the box; locks, of rows and advisory ones, are held as long as the box, and never keep
// its own sessions from each other; NOTIFY is never sent; sequences are not rolled back.
// While one session of the box is in a transaction the others wait, at most for
// [SandboxOptions].TurnTime, and then get SQLSTATE 55P03. At most one set of options may be
// given.
//
// A lease or session that is still open when the test ends fails the test.
func Sandbox(t testing.TB, db *unoactor.DB, options ...SandboxOptions) *Box {
	t.Helper()
	if len(options) > 1 {
		t.Fatal("testkit: more than one SandboxOptions")
	}
	patience := turnTime
	if len(options) == 1 && options[0].TurnTime > 0 {
		patience = options[0].TurnTime
	}
	box, err := newBox(t, db, patience)
	if err != nil {
		t.Fatalf("testkit: sandbox: %v", err)
	}
	t.Cleanup(func() {
		if err := box.close(); err != nil {
			t.Errorf("testkit: sandbox: %v", err)
		}
	})
	return box
}

// DB returns the database as the test sees it.
func (box *Box) DB() *unoactor.DB { return box.own }

// Allow returns a context in which the database that the sandbox was made of is that of the box: for
// code that uses the former, on any goroutine.
func (box *Box) Allow(ctx context.Context) context.Context {
	return unoactor.Redirect(ctx, box.origin, box.own)
}

func newBox(t testing.TB, db *unoactor.DB, patience time.Duration) (*Box, error) {
	ctx := t.Context()
	l, err := db.Acquire(ctx)
	if err != nil {
		return nil, err
	}
	box := &Box{t: t, origin: db, lease: l, turn: make(chan struct{}, 1), patience: patience, open: make(map[uint32]*sandboxed),
		temporary: make(temporaries), locals: locals{known: make(map[string]bool), before: make(map[string]*string)}}
	if err := box.begin(ctx); err != nil {
		l.Destroy(err)
		return nil, err
	}
	p := db.Pool().Config()
	box.system, err = unoactor.New(ctx, config.Topology{
		Nodes: []config.Node{{Name: "sandbox", User: "sandbox", Database: "sandbox", TLS: config.TLS{Mode: "disable"}}},
		Pools: []config.Pool{{Name: p.Name, Node: "sandbox", Size: 10, AcquireTimeout: p.AcquireTimeout, Retry: p.Retry, DrainTimeout: drainTime,
			MaxLifetime: config.Never, IdleTimeout: config.Never, KeepAlive: config.Never, ValidateAfterIdle: config.Never}},
	}, unoactor.WithDial(box.dial), unoactor.WithSessions(db.SessionConfig()))
	if err == nil {
		box.own, err = box.system.DB(p.Name)
	}
	if err != nil {
		l.Destroy(err)
		return nil, err
	}
	return box, nil
}

// begin starts the test's transaction.
func (box *Box) begin(ctx context.Context) error {
	b, err := box.lease.Backend()
	if err != nil {
		return err
	}
	socket, err := b.NetConn(ctx)
	if err != nil {
		return err
	}
	box.backend, box.server = b, pgproto3.NewFrontend(socket, socket)
	if _, refused, err := box.execute("begin"); err != nil || refused != nil {
		return fmt.Errorf("begin: %w", errors.Join(err, asError(refused)))
	}
	return nil
}

// close ends all sessions and the test's transaction.
func (box *Box) close() error {
	ctx, cancel := context.WithTimeout(context.Background(), finalTime) // the test's own has ended
	defer cancel()
	err := box.system.Close(ctx)
	if err != nil {
		err = fmt.Errorf("a lease or a session was left open, and ended: %w", err)
	}
	box.clients.Wait()
	if box.lost.Load() == nil {
		if _, refused, failed := box.execute("rollback"); failed != nil || refused != nil {
			err = errors.Join(err, failed, asError(refused))
		}
	}
	if lost := box.lost.Load(); lost != nil {
		box.lease.Destroy(*lost)
		return err
	}
	box.backend.Taint() // it has prepared statements
	box.lease.Release()
	return err
}

// dial connects a session to the sandbox.
func (box *Box) dial(context.Context, string, string) (net.Conn, error) {
	if lost := box.lost.Load(); lost != nil {
		return nil, fmt.Errorf("the sandbox's backend was lost: %w", *lost)
	}
	client, ours := net.Pipe()
	v := &sandboxed{box: box, id: box.lastID.Add(1), socket: ours, client: pgproto3.NewBackend(ours, ours)}
	box.clients.Go(v.serve)
	return hangUp{client, ours}, nil
}

// hangUp is one end of a pipe, of which the writing half can be closed.
type hangUp struct {
	net.Conn
	other net.Conn
}

// CloseWrite closes the writing half: the other end reads the end of the stream.
func (h hangUp) CloseWrite() error { return h.other.SetReadDeadline(time.Unix(1, 0)) }

// fail stores why the backend was lost, and closes the sessions.
func (box *Box) fail(err error) {
	box.lost.CompareAndSwap(nil, &err)
	box.mu.Lock()
	defer box.mu.Unlock()
	for _, v := range box.open {
		_ = v.socket.Close() // of a pipe: it can't fail
	}
}

// execute runs SQL of the sandbox's own, and returns the first column of the last row. The caller has the
// turn.
func (box *Box) execute(sql string) (value string, refused *pgproto3.ErrorResponse, err error) {
	box.server.Send(&pgproto3.Query{String: sql})
	if err := box.server.Flush(); err != nil {
		return "", nil, err
	}
	return box.readAnswer()
}

// readAnswer reads the server's answer to a statement of the sandbox's own: the first column of its last
// row, or the error with which the server refused it.
func (box *Box) readAnswer() (value string, refused *pgproto3.ErrorResponse, err error) {
	for {
		message, err := box.server.Receive()
		if err != nil {
			return "", nil, err
		}
		switch m := message.(type) {
		case *pgproto3.DataRow:
			value = string(m.Values[0])
		case *pgproto3.ErrorResponse:
			copied := *m
			refused = &copied
		case *pgproto3.ReadyForQuery:
			return value, refused, nil
		}
	}
}

func asError(r *pgproto3.ErrorResponse) error {
	if r == nil {
		return nil
	}
	return fmt.Errorf("%s: %s (SQLSTATE %s)", r.Severity, r.Message, r.Code)
}
