package sockets

import (
	"io"
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

// rawIO says that this platform's sockets are read and written by system calls
// that don't tell the scheduler: they never block, since the sockets don't.
const rawIO = true

// receive is one attempt to read, for syscall.RawConn.Read: false has it called
// again when there is something to read.
func (t *transfer) receive(fd uintptr) bool {
	p := t.buf
	if p == nil {
		if t.lent == nil {
			t.lent = buffers.Get().(*Buffer)
		}
		p = t.lent[:]
	}
	for {
		n, _, errno := syscall.RawSyscall6(syscall.SYS_RECVFROM, fd, uintptr(unsafe.Pointer(unsafe.SliceData(p))), uintptr(len(p)), syscall.MSG_DONTWAIT, 0, 0)
		switch {
		case errno == syscall.EINTR:
			continue
		case errno == syscall.EAGAIN:
			if t.lent != nil {
				buffers.Put(t.lent) // nobody keeps a buffer while he waits
				t.lent = nil
			}
			return false
		case errno != 0:
			t.n, t.err = 0, errno
		case n == 0:
			t.n, t.err = 0, io.EOF
		default:
			t.n, t.err = int(n), nil
		}
		return true
	}
}

// send is one attempt to write what is left, for syscall.RawConn.Write.
func (s *Socket) send(fd uintptr) bool {
	t := &s.out
	for len(t.buf) > 0 {
		n, _, errno := syscall.RawSyscall6(syscall.SYS_SENDTO, fd, uintptr(unsafe.Pointer(unsafe.SliceData(t.buf))), uintptr(len(t.buf)), syscall.MSG_DONTWAIT|syscall.MSG_NOSIGNAL, 0, 0)
		switch {
		case errno == syscall.EINTR:
		case errno == syscall.EAGAIN:
			s.waited = true
			s.press(len(t.buf))
			return false
		case errno != 0:
			t.err = errno
			return true
		default:
			t.buf = t.buf[n:]
		}
	}
	t.err = nil
	return true
}

// Pending says whether the peer has sent something that was not read. It does not wait.
func (s *Socket) Pending() bool {
	if s.raw == nil {
		return false
	}
	there := false
	err := s.raw.Control(func(fd uintptr) {
		var one [1]byte
		n, _, err := unix.Recvfrom(int(fd), one[:], unix.MSG_PEEK|unix.MSG_DONTWAIT)
		there = err == nil && n == 1
	})
	return err == nil && there
}

// HungUp says whether the peer has gone, whatever it sent before. It does not wait.
func (s *Socket) HungUp() bool {
	if s.raw == nil {
		return false
	}
	gone := false
	err := s.raw.Control(func(fd uintptr) {
		n, err := unix.Poll([]unix.PollFd{{Fd: int32(fd), Events: unix.POLLRDHUP}}, 0)
		gone = err == nil && n == 1
	})
	return err != nil || gone
}
