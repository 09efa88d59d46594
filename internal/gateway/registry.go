package gateway

import (
	"crypto/hmac"
	"crypto/rand"
	"encoding/binary"
	"maps"
	"slices"
	"sync"
)

// cancelKey is what a client is told at login, to cancel with.
type cancelKey struct {
	pid    uint32
	secret [4]byte
}

// registry knows the connected clients by the pid that they were told.
type registry struct {
	mu      sync.Mutex
	clients map[uint32]*client
	logins  map[*client]struct{} // those that are not logged in yet
}

// noProcess is a bit of the pids that are made up: those of processes are below it.
const noProcess = 1 << 30

// add gives c a key of its own. Its pid is that of its backend if it has one already, else that of
// no process, so that nobody else's backend is meant by it.
func (r *registry) add(c *client) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.clients == nil {
		r.clients = make(map[uint32]*client)
	}
	for try := 0; ; try++ {
		var b [8]byte
		_, _ = rand.Read(b[:]) // never fails
		c.key.pid = binary.BigEndian.Uint32(b[:])&(noProcess-1) | noProcess
		if try == 0 && c.Tenant().HasLease() {
			c.key.pid = c.Tenant().PID()
		}
		copy(c.key.secret[:], b[4:])
		if _, taken := r.clients[c.key.pid]; !taken { // two servers may each have such a process
			r.clients[c.key.pid] = c
			return
		}
	}
}

// enter and entered keep account of who logs in.
func (r *registry) enter(c *client) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.logins == nil {
		r.logins = make(map[*client]struct{})
	}
	r.logins[c] = struct{}{}
}

func (r *registry) entered(c *client) {
	r.mu.Lock()
	defer r.mu.Unlock()
	delete(r.logins, c)
}

// entering lists those that log in.
func (r *registry) entering() []*client {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Collect(maps.Keys(r.logins))
}

// remove forgets c, if it was added.
func (r *registry) remove(c *client) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.clients[c.key.pid] == c {
		delete(r.clients, c.key.pid)
	}
}

// find returns the client that a cancel request means, nil if its key is wrong.
func (r *registry) find(pid uint32, secret []byte) *client {
	r.mu.Lock()
	defer r.mu.Unlock()
	c, ok := r.clients[pid]
	if !ok || !hmac.Equal(secret, c.key.secret[:]) {
		return nil
	}
	return c
}

// all lists the clients, those that log in too.
func (r *registry) all() []*client {
	r.mu.Lock()
	defer r.mu.Unlock()
	all := make([]*client, 0, len(r.clients))
	for _, c := range r.clients {
		all = append(all, c)
	}
	for c := range r.logins {
		if r.clients[c.key.pid] != c {
			all = append(all, c)
		}
	}
	return all
}
