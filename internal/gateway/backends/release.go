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

// Leave ends a lease on which nothing was sent.
func (t *Tenant) Leave() {
	if t.unused {
		t.unused = false
		t.Release(false, "", false)
	}
}

func (t *Tenant) forget() { t.lease, t.backend, t.held = conn.Lease{}, nil, nil }

// errUnanswered is a server that did not say in time what became of what its client left behind.
var errUnanswered = errors.New("the server did not answer in time, after the client had gone")
