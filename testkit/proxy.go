package testkit

import (
	"errors"
	"fmt"
	"net"
	"net/url"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// Proxy stands between clients and a server and makes the network fail. It
// forwards until told otherwise; each fault lasts until [Proxy.Pass]. All
// methods are safe for concurrent use.
type Proxy struct {
	target string
	addr   string

	accepted, toClient, toServer atomic.Int64
	workers                      sync.WaitGroup

	mu       sync.Mutex
	fault    fault
	changed  chan struct{} // closed when fault changes
	listener net.Listener  // nil while connections are refused
	reserved *reservation  // keeps the port while connections are refused
	links    map[*link]struct{}
	closed   bool
}

// fault is what the proxy does to its links at present.
type fault struct {
	hang      bool // new connections get no server
	blackHole bool // nothing is forwarded, not even an end
	delay     time.Duration
	cut       *budget // nil: none
}

// budget is how many bytes each connection may still send in a direction.
type budget struct {
	to    Direction
	bytes int64
}

// Direction is where bytes go.
type Direction int

// The directions that a proxy forwards in.
const (
	ToClient Direction = iota
	ToServer
)

// NewProxy starts a proxy for a test and closes it when the test ends. target
// is host:port, or the path of a Unix socket.
func NewProxy(t testing.TB, target string) *Proxy {
	t.Helper()
	p, err := StartProxy(target)
	if err != nil {
		t.Fatalf("testkit: %v", err)
	}
	t.Cleanup(p.Close)
	return p
}

// StartProxy starts a proxy on a free port of 127.0.0.1. The caller must Close it.
func StartProxy(target string) (*Proxy, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("proxy: %w", err)
	}
	p := &Proxy{
		target:   target,
		addr:     listener.Addr().String(),
		changed:  make(chan struct{}),
		listener: listener,
		links:    make(map[*link]struct{}),
	}
	p.workers.Go(func() { p.accept(listener) })
	return p, nil
}

// Addr is host:port for clients; it never changes.
func (p *Proxy) Addr() string { return p.addr }

// Port is the port of Addr.
func (p *Proxy) Port() int {
	address, err := net.ResolveTCPAddr("tcp", p.addr)
	if err != nil {
		panic("testkit: the proxy's own address: " + err.Error())
	}
	return address.Port
}

// URL rewrites a server's connection string, such as [Server.URL] gives, so
// that it leads through the proxy. It panics on what is no URL.
func (p *Proxy) URL(serverURL string) string {
	u, err := url.Parse(serverURL)
	if err != nil || u.Host == "" {
		panic("testkit: Proxy.URL wants a connection string like postgres://user@host:port/database")
	}
	u.Host = p.addr
	return u.String()
}

// Pass ends every fault: connections that were held go on, new ones are
// accepted again. It fails only after Refuse, when the port cannot be had back.
func (p *Proxy) Pass() error {
	p.set(fault{})
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.listener != nil || p.closed {
		return nil
	}
	p.reserved.release()
	p.reserved = nil
	listener, err := net.Listen("tcp", p.addr)
	if err != nil {
		return fmt.Errorf("proxy: %w", err)
	}
	p.listener = listener
	p.workers.Go(func() { p.accept(listener) })
	return nil
}

// Refuse makes the kernel refuse new connections, as when no server runs.
// Those that exist go on.
func (p *Proxy) Refuse() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.listener == nil || p.closed {
		return nil
	}
	err := p.listener.Close()
	p.listener = nil
	if err != nil {
		return fmt.Errorf("proxy: %w", err)
	}
	if p.reserved, err = reserve(p.addr); err != nil {
		return fmt.Errorf("proxy: keep port: %w", err)
	}
	return nil
}

// Hang accepts new connections and does nothing with them, as an overloaded
// host does. Those that exist go on.
func (p *Proxy) Hang() { p.change(func(f *fault) { f.hang = true }) }

// BlackHole forwards nothing any more on any connection, in either direction,
// and closes nothing, as when a cable is pulled.
func (p *Proxy) BlackHole() { p.change(func(f *fault) { f.blackHole = true }) }

// Delay holds back each piece of data for d, in both directions.
func (p *Proxy) Delay(d time.Duration) { p.change(func(f *fault) { f.delay = d }) }

// CutAfter ends each connection, present and new, once n more bytes have gone
// through it in that direction: they arrive, nothing of what is beyond does.
func (p *Proxy) CutAfter(n int64, to Direction) {
	p.change(func(f *fault) { f.cut = &budget{to, n} })
}

// Reset ends all present connections with a TCP reset, on both sides.
func (p *Proxy) Reset() { p.end(true) }

// Disconnect ends all present connections in good order (FIN), on both sides.
func (p *Proxy) Disconnect() { p.end(false) }

// ProxyStats count what went through a proxy since its start.
type ProxyStats struct {
	Accepted int64 // connections of clients
	Open     int   // those that are open now
	ToClient int64 // bytes forwarded
	ToServer int64
}

// Stats returns the counters.
func (p *Proxy) Stats() ProxyStats {
	p.mu.Lock()
	defer p.mu.Unlock()
	return ProxyStats{p.accepted.Load(), len(p.links), p.toClient.Load(), p.toServer.Load()}
}

// Close resets all connections, frees the port, and returns when no goroutine
// of the proxy is left. It may be called again.
func (p *Proxy) Close() {
	p.mu.Lock()
	p.closed = true
	if p.listener != nil {
		_ = p.listener.Close() // it is not needed any more
		p.listener = nil
	}
	p.reserved.release()
	p.reserved = nil
	p.mu.Unlock()
	p.end(true)
	p.workers.Wait()
}

func (p *Proxy) set(f fault) { p.change(func(now *fault) { *now = f }) }

func (p *Proxy) change(edit func(*fault)) {
	p.mu.Lock()
	defer p.mu.Unlock()
	edit(&p.fault)
	close(p.changed)
	p.changed = make(chan struct{})
}

// now returns the present fault and what is closed when it changes.
func (p *Proxy) now() (fault, <-chan struct{}) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.fault, p.changed
}

func (p *Proxy) end(reset bool) {
	p.mu.Lock()
	links := make([]*link, 0, len(p.links))
	for l := range p.links {
		links = append(links, l)
	}
	p.mu.Unlock()
	for _, l := range links {
		l.end(reset)
	}
}

func (p *Proxy) accept(listener net.Listener) {
	for {
		client, err := listener.Accept()
		if errors.Is(err, net.ErrClosed) {
			return
		}
		if err != nil {
			<-time.After(10 * time.Millisecond) // out of file descriptors: others will close some
			continue
		}
		p.accepted.Add(1)
		l := newLink(p, client)
		if !p.adopt(l) {
			l.end(true)
			continue
		}
		p.workers.Go(l.run)
	}
}

func (p *Proxy) adopt(l *link) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed {
		return false
	}
	p.links[l] = struct{}{}
	return true
}

func (p *Proxy) forget(l *link) {
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.links, l)
}
