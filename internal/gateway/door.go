package gateway

import (
	"errors"
	"net"
	"slices"
	"sync"
	"syscall"
	"time"

	"github.com/unoactor/unoactor/internal/gateway/drive"
	"github.com/unoactor/unoactor/internal/gateway/wire"
)

// door is where connections come in, and where strangers are sent away.
type door struct {
	lobby     lobby
	offenders offenders
	farewells farewells

	refused  seldom // logins
	declined seldom // connections
	lacking  seldom // descriptors
}

// receive gives a connection that was accepted a goroutine, if there is a place for it.
func (s *Server) receive(nc net.Conn) {
	c := &client{Client: drive.NewClient(s.shared, nc), server: s, address: addressOf(nc)}
	var f *wire.Error
	if c.seat, f = s.door.lobby.enter(c.address, time.Now(), c.displaced); f != nil {
		s.decline(nc, f)
		return
	}
	s.clients.Go(func() { s.serve(c) })
}

// decline sends a connection away that nobody will serve.
func (s *Server) decline(nc net.Conn, f *wire.Error) {
	s.counters.declined.Add(1)
	if untold, ok := s.door.declined.tell(time.Now()); ok {
		s.log.Warn("a connection was declined", "address", nc.RemoteAddr(), "reason", f.Message, "detail", f.Detail, "untold", untold)
	}
	_ = nc.SetWriteDeadline(time.Now().Add(time.Second)) // nothing was written before, so this does not wait
	_, _ = nc.Write(f.Append(nil))
	s.door.farewells.say(nc)
}

// refuseLogin tells a client that it may not log in: late, so that passwords can't be
// tried fast, and without a goroutine that waits meanwhile.
func (s *Server) refuseLogin(c *client, f *wire.Error) {
	s.counters.refused.Add(1)
	now := time.Now()
	wait := s.door.offenders.refused(c.address, now)
	if untold, ok := s.door.refused.tell(now); ok {
		s.log.Warn("a login was refused", "address", c.Socket().RemoteAddr(), "user", shortened(c.user), "database", shortened(c.database),
			"reason", f.Code, "delay", wait, "untold", untold)
	}
	s.door.lobby.hold(c.seat, wait, func() {
		_ = c.Socket().SetDeadline(time.Now().Add(time.Second))
		_ = c.Socket().WriteAll(f.Append(nil)) // it may have gone
		_ = c.Socket().Close()
	})
}

// tellRest logs what happened too often to be told one by one.
func (s *Server) tellRest(now time.Time) {
	for _, rest := range []struct {
		of   *seldom
		what string
	}{{&s.door.refused, "more logins were refused"}, {&s.door.declined, "more connections were declined"}} {
		if n := rest.of.rest(now); n > 0 {
			s.log.Warn(rest.what, "count", n)
		}
	}
}

// passes says whether a listener that could not accept a connection may accept the next: it is
// out of descriptors or memory, or something is wrong with that one connection, or with the
// network, of which Linux tells here as well (accept(2)).
func passes(err error) bool {
	var temporary interface{ Temporary() bool }
	if errors.As(err, &temporary) && temporary.Temporary() {
		return true
	}
	var errno syscall.Errno
	return errors.As(err, &errno) && slices.Contains([]syscall.Errno{
		syscall.ENOBUFS, syscall.ENOMEM, syscall.ECONNABORTED, syscall.EPROTO, syscall.EPERM, syscall.ENOPROTOOPT,
		syscall.ENETDOWN, syscall.ENETUNREACH, syscall.EHOSTDOWN, syscall.EHOSTUNREACH,
	}, errno)
}

// cantAccept makes room for a connection that could not be accepted, if that is what lacks, and waits a moment.
func (s *Server) cantAccept(err error) {
	if untold, ok := s.door.lacking.tell(time.Now()); ok {
		s.log.Warn("clients can't be accepted", "error", err, "untold", untold)
	}
	if errors.Is(err, syscall.EMFILE) || errors.Is(err, syscall.ENFILE) {
		s.door.lobby.spare(time.Now())
	}
	time.Sleep(20 * time.Millisecond) //nolint:forbidigo // nothing tells when there are descriptors again
}

// shortened is a name as a stranger gave it, for the log.
func shortened(name string) string {
	const most = 64
	if len(name) > most {
		return name[:most] + "..."
	}
	return name
}

// addressOf is what counts as one address: of IPv6 the network that a single
// customer is given, of a Unix socket the user of this machine.
func addressOf(nc net.Conn) string {
	tcp, ok := nc.RemoteAddr().(*net.TCPAddr)
	if !ok {
		return localUser(nc)
	}
	ip := tcp.AddrPort().Addr().Unmap()
	if ip.Is4() {
		return ip.String()
	}
	network, err := ip.WithZone("").Prefix(64)
	if err != nil {
		return ip.String()
	}
	return network.String()
}

// farewells are connections that were told why they are sent away, and get a moment to
// read it: a socket that is closed with something unread takes back what it said.
type farewells struct {
	mu     sync.Mutex
	most   int // at once; the others are closed at once
	closed bool
	open   map[net.Conn]*time.Timer
}

const (
	farewellTime  = time.Second
	manyFarewells = 256
)

func (f *farewells) say(nc net.Conn) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.closed || len(f.open) >= f.most {
		_ = nc.Close()
		return
	}
	if half, ok := nc.(interface{ CloseWrite() error }); ok {
		_ = half.CloseWrite() // fails only if it is gone already
	}
	if f.open == nil {
		f.open = make(map[net.Conn]*time.Timer)
	}
	f.open[nc] = time.AfterFunc(farewellTime, func() {
		f.mu.Lock()
		defer f.mu.Unlock()
		delete(f.open, nc)
		_ = nc.Close()
	})
}

// close ends those that are left.
func (f *farewells) close() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.closed = true
	for nc, timer := range f.open {
		timer.Stop()
		_ = nc.Close()
	}
	clear(f.open)
}
