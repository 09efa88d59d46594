//go:build unix

package conn

import (
	"crypto/tls"
	"net"
	"syscall"

	"github.com/unoactor/unoactor/messages"
)

// peeker peeks at a backend's socket. Each backend has one, so that a peek allocates nothing.
type peeker struct {
	raw   syscall.RawConn // nil: this kind of connection can't be peeked at
	cause messages.Cause
	step  func(fd uintptr)
}

func (p *peeker) open(socket net.Conn) {
	if t, ok := socket.(*tls.Conn); ok {
		socket = t.NetConn()
	}
	if sc, ok := socket.(syscall.Conn); ok {
		p.raw, _ = sc.SyscallConn() // fails only on a closed socket, which its first use tells
	}
	p.step = p.recv
}

// Peek returns, without waiting and without taking a byte, whether the server has closed the connection
// (HungUp) or has sent something unasked (Unsolicited); None if neither. It costs one system call.
// It is for the holder of the lease, or whoever has claimed the backend.
func (b *Backend) Peek() messages.Cause {
	p := &b.peeker
	if p.step == nil {
		p.open(b.pg.Conn())
	}
	if p.raw == nil {
		return messages.None
	}
	// Control, not Read: after a slow write pgx leaves a reader behind that holds
	// the socket's read lock until the server speaks, and Read would wait for it.
	if err := p.raw.Control(p.step); err != nil {
		return messages.HungUp
	}
	return p.cause
}

func (p *peeker) recv(fd uintptr) {
	var one [1]byte
	n, _, err := syscall.Recvfrom(int(fd), one[:], syscall.MSG_PEEK|syscall.MSG_DONTWAIT)
	switch {
	case n > 0:
		p.cause = messages.Unsolicited
	case err == nil || err != syscall.EAGAIN && err != syscall.EINTR:
		p.cause = messages.HungUp
	default:
		p.cause = messages.None
	}
}
