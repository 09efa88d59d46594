package testkit

import (
	"context"
	"errors"
	"fmt"
	"net"
	"slices"
	"sync"

	"github.com/jackc/pgx/v5/pgconn"
)

// Script is what a [Fake] does on one connection, step by step; after the last
// step the connection is closed.
type Script []Step

// Step is one thing that a fake server does on a connection. An error ends the
// connection; one that only says that the client went away is not reported.
type Step func(*Conversation) error

// Fake is a scripted PostgreSQL server, for faults that a real one cannot be
// made to show at the wanted moment. It talks over in-memory pipes, also inside
// a testing/synctest bubble, and over TCP. Its methods are safe for concurrent
// use.
type Fake struct {
	workers sync.WaitGroup
	ended   chan struct{} // closed by Close

	mu            sync.Mutex
	scripts       []Script // the first is for the next connection, the last for all further ones
	conversations map[*Conversation]struct{}
	listeners     []net.Listener
	connections   int
	cancels       int
	failures      []error
	closed        bool
}

// NewFake makes a fake server. The first connection plays the first script and
// so on; the last script serves every further connection. Cancel requests play
// none.
func NewFake(scripts ...Script) *Fake {
	if len(scripts) == 0 {
		panic("testkit: a fake server needs a script")
	}
	return &Fake{
		ended:         make(chan struct{}),
		scripts:       slices.Clone(scripts),
		conversations: make(map[*Conversation]struct{}),
	}
}

// Dial opens a connection to the fake through a pipe; it fits
// [pgconn.Config].DialFunc.
func (f *Fake) Dial(ctx context.Context, _, _ string) (net.Conn, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	client, server := net.Pipe()
	if !f.serve(server) {
		return nil, errors.New("testkit: the fake server is closed")
	}
	return client, nil
}

// Config is a configuration whose connections all go to the fake.
func (f *Fake) Config() (*pgconn.Config, error) {
	config, err := pgconn.ParseConfig("host=127.0.0.1 port=5432 user=fake password=fake dbname=fake sslmode=disable")
	if err != nil {
		return nil, err
	}
	config.DialFunc = f.Dial
	config.LookupFunc = func(_ context.Context, host string) ([]string, error) { return []string{host}, nil }
	return config, nil
}

// Listen opens a TCP port on 127.0.0.1 too, and returns host:port.
func (f *Fake) Listen() (string, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.closed {
		return "", errors.Join(errors.New("testkit: the fake server is closed"), listener.Close())
	}
	f.listeners = append(f.listeners, listener)
	f.workers.Go(func() {
		for {
			conn, err := listener.Accept()
			if err != nil || !f.serve(conn) {
				return
			}
		}
	})
	return listener.Addr().String(), nil
}

// Connections is how many connections there have been, cancel requests not counted.
func (f *Fake) Connections() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.connections
}

// Cancels is how many cancel requests named a connection that was open.
func (f *Fake) Cancels() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.cancels
}

// Err says what clients did against their scripts so far; nil if nothing.
func (f *Fake) Err() error {
	f.mu.Lock()
	defer f.mu.Unlock()
	return errors.Join(f.failures...)
}

// Close ends every connection and returns when no goroutine of the fake is
// left, with what Err says. It may be called again.
func (f *Fake) Close() error {
	f.mu.Lock()
	closedAlready := f.closed
	f.closed = true
	for _, listener := range f.listeners {
		_ = listener.Close() // it is not needed any more
	}
	for c := range f.conversations {
		_ = c.conn.Close() // the client learns of it
	}
	if !closedAlready {
		close(f.ended)
	}
	f.mu.Unlock()
	f.workers.Wait()
	return f.Err()
}

// serve plays a script with the other side of conn, unless the fake is closed.
func (f *Fake) serve(conn net.Conn) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.closed {
		_ = conn.Close() // nobody has used it
		return false
	}
	f.connections++
	c := newConversation(f, conn, f.connections)
	f.conversations[c] = struct{}{}
	script := f.scripts[0]
	if len(f.scripts) > 1 {
		f.scripts = f.scripts[1:]
		c.unplayed = script
	}
	f.workers.Go(func() { f.play(c, script) })
	return true
}

func (f *Fake) play(c *Conversation, script Script) {
	err := c.play(script)
	if err != nil {
		f.report(c, err)
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	delete(f.conversations, c)
	_ = c.conn.Close() // the script is over
}

// report keeps for Err what a client did against its script.
func (f *Fake) report(c *Conversation, err error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.failures = append(f.failures, fmt.Errorf("fake server, connection %d: %w", c.number, err))
}

// cancel gives a cancel request's connection its script back and wakes the
// conversation that it names.
func (f *Fake) cancel(by *Conversation, pid uint32, secret []byte) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.connections--
	if by.unplayed != nil {
		f.scripts = slices.Insert(f.scripts, 0, by.unplayed)
	}
	for c := range f.conversations {
		if c != by && c.pid == pid && slices.Equal(c.secret, secret) {
			f.cancels++
			select {
			case c.cancelled <- struct{}{}:
			default: // one is waiting to be seen already
			}
		}
	}
}
