// Package sockets reads and writes connections with as little between them and the kernel as the platform allows. It
// knows nothing of what is read and written.
package sockets

import (
	"net"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/unoactor/unoactor/internal/gateway/wire"
)

// Buffer is what one read takes at most.
type Buffer [wire.BufferSize]byte

// Borrow lends a buffer, whose content is undefined. [Buffer.Return] gives it back.
func Borrow() *Buffer { return buffers.Get().(*Buffer) }

// Return gives the buffer back. The caller must not use it any more.
func (b *Buffer) Return() { buffers.Put(b) }

// buffers are lent to those who have something to read: who waits has none.
var buffers = sync.Pool{New: func() any { return new(Buffer) }}

// Socket is a connection. One goroutine may read from it while another writes.
type Socket struct {
	net.Conn
	raw syscall.RawConn // nil: by way of net.Conn
	in  transfer
	out transfer

	patience atomic.Int64 // a [time.Duration]: how long the peer may take nothing of what is written; 0: for ever
	left     int          // bytes to be written when that was set as a deadline; 0: it is not set
	waited   bool         // the last write had to wait until the peer took something; never set without raw
}

// SetPatience says for how long the peer may take nothing of what is written before the write fails; 0 is for ever.
// It is safe for concurrent use.
func (s *Socket) SetPatience(d time.Duration) { s.patience.Store(int64(d)) }

// Waited says that the last write had to wait until the peer took something, as far as the platform can tell. Only
// the goroutine that writes may call it.
func (s *Socket) Waited() bool { return s.waited }

// transfer is one read or write: fields of the socket rather than variables that a
// closure would have to allocate.
type transfer struct {
	buf  []byte
	lent *Buffer // a buffer to read into, taken when there is something to read
	n    int
	err  error
	step func(fd uintptr) bool
}

// New returns the socket of a connection.
func New(c net.Conn) *Socket {
	s := &Socket{Conn: c}
	if sc, ok := c.(syscall.Conn); ok && rawIO {
		if raw, err := sc.SyscallConn(); err == nil {
			s.raw = raw
			s.in.step, s.out.step = s.in.receive, s.send
		}
	}
	return s
}

// ReadSome reads what there is into p, and waits until there is something.
func (s *Socket) ReadSome(p []byte) (int, error) {
	if s.raw == nil {
		return s.Read(p)
	}
	s.in.buf = p
	if err := s.raw.Read(s.in.step); err != nil {
		return 0, err
	}
	return s.in.n, s.in.err
}

// ReadLent is [Socket.ReadSome] into a buffer that is borrowed once there is something to read, so that who waits has
// none. The caller returns it.
func (s *Socket) ReadLent() (*Buffer, int, error) {
	if s.raw == nil {
		b := buffers.Get().(*Buffer)
		n, err := s.Read(b[:])
		if err != nil {
			buffers.Put(b)
			return nil, 0, err
		}
		return b, n, nil
	}
	s.in.buf = nil
	err := s.raw.Read(s.in.step)
	if err == nil {
		err = s.in.err
	}
	b := s.in.lent
	s.in.lent = nil
	if err != nil && b != nil {
		buffers.Put(b)
		b = nil
	}
	return b, s.in.n, err
}

// WriteAll writes all of p, and waits until the peer has taken enough of it.
func (s *Socket) WriteAll(p []byte) error {
	if len(p) == 0 {
		return nil
	}
	if s.raw == nil {
		s.press(len(p))
		_, err := s.Write(p)
		s.relax()
		return err
	}
	s.out.buf, s.waited = p, false
	err := s.raw.Write(s.out.step)
	if err == nil {
		err = s.out.err
	}
	s.out.buf = nil
	s.relax()
	return err
}

// press gives the peer its time, where it takes nothing. It has all of it again once
// it has taken something.
func (s *Socket) press(left int) {
	if patience := time.Duration(s.patience.Load()); patience > 0 && left != s.left {
		s.left = left
		_ = s.SetWriteDeadline(time.Now().Add(patience)) // fails on a closed socket only, which the write tells
	}
}

// relax ends that.
func (s *Socket) relax() {
	if s.left > 0 {
		s.left = 0
		_ = s.SetWriteDeadline(time.Time{}) // as above
	}
}
