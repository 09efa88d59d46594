package gateway

import (
	"context"
	"errors"
	"fmt"
	"net"
	"sync"
	"sync/atomic"
	"time"

	"github.com/hashicorp/go-hclog"

	"github.com/unoactor/unoactor/config"
	"github.com/unoactor/unoactor/conn"
)

// Pool is where a client's backends come from.
type Pool interface {
	TryAcquire() (conn.Lease, bool)
	Acquire(context.Context) (conn.Lease, error)
	Slots() *conn.Slots     // where a client queues that waits for nothing but a slot
	Settings() *config.Pool // not to be changed
	// WriteRefused says that the server refused to write: SQLSTATE 25006.
	WriteRefused()
}

// Router finds the pool of a client. Its error is told to the client.
type Router interface {
	Route(database, user string) (Pool, error)
}

// Options say what a server serves. Config must be complete; Log may be nil.
type Options struct {
	Config config.Gateway
	Router Router
	Log    hclog.Logger
}

// Server serves the PostgreSQL protocol. Its methods are safe for concurrent use.
type Server struct {
	config    config.Gateway
	router    Router
	log       hclog.Logger
	auth      *authenticator
	listeners []net.Listener
	registry  registry
	welcomes  welcomes
	counters  counters

	ticks    atomic.Int64 // seconds, roughly
	draining atomic.Bool
	clients  sync.WaitGroup // the goroutines of clients
	accepts  sync.WaitGroup // the goroutines of listeners
	watch    chan struct{}  // closed to end the watcher
}

// New makes a server that listens to nothing yet.
func New(o Options) (*Server, error) {
	if o.Config.Auth != config.Trust && len(o.Config.Users) == 0 {
		return nil, fmt.Errorf("nobody could log in to the gateway: its auth is %s and it has no user; "+
			"add one to the topology: gateway { user \"app\" { password = ... } }", o.Config.Auth)
	}
	auth, err := newAuthenticator(o.Config)
	if err != nil {
		return nil, err
	}
	s := &Server{config: o.Config, router: o.Router, log: o.Log, auth: auth, watch: make(chan struct{})}
	s.ticks.Store(1)
	if s.log == nil {
		s.log = hclog.NewNullLogger()
	}
	return s, nil
}

// Serve accepts clients until Shutdown, and returns the error of a listener that
// failed before.
func (s *Server) Serve() error {
	failed := make(chan error, len(s.listeners))
	for _, l := range s.listeners {
		s.accepts.Go(func() { failed <- s.accept(l) })
	}
	s.accepts.Go(s.watchWaiting)
	var err error
	for range s.listeners {
		if e := <-failed; e != nil && err == nil && !s.draining.Load() {
			err = e
			s.closeListeners()
		}
	}
	return err
}

func (s *Server) accept(l net.Listener) error {
	for {
		c, err := l.Accept()
		if err != nil {
			var temporary interface{ Temporary() bool }
			if errors.As(err, &temporary) && temporary.Temporary() && !s.draining.Load() { // out of file descriptors
				s.log.Warn("a client could not be accepted", "error", err)
				time.Sleep(20 * time.Millisecond) //nolint:forbidigo // nothing tells when there are descriptors again
				continue
			}
			return err
		}
		s.clients.Go(func() { s.serve(c) })
	}
}

// serve is a client's goroutine.
func (s *Server) serve(c net.Conn) {
	defer c.Close()
	n := s.counters.clients.Add(1)
	defer s.counters.clients.Add(-1)
	if tcp, ok := c.(*net.TCPConn); ok {
		_ = tcp.SetNoDelay(true) // fails only on a closed socket
	}
	client := &client{server: s, socket: newSocket(c)}
	client.core.tx = 'I'
	defer client.survive()
	err := client.login(int(n) > s.config.MaxClients)
	if err == nil {
		defer s.registry.remove(client)
		err = client.serve()
	}
	client.leave(err)
}

// watchEvery is how often it is looked whether those who wait for an answer are
// still there.
const watchEvery = time.Second

// watchWaiting cancels what clients run that have gone. While one waits for an
// answer nobody reads from it, so nobody else would notice.
func (s *Server) watchWaiting() {
	ticker := time.NewTicker(watchEvery)
	defer ticker.Stop()
	for {
		select {
		case <-s.watch:
			return
		case <-ticker.C:
			tick := s.ticks.Add(1)
			for _, c := range s.registry.all() {
				if since := c.waiting.Load(); since != 0 && since < tick && c.socket.hungUp() {
					s.clients.Go(c.abandoned)
				}
			}
		}
	}
}

// Shutdown lets nobody in any more, ends clients that are outside a transaction,
// lets the others finish theirs until ctx ends, and then ends them too. It
// returns when all goroutines of the server have ended.
func (s *Server) Shutdown(ctx context.Context) error {
	if s.draining.Swap(true) {
		return nil
	}
	s.closeListeners()
	close(s.watch)
	s.accepts.Wait()
	for _, c := range s.registry.all() {
		c.wake()
	}
	done := make(chan struct{})
	go func() { s.clients.Wait(); close(done) }()
	select {
	case <-done:
		return nil
	case <-ctx.Done():
	}
	left := s.registry.all()
	for _, c := range left {
		c.kill()
	}
	<-done
	s.log.Warn("clients were ended in a transaction, their time to finish was over", "clients", len(left))
	return nil
}

func (s *Server) closeListeners() {
	for _, l := range s.listeners {
		_ = l.Close() // what is left of a listener that won't close ends with the process
	}
}
