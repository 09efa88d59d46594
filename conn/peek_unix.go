//go:build unix

package conn

import (
	"crypto/tls"
	"net"
	"syscall"

	"github.com/unoactor/unoactor/messages"
)

// Peek looks, without waiting, whether the server closed the connection or sent
// something while it was idle. It costs one system call. The backend must be
// claimed or leased.
func (b *Backend) Peek() messages.Cause {
	socket := b.pg.Conn()
	if t, ok := socket.(*tls.Conn); ok {
		socket = t.NetConn()
	}
	return peek(socket)
}

func peek(socket net.Conn) messages.Cause {
	sc, ok := socket.(syscall.Conn)
	if !ok {
		return messages.None
	}
	raw, err := sc.SyscallConn()
	if err != nil {
		return messages.HungUp
	}
	cause := messages.None
	err = raw.Read(func(fd uintptr) bool {
		var one [1]byte
		n, _, err := syscall.Recvfrom(int(fd), one[:], syscall.MSG_PEEK|syscall.MSG_DONTWAIT)
		switch {
		case n > 0:
			cause = messages.Unsolicited
		case err == nil:
			cause = messages.HungUp
		case err != syscall.EAGAIN && err != syscall.EINTR:
			cause = messages.HungUp
		}
		return true
	})
	if err != nil {
		return messages.HungUp
	}
	return cause
}
