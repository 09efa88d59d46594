package supervisor_test

import (
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/jackc/pgx/v5/pgproto3"

	"github.com/unoactor/unoactor/testkit"
)

// bServer is a scripted server that does as it is told, and counts.
type bServer struct {
	mu       sync.Mutex
	connects time.Duration                            // how long it takes to log in
	answer   func(sql string) *pgproto3.ErrorResponse // nil, or what it says to a query

	hangs                  bool // it answers nothing any more
	entering, mostEntering int  // logging in now, and at most at once
	open, mostOpen         int  // connections
	entered, left          int  // so far
}

func (s *bServer) fake() *testkit.Fake {
	return testkit.NewFake(testkit.Script{s.serve})
}

func (s *bServer) count(entering, open int) time.Duration {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.entering += entering
	s.open += open
	s.mostEntering, s.mostOpen = max(s.mostEntering, s.entering), max(s.mostOpen, s.open)
	switch open {
	case 1:
		s.entered++
	case -1:
		s.left++
	}
	return s.connects
}

// seen returns the counters, and begins a new look for the greatest.
func (s *bServer) seen() (open, mostOpen, mostEntering, entered int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	open, mostOpen, mostEntering, entered = s.open, s.mostOpen, s.mostEntering, s.entered
	s.mostOpen, s.mostEntering = s.open, s.entering
	return open, mostOpen, mostEntering, entered
}

// slow says how long a login takes from now on.
func (s *bServer) slow(d time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.connects = d
}

// hang makes the server answer nothing from now on.
func (s *bServer) hang() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.hangs = true
}

// dead waits for the end, if the server hangs.
func (s *bServer) dead(c *testkit.Conversation) {
	s.mu.Lock()
	hangs := s.hangs
	s.mu.Unlock()
	if hangs {
		<-c.Closed()
	}
}

func (s *bServer) serve(c *testkit.Conversation) error {
	took := s.count(1, 1)
	defer s.count(0, -1)
	s.dead(c)
	err := testkit.Wait(took)(c)
	if err == nil {
		err = testkit.Login()(c)
	}
	s.count(-1, 0)
	for err == nil {
		var message pgproto3.FrontendMessage
		if message, err = c.Receive(); err != nil {
			break
		}
		s.dead(c)
		switch m := message.(type) {
		case *pgproto3.Query:
			err = s.reply(c, m.String)
		case *pgproto3.Sync: // a ping
			err = c.Send(c.Ready())
		default:
			return fmt.Errorf("want a simple query or a ping, got %T", message)
		}
	}
	return err
}

func (s *bServer) reply(c *testkit.Conversation, sql string) error {
	if s.answer != nil {
		if e := s.answer(sql); e != nil {
			return c.Send(e, c.Ready())
		}
	}
	switch {
	case strings.HasPrefix(sql, "--"):
		return c.Send(&pgproto3.EmptyQueryResponse{}, c.Ready())
	case strings.Contains(sql, "pg_postmaster_start_time"):
		return c.Send(
			&pgproto3.RowDescription{Fields: []pgproto3.FieldDescription{{Name: []byte("started"), DataTypeOID: 20, DataTypeSize: 8}, {Name: []byte("readonly"), DataTypeOID: 16, DataTypeSize: 1}}},
			&pgproto3.DataRow{Values: [][]byte{[]byte("1"), []byte("f")}},
			&pgproto3.CommandComplete{CommandTag: []byte("SELECT 1")}, c.Ready())
	}
	return c.Send(&pgproto3.CommandComplete{CommandTag: []byte("DO")}, c.Ready())
}
