package drive

import "github.com/unoactor/unoactor/internal/gateway/sockets"

// inbox holds what one side has sent and is not used yet. Its buffer is borrowed while there is something in it.
type inbox struct {
	buf  *sockets.Buffer // nil if there is nothing
	r, w int             // what is there is buf[r:w]
}

// unread returns what is there.
func (b *inbox) unread() []byte {
	if b.buf == nil {
		return nil
	}
	return b.buf[b.r:b.w]
}

func (b *inbox) empty() bool { return b.r == b.w }

// use notes that n bytes were used.
func (b *inbox) use(n int) { b.r += n }

// room returns where the next read goes, behind what is there, which is moved to the beginning.
func (b *inbox) room() []byte {
	if b.buf == nil {
		b.buf = sockets.Borrow()
	}
	if b.r > 0 {
		b.w = copy(b.buf[:], b.buf[b.r:b.w])
		b.r = 0
	}
	return b.buf[b.w:]
}

// fill reads once from a socket. If nothing is there a buffer is borrowed only when something has come.
func (b *inbox) fill(s *sockets.Socket) error {
	if !b.empty() {
		n, err := s.ReadSome(b.room())
		b.w += n
		return err
	}
	b.discard()
	buf, n, err := s.ReadLent()
	if err == nil {
		b.buf, b.r, b.w = buf, 0, n
	}
	return err
}

// rest returns the buffer if all of it is used.
func (b *inbox) rest() {
	if b.empty() {
		b.discard()
	}
}

// discard forgets what is there, and returns the buffer.
func (b *inbox) discard() {
	if b.buf != nil {
		b.buf.Return()
	}
	*b = inbox{}
}
