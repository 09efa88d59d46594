package testkit

import (
	"context"
	"errors"
	"io"
	"net"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// link is one client's connection through a proxy.
type link struct {
	proxy  *Proxy
	client net.Conn
	done   chan struct{} // closed when the link ends

	mu     sync.Mutex
	server net.Conn // nil until dialled
	ended  bool
}

func newLink(p *Proxy, client net.Conn) *link {
	return &link{proxy: p, client: client, done: make(chan struct{})}
}

func (l *link) run() {
	defer l.proxy.forget(l)
	if !l.await(func(f fault) bool { return !f.hang && !f.blackHole }) {
		return
	}
	server, err := l.dial()
	if err != nil {
		l.end(true)
		return
	}
	if !l.connected(server) {
		return
	}
	var pumps sync.WaitGroup
	pumps.Go(func() { l.pump(server, l.client, ToClient, &l.proxy.toClient) })
	pumps.Go(func() { l.pump(l.client, server, ToServer, &l.proxy.toServer) })
	pumps.Wait()
	l.end(false)
}

// dial reaches the server, or fails when the link ends before.
func (l *link) dial() (net.Conn, error) {
	// The link lives as long as its connections, not as long as a call.
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	stop := make(chan struct{})
	var watch sync.WaitGroup
	defer watch.Wait()
	defer close(stop)
	watch.Go(func() {
		select {
		case <-l.done:
			cancel()
		case <-stop:
		}
	})
	network := "tcp"
	if strings.HasPrefix(l.proxy.target, "/") {
		network = "unix"
	}
	var dialer net.Dialer
	return dialer.DialContext(ctx, network, l.proxy.target)
}

func (l *link) alive() bool {
	select {
	case <-l.done:
		return false
	default:
		return true
	}
}

func (l *link) connected(server net.Conn) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.ended {
		_ = server.Close() // nobody has used it
		return false
	}
	l.server = server
	return true
}

// end closes both connections. With reset the kernel sends RST instead of FIN
// and drops what it had not sent yet.
func (l *link) end(reset bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.ended {
		return
	}
	l.ended = true
	close(l.done)
	for _, conn := range []net.Conn{l.client, l.server} {
		if conn == nil {
			continue
		}
		if tcp, ok := conn.(*net.TCPConn); ok && reset {
			_ = tcp.SetLinger(0) // fails only on a connection that is gone
		}
		_ = conn.Close() // the peers learn of it, nobody here
	}
}

// await blocks until the fault is acceptable and says whether the link still lives.
func (l *link) await(acceptable func(fault) bool) bool {
	for {
		now, changed := l.proxy.now()
		if acceptable(now) {
			return l.alive()
		}
		select {
		case <-changed:
		case <-l.done:
			return false
		}
	}
}

// pump forwards one direction until it ends, and passes the end on.
func (l *link) pump(from, to net.Conn, direction Direction, count *atomic.Int64) {
	buffer := make([]byte, 32<<10)
	var budget meter
	for {
		n, readErr := from.Read(buffer)
		if !l.await(func(f fault) bool { return !f.blackHole }) {
			return
		}
		now, _ := l.proxy.now()
		if !l.hold(now.delay) || !l.await(func(f fault) bool { return !f.blackHole }) {
			return
		}
		allowed, cut := budget.take(now.cut, direction, n)
		count.Add(int64(allowed)) // before, so that who has the bytes sees them counted
		_, err := to.Write(buffer[:allowed])
		switch {
		case cut:
			l.end(false) // in order: what is allowed still arrives
			return
		case err != nil || (readErr != nil && !errors.Is(readErr, io.EOF)):
			l.end(true)
			return
		case readErr != nil:
			closeWrite(to)
			return
		}
	}
}

// hold waits for d and says whether the link still lives.
func (l *link) hold(d time.Duration) bool {
	if d <= 0 {
		return true
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-l.done:
		return false
	}
}

// meter counts a direction's bytes against the budget that is in force.
type meter struct {
	budget *budget
	left   int64
}

// take says how many of n bytes may go, and whether the connection ends then.
func (m *meter) take(b *budget, direction Direction, n int) (allowed int, cut bool) {
	if b == nil || b.to != direction {
		return n, false
	}
	if b != m.budget {
		m.budget, m.left = b, b.bytes
	}
	if m.left > int64(n) {
		m.left -= int64(n)
		return n, false
	}
	return int(m.left), true
}

func closeWrite(conn net.Conn) {
	if half, ok := conn.(interface{ CloseWrite() error }); ok {
		_ = half.CloseWrite() // fails only on a connection that is gone
	}
}
