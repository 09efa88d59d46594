package supervisor_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/jackc/pgx/v5/pgproto3"

	"github.com/unoactor/unoactor/testkit"
)

// temper is how a modelServer receives those who connect.
type temper int

const (
	welcoming  temper = iota
	slow              // it lets half a second pass first
	down              // nobody listens
	mute              // it takes the connection and says nothing
	starting          // SQLSTATE 57P03
	crowded           // 53300
	forbidding        // 28P01
)

func (t temper) String() string {
	return [...]string{"welcoming", "slow", "down", "mute", "starting", "crowded", "forbidding"}[t]
}

// A modelServer speaks enough PostgreSQL, in memory, to be pooled, and knows
// who is connected and which connections are leased. It is safe for concurrent
// use.
type modelServer struct {
	temper  atomic.Int32
	started atomic.Int64 // what it says of itself, in microseconds
	workers sync.WaitGroup

	mu       sync.Mutex
	sessions map[uint32]*modelSession
	last     uint32  // process id
	peak     int     // most sessions since it was last asked
	dials    int     // attempts to log in
	touched  []error // what it saw that must not happen
	closed   bool
}

// A modelSession is the server's process behind one connection.
type modelSession struct {
	pid    uint32
	socket net.Conn
	since  time.Time
	// held is 1 while somebody holds the lease of the connection, as those who get
	// and give leases back say.
	held      atomic.Int32
	cancelled chan struct{}
	used      bool // somebody asked it something: whoever dialed did not give up before
}

func newModelServer() *modelServer {
	s := &modelServer{sessions: make(map[uint32]*modelSession)}
	s.started.Store(1)
	return s
}

// Dial fits conn.DialerOptions.
func (s *modelServer) Dial(ctx context.Context, network, address string) (net.Conn, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed || temper(s.temper.Load()) == down {
		return nil, &net.OpError{Op: "dial", Net: network, Err: fmt.Errorf("%s: %w", address, syscall.ECONNREFUSED)}
	}
	client, socket := newDuplex()
	s.workers.Go(func() {
		defer func() { _ = socket.Close() }() // the client learns of it
		s.serve(socket)
	})
	return client, nil
}

func (s *modelServer) serve(socket net.Conn) {
	wire := pgproto3.NewBackend(socket, socket)
	first, err := wire.ReceiveStartupMessage()
	if err != nil {
		return
	}
	if c, is := first.(*pgproto3.CancelRequest); is {
		if it := s.session(c.ProcessID); it != nil {
			select {
			case it.cancelled <- struct{}{}:
			default: // one is waiting to be seen
			}
		}
		return
	}
	s.mu.Lock()
	s.dials++
	s.mu.Unlock()
	switch temper(s.temper.Load()) {
	case slow:
		time.Sleep(500 * time.Millisecond) //nolint:forbidigo // in a bubble, how time passes
	case mute:
		_, _ = socket.Read(make([]byte, 1)) // until the client gives up
		return
	case starting:
		_ = send(wire, testkit.Error("FATAL", "57P03", "the database system is starting up"))
		return
	case crowded:
		_ = send(wire, testkit.Error("FATAL", "53300", "sorry, too many clients already"))
		return
	case forbidding:
		_ = send(wire, testkit.Error("FATAL", "28P01", "password authentication failed"))
		return
	}
	it := s.begin(socket)
	if it == nil {
		return
	}
	defer s.end(it) // before the socket is closed
	key := fmt.Appendf(nil, "%04d", it.pid%10000)
	if send(wire, &pgproto3.AuthenticationOk{}, &pgproto3.BackendKeyData{ProcessID: it.pid, SecretKey: key}, &pgproto3.ReadyForQuery{TxStatus: 'I'}) != nil {
		return
	}
	s.converse(it, wire)
}

