package gateway

import (
	"net"
	"sync"
	"syscall"
	"time"
)

// bufferSize is what one read takes at most. A message that is longer is passed
// on in parts.
const bufferSize = 16 << 10

type buffer [bufferSize]byte

// buffers are lent to those who have something to read: who waits has none.
var buffers = sync.Pool{New: func() any { return new(buffer) }}

// socket reads and writes a connection with as little between it and the kernel
// as the platform allows. One goroutine may read while another writes.
type socket struct {
	net.Conn
	raw syscall.RawConn // nil: by way of net.Conn
	in  transfer
	out transfer

	patience time.Duration // how long its peer may take nothing of what is written; 0: for ever
	left     int           // bytes to be written when that was set as a deadline; 0: it is not set
	waited   bool          // the last write had to wait until the peer took something; never set without raw
}

// transfer is one read or write: fields of the socket rather than variables that a
// closure would have to allocate.
type transfer struct {
	buf  []byte
	lent *buffer // a buffer to read into, taken when there is something to read
	n    int
	err  error
	step func(fd uintptr) bool
}

func newSocket(c net.Conn) *socket {
	s := &socket{Conn: c}
	if sc, ok := c.(syscall.Conn); ok && rawIO {
		if raw, err := sc.SyscallConn(); err == nil {
			s.raw = raw
			s.in.step, s.out.step = s.in.receive, s.send
		}
	}
	return s
}

// read reads what there is into p, and waits until there is something.
func (s *socket) read(p []byte) (int, error) {
	if s.raw == nil {
		return s.Read(p)
	}
	s.in.buf = p
	if err := s.raw.Read(s.in.step); err != nil {
		return 0, err
	}
	return s.in.n, s.in.err
}

// readLent is read into a buffer that is lent once there is something to read.
// The caller puts it back.
func (s *socket) readLent() (*buffer, int, error) {
	if s.raw == nil {
		b := buffers.Get().(*buffer)
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

// write writes all of p.
func (s *socket) write(p []byte) error {
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
func (s *socket) press(left int) {
	if s.patience > 0 && left != s.left {
		s.left = left
		_ = s.SetWriteDeadline(time.Now().Add(s.patience)) // fails on a closed socket only, which the write tells
	}
}

// relax ends that.
func (s *socket) relax() {
	if s.left > 0 {
		s.left = 0
		_ = s.SetWriteDeadline(time.Time{}) // as above
	}
}
