package gateway

import (
	"context"
	"net"
	"sync"
	"time"

	"github.com/hashicorp/go-hclog"

	"github.com/unoactor/unoactor/config"
	"github.com/unoactor/unoactor/internal/gateway/backends"
	"github.com/unoactor/unoactor/internal/gateway/drive"
)

// Pool is where a client's backends come from.
type Pool = backends.Pool

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
	shared    *drive.Shared
	router    Router
	log       hclog.Logger
	listeners []net.Listener
	registry  registry
	counters  counters
	door      door

	maxConnections int        // see [Options]
	configuring    sync.Mutex // held while the configuration is replaced

	beginning sync.Mutex     // held while Serve starts its goroutines: Shutdown waits for all or none
	clients   sync.WaitGroup // the goroutines of clients
	accepts   sync.WaitGroup // the goroutines of listeners
	watch     chan struct{}  // closed to end the watcher
}

// New makes a server that listens to nothing yet.
func New(o Options) (*Server, error) {
	c, err := snapshot(o.Config)
	if err != nil {
		return nil, err
	}
	log := o.Log
	if log == nil {
		log = hclog.NewNullLogger()
	}
	s := &Server{shared: drive.NewShared(c, log), router: o.Router, log: log, watch: make(chan struct{}), maxConnections: o.MaxConnections}
	s.door.lobby.limits = s.limits(o.Config)
	s.door.farewells.most = manyFarewells
	if o.MaxConnections > 0 {
		s.door.farewells.most = min(manyFarewells, o.MaxConnections/8)
	}
	s.door.refused.every, s.door.declined.every, s.door.lacking.every = time.Second, time.Second, 10*time.Second
	return s, nil
}

// Serve accepts clients until Shutdown, and returns the error of a listener that
// failed before.
func (s *Server) Serve() error {
	failed := make(chan error, len(s.listeners))
	s.beginning.Lock()
	if s.shared.Draining() {
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
		if e := <-failed; e != nil && err == nil && !s.shared.Draining() {
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
			if passes(err) && !s.shared.Draining() {
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
			_ = c.Socket().Close()
			s.door.lobby.leave(c.seat)
		}
	}()
	if tcp, ok := c.Socket().Conn.(*net.TCPConn); ok {
		_ = tcp.SetNoDelay(true) // fails only on a closed socket
	}
	defer c.Survive()
	defer s.registry.remove(c)
	err := c.login()
	if f, refused := err.(*refusedLogin); refused { //nolint:errorlint // made by login, which wraps nothing
		stays = true
		s.refuseLogin(c, f.why)
		return
	}
	if err == nil {
		err = c.Serve()
	}
	c.Leave(err)
}

// watchEvery is how often the clients that wait for an answer are peeked at: they may have gone.
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
			tick := s.shared.Tick()
			s.tellRest(time.Now())
			for _, c := range s.registry.all() {
				if since := c.WaitsSince(); since != 0 && since < tick && c.Socket().HungUp() {
					s.clients.Go(c.Abandon)
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
	first := s.shared.Drain()
	s.beginning.Unlock()
	if !first {
		return nil
	}
	s.closeListeners()
	close(s.watch)
	s.accepts.Wait()
	s.door.lobby.close()
	s.door.farewells.close()
	for _, c := range s.registry.all() {
		c.Wake()
	}
	for _, c := range s.registry.entering() {
		c.Cancel() // its wait for a backend to be greeted by
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
		kills.Go(c.Kill)
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
