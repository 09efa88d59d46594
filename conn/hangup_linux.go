package conn

import (
	"os"
	"sync"
	"syscall"
)

// hangups is told by the kernel when a server closes its end of a connection, and tells the owner of
// the backend's slot, so that such a backend is lent to nobody and replaced at once. All pools of a
// process share one epoll instance. It waits for the end of a stream only (EPOLLRDHUP): data that
// backends get while they work wakes nobody.
type hangups struct {
	mu      sync.Mutex
	poll    *os.File // the epoll instance, nil while no backend is watched
	fd      int      // its descriptor; to ask poll for it would make the listener block a thread
	watched map[int32]*Backend
	last    int32 // the number that was given last
}

var ofServers hangups

// watch begins to tell the owner of b's slot when b's server hangs up. Where the kernel can't tell,
// the pool's own sweeps find out later.
func (h *hangups) watch(b *Backend) {
	b.peeker.open(b.pg.Conn())
	if b.peeker.raw == nil {
		return
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.poll == nil && h.start() != nil {
		return
	}
	for h.last++; h.watched[h.last] != nil; h.last++ { // the numbers have been used up once
	}
	event := syscall.EpollEvent{Events: syscall.EPOLLRDHUP | oneShot, Fd: h.last}
	var err error
	failed := b.peeker.raw.Control(func(fd uintptr) {
		err = syscall.EpollCtl(h.fd, syscall.EPOLL_CTL_ADD, int(fd), &event)
	})
	if err == nil && failed == nil {
		h.watched[h.last], b.watch = b, h.last
	}
	h.closeIfUnused()
}

const oneShot = 1 << 30 // EPOLLONESHOT: the kernel tells of a backend once

// unwatch takes out a backend whose socket is closed; the kernel forgets a socket when it is closed.
func (h *hangups) unwatch(b *Backend) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.watched[b.watch] == b {
		delete(h.watched, b.watch)
		h.closeIfUnused()
	}
}

func (h *hangups) start() error {
	fd, err := syscall.EpollCreate1(syscall.EPOLL_CLOEXEC)
	if err != nil {
		return err
	}
	_ = syscall.SetNonblock(fd, true) // for os.NewFile, which then waits by the runtime's own poller
	h.poll, h.fd, h.watched = os.NewFile(uintptr(fd), "epoll"), fd, make(map[int32]*Backend)
	raw, err := h.poll.SyscallConn()
	if err != nil {
		return err
	}
	go h.listen(raw)
	return nil
}

// closeIfUnused closes the instance, and ends the goroutine, if no backend is watched.
func (h *hangups) closeIfUnused() {
	if len(h.watched) == 0 {
		h.poll.Close()
		h.poll = nil
	}
}

// listen tells the owners of hang-ups until the instance is closed.
func (h *hangups) listen(poll syscall.RawConn) {
	var events [64]syscall.EpollEvent
	for {
		n := 0
		err := poll.Read(func(fd uintptr) bool {
			var err error
			for n, err = syscall.EpollWait(int(fd), events[:], 0); err == syscall.EINTR; {
				n, err = syscall.EpollWait(int(fd), events[:], 0)
			}
			return n != 0
		})
		if err != nil || n < 0 {
			return
		}
		for _, e := range events[:n] {
			h.mu.Lock()
			b := h.watched[e.Fd]
			h.mu.Unlock()
			if b != nil {
				b.slot.mark(markPeek)
				b.slot.pool.owner.HungUp(b.slot.index)
			}
		}
	}
}