func (s *modelServer) converse(it *modelSession, wire *pgproto3.Backend) {
	status := byte('I')
	for {
		message, err := wire.Receive()
		if err != nil {
			return
		}
		s.asked(it)
		if it.held.Load() != 0 {
			if q, is := message.(*pgproto3.Query); !is || !strings.HasSuffix(q.String, ofHolder) {
				s.report(fmt.Errorf("backend %d was sent %s while it is leased", it.pid, said(message)))
			}
		}
		if _, ping := message.(*pgproto3.Sync); ping {
			if send(wire, &pgproto3.ReadyForQuery{TxStatus: status}) != nil {
				return
			}
			continue
		}
		query, is := message.(*pgproto3.Query)
		if !is {
			if _, bye := message.(*pgproto3.Terminate); !bye {
				s.report(fmt.Errorf("backend %d was sent %s", it.pid, said(message)))
			}
			return
		}
		var answer []pgproto3.BackendMessage
		words := strings.Fields(strings.ToLower(strings.TrimSuffix(strings.TrimSpace(query.String), ";")))
		switch {
		case len(words) == 0 || words[0] == "--":
			answer = append(answer, &pgproto3.EmptyQueryResponse{})
		case words[0] == "sleep":
			select {
			case <-it.cancelled: // by a request that came when nothing ran
			default:
			}
			select {
			case <-it.cancelled:
				answer = append(answer, testkit.Error("ERROR", "57014", "canceling statement due to user request"))
			case <-time.After(time.Second):
				answer = append(answer, &pgproto3.CommandComplete{CommandTag: []byte("SLEEP")})
			}
		case words[0] == "select" && strings.Contains(query.String, "pg_postmaster_start_time"):
			answer = append(answer, &pgproto3.RowDescription{Fields: []pgproto3.FieldDescription{
				{Name: []byte("started"), DataTypeOID: 25}, {Name: []byte("read_only"), DataTypeOID: 25}}},
				&pgproto3.DataRow{Values: [][]byte{strconv.AppendInt(nil, s.started.Load(), 10), []byte("f")}},
				&pgproto3.CommandComplete{CommandTag: []byte("SELECT 1")})
		case words[0] == "begin":
			status = 'T'
			answer = append(answer, &pgproto3.CommandComplete{CommandTag: []byte("BEGIN")})
		default:
			if words[0] == "rollback" {
				status = 'I'
			}
			answer = append(answer, &pgproto3.CommandComplete{CommandTag: []byte(strings.ToUpper(words[0]))})
		}
		if send(wire, append(answer, &pgproto3.ReadyForQuery{TxStatus: status})...) != nil {
			return
		}
	}
}

// ofHolder ends every statement of a lease's holder: all others are the pool's.
const ofHolder = " /* holder */"

func said(message pgproto3.FrontendMessage) string {
	if q, is := message.(*pgproto3.Query); is {
		return fmt.Sprintf("%q", q.String)
	}
	return strings.TrimPrefix(fmt.Sprintf("%T", message), "*pgproto3.")
}

func send(wire *pgproto3.Backend, messages ...pgproto3.BackendMessage) error {
	for _, m := range messages {
		wire.Send(m)
	}
	return wire.Flush()
}

func (s *modelServer) begin(socket net.Conn) *modelSession {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return nil
	}
	s.last++
	it := &modelSession{pid: s.last, socket: socket, since: time.Now(), cancelled: make(chan struct{}, 1)}
	s.sessions[it.pid] = it
	return it
}

func (s *modelServer) end(it *modelSession) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.sessions, it.pid)
}

func (s *modelServer) session(pid uint32) *modelSession {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.sessions[pid]
}

// newest is the last process there was.
func (s *modelServer) newest() uint32 {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.last
}

func (s *modelServer) report(err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.touched = append(s.touched, err)
}

// asked counts a session from its first message on.
func (s *modelServer) asked(it *modelSession) {
	s.mu.Lock()
	defer s.mu.Unlock()
	it.used = true
	s.peak = max(s.peak, s.inUse())
}

func (s *modelServer) inUse() int {
	n := 0
	for _, it := range s.sessions {
		if it.used {
			n++
		}
	}
	return n
}

// count is how many are connected, how many were at most since it was last
// asked, and how often somebody tried to log in.
func (s *modelServer) count() (live, peak, dials int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	live, peak, dials = s.inUse(), s.peak, s.dials
	s.peak = live
	return live, peak, dials
}

// wrong is what it saw that must not happen.
func (s *modelServer) wrong() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return errors.Join(s.touched...)
}

// hangUp ends those sessions that which says, as the server's administrator could.
func (s *modelServer) hangUp(which func(*modelSession) bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, it := range s.sessions {
		if which(it) {
			_ = it.socket.Close() // its process ends with it
		}
	}
}

// close ends the server and returns when none of its goroutines is left.
func (s *modelServer) close() {
	s.mu.Lock()
	s.closed = true
	s.mu.Unlock()
	s.hangUp(func(*modelSession) bool { return true })
	s.workers.Wait()
}
