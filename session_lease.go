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
	lease   Lease         // changed under mu by the goroutine that runs the session: another one may close it meanwhile
	backend *conn.Backend // of the lease
	use     conn.Use      // of the lease, while a goroutine runs the session
	inUse   bool
	spent   bool // statements were run on the lease before, and may have left state in it
}

// enter takes the session for a statement. Its lease is in use from then on: if the lease ends
// before the session is left, the backend is closed.
func (l *sessionLease) enter() error {
	if err := l.start(); err != nil {
		return err
	}
	l.takeUse()
	return nil
}

// acquire gets a backend for the session, unless the session is closed while it waits.
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

// takeUse begins the use of the lease, if there is one, and dropUse ends it.
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

// begun returns what judges a statement that is about to be sent.
func (l *sessionLease) begun() Sending { return Sending{use: l.backend.Use(), known: true} }

// giveBack ends the lease. The pool rolls back an open transaction, and closes the backend if
// somebody else uses it.
func (l *sessionLease) giveBack() {
	l.dropUse()
	l.release()
	l.forget()
}

// release ends the lease if there is one. If it is in use, what runs there is cancelled and
// the backend is closed.
func (l *sessionLease) release() {
	if _, err := l.lease.Backend(); err == nil { // else it was revoked, and has nothing to give
		l.lease.Release()
	}
}

// releaseWhileRunning is release by a goroutine other than the one that runs the session.
func (l *sessionLease) releaseWhileRunning() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.release()
}

// forget notes that the lease has ended.
func (l *sessionLease) forget() {
	l.dropUse()
	l.mu.Lock()
	defer l.mu.Unlock()
	l.lease, l.backend, l.spent = Lease{}, nil, false
}
