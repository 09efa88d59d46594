package gateway

import (
	"context"
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
	// MaxConnections is how many connections there are descriptors for, whatever
	// they are for; 0 is no limit.
	MaxConnections int
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
	door      door

	ticks     atomic.Int64 // seconds, roughly
	beginning sync.Mutex   // held while Serve starts its goroutines: Shutdown waits for all or none
	draining  atomic.Bool
	clients   sync.WaitGroup // the goroutines of clients
	accepts   sync.WaitGroup // the goroutines of listeners
	watch     chan struct{}  // closed to end the watcher
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
	s.door.lobby.limits = lobbyLimits{o.Config.MaxClients, o.Config.MaxLogins, o.Config.MaxLoginsPerAddress, o.MaxConnections}
	s.door.farewells.most = manyFarewells
	if o.MaxConnections > 0 {
		s.door.farewells.most = min(manyFarewells, o.MaxConnections/8)
	}
	s.door.refused.every, s.door.declined.every, s.door.lacking.every = time.Second, time.Second, 10*time.Second
	if s.log == nil {
		s.log = hclog.NewNullLogger()
	}
	return s, nil
}

// Serve accepts clients until Shutdown, and returns the error of a listener that
// failed before.
func (s *Server) Serve() error {
	failed := make(chan error, len(s.listeners))
	s.beginning.Lock()
	if s.draining.Load() {
		s.beginning.Unlock()
		return nil
	}
	for _, l := range s.listeners {
		s.accepts.Go(func() { failed <- s.accept(l) })
	}
	s.accepts.Go(s.watchWaiting)
	s.beginning.Unlock()
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
			if passes(err) && !s.draining.Load() {
				s.cantAccept(err)
				continue
			}
			return err
		}
		s.receive(c)
	}
}

// serve is a client's goroutine.
func (s *Server) serve(c *client) {
	stays := false
	defer func() {
		if !stays {
			_ = c.socket.Close()
			s.door.lobby.leave(c.seat)
		}
	}()
	if tcp, ok := c.socket.Conn.(*net.TCPConn); ok {
		_ = tcp.SetNoDelay(true) // fails only on a closed socket
	}
	defer c.survive()
	defer s.registry.remove(c)
	err := c.login()
	if f, refused := err.(*refusedLogin); refused { //nolint:errorlint // made by login, which wraps nothing
		stays = true
		s.refuseLogin(c, f.failure)
		return
	}
	if err == nil {
		err = c.serve()
	}
	c.leave(err)
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
			s.tellRest(time.Now())
			for _, c := range s.registry.all() {
				if since := c.waiting.Load(); since != 0 && since < tick && c.socket.hungUp() {
					s.clients.Go(c.abandoned)
				}
			}
		}
	}
}

// Shutdown lets nobody in any more, ends clients that are outside a transaction,
// lets the others finish theirs until ctx ends, and then ends them too, all at once.
// It returns when all goroutines of the server have ended, about two seconds after
// the end of ctx at most, whatever clients and servers do.
func (s *Server) Shutdown(ctx context.Context) error {
	s.beginning.Lock()
	over := s.draining.Swap(true)
	s.beginning.Unlock()
	if over {
		return nil
	}
	s.closeListeners()
	close(s.watch)
	s.accepts.Wait()
	s.door.lobby.close()
	s.door.farewells.close()
	for _, c := range s.registry.all() {
		c.wake()
	}
	for _, c := range s.registry.entering() {
		c.cancel() // its wait for a backend to be greeted by
	}
	done := make(chan struct{})
	go func() { s.clients.Wait(); close(done) }()
	select {
	case <-done:
		return nil
	case <-ctx.Done():
	}
	left := s.registry.all()
	var kills sync.WaitGroup
	for _, c := range left {
		kills.Go(c.kill)
	}
	<-done
	kills.Wait()
	s.log.Warn("clients were ended in a transaction, their time to finish was over", "clients", len(left))
	return nil
}

func (s *Server) closeListeners() {
	for _, l := range s.listeners {
		_ = l.Close() // what is left of a listener that won't close ends with the process
	}
}
