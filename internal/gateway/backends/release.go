package backends

import (
	"cmp"
	"errors"
	"time"

	"github.com/unoactor/unoactor/conn"
)

// Release ends the lease, after cancel requests that are under way. Where the backend is broken it is closed, for the
// reason why if there is one; tainted has what was set there reset before others get it.
func (t *Tenant) Release(broken bool, why string, tainted bool) {
	if tainted {
		t.backend.Taint()
	}
	until := t.vacate()
	if !until.IsZero() && !broken {
		broken = t.held.socket.SetDeadline(time.Time{}) != nil
	}
	switch {
	case broken && !until.IsZero() && !time.Now().Before(until):
		t.lease.DestroySilent(errUnanswered)
	case broken:
		t.lease.Destroy(errors.New(cmp.Or(why, "lost by a client of the gateway")))
	default:
		t.lease.Release()
	}
	t.forget()
}

// Leave ends the lease of a client that has gone, if there is one still: a backend on which nothing was sent goes back;
// of any other only a bug forgets what is to become of it, and it is closed.
func (t *Tenant) Leave() {
	if t.HasLease() {
		t.Release(!t.unused, "", false)
		t.unused = false
	}
}

func (t *Tenant) forget() { t.lease, t.backend, t.held = conn.Lease{}, nil, nil }

// errUnanswered is a server that did not say in time what became of what its client left behind.
var errUnanswered = errors.New("the server did not answer in time, after the client had gone")
