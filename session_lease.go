package unoactor

import (
	"context"
	"sync"

	"github.com/unoactor/unoactor/conn"
)

// sessionLease is the lease of a session and the use that is made of it: one backend, from
// the first statement to the end, or until it is lost. It knows of no transaction.
type sessionLease struct {
	sessionGuard
	db       *DB
	priority conn.Priority

	mu      sync.Mutex
	lease   Lease         // changed under mu by the goroutine whose turn it is, for who closes the session meanwhile
	backend *conn.Backend // of the lease
	use     conn.Use      // of the lease, while it is somebody's turn
	inUse   bool
	spent   bool // statements were run on the lease before: it may have state of theirs
}

// enter takes the session for a statement. Until it is left its lease is in use: the end of
// the lease has the backend closed.
func (l *sessionLease) enter() error {
	if err := l.start(); err != nil {
		return err
	}
	l.takeUse()
	return nil
}

// acquire gives the session a backend. It may have been closed while it waited for it.
func (l *sessionLease) acquire(ctx context.Context) error {
	lease, backend, err := l.db.acquireAt(ctx, l.priority)
	if err != nil {
		return err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.closed() {
		lease.Release()
		return ErrSessionEnded
	}
	l.lease, l.backend = lease, backend
	l.takeUse()
	return nil
}

func (l *sessionLease) takeUse() {
	if !l.lease.IsZero() && !l.inUse {
		use, err := l.lease.Use()
		l.use, l.inUse = use, err == nil
	}
}

func (l *sessionLease) dropUse() {
	if l.inUse {
		l.use.Done()
		l.inUse = false
	}
}

// begun is a statement that is about to be sent: what judges it afterwards.
func (l *sessionLease) begun() Sending { return Sending{use: l.backend.Use(), known: true} }

// giveBack ends the lease. A use that somebody else has of it, as of rows or of a batch, has
// the backend closed, and an open transaction has the pool roll it back.
func (l *sessionLease) giveBack() {
	l.dropUse()
	l.release()
	l.forget()
}

// release ends the lease if there is one. In use the backend is closed, and what runs there
// is cancelled.
func (l *sessionLease) release() {
	if _, err := l.lease.Backend(); err == nil { // else it was revoked, and has nothing to give
		l.lease.Release()
	}
}

// releaseUnder is release by a goroutine whose turn it is not.
func (l *sessionLease) releaseUnder() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.release()
}

// forget is what follows the end of the lease.
func (l *sessionLease) forget() {
	l.dropUse()
	l.mu.Lock()
	defer l.mu.Unlock()
	l.lease, l.backend, l.spent = Lease{}, nil, false
}
