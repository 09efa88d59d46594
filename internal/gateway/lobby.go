package gateway

import (
	"container/list"
	"sync"
	"time"

	"github.com/unoactor/unoactor/internal/gateway/wire"
)

// lobby counts the connections of the gateway: those that log in, in all and by
// address, and those that are logged in. Its caps are what keeps connections that
// say nothing from keeping others out, and strangers from using up memory and
// descriptors.
//
//	accepted ---> logging in ---> logged in ---> gone
//	                |    |
//	                |    +--> held: the answer to a wrong password is delayed
//	                +-------> displaced: others want to log in, and it has had its time
//
// A connection that comes when no place is free displaces the login that has been
// under way for longest, if that has had its grace; else the new one is refused.
type lobby struct {
	limits lobbyLimits

	mu      sync.Mutex
	closed  bool
	clients int       // logged in
	logins  list.List // the places of those that log in, the oldest first
	held    list.List // the places of those that were refused and don't know yet
	hosts   map[string]*host
}

// lobbyLimits are its caps.
type lobbyLimits struct {
	clients int // logged in
	logins  int // logging in or held
	host    int // of these, from one address
	sockets int // of all together: what there are descriptors for; 0 is no limit
}

// host is what is known of an address while connections of it log in or are held.
type host struct {
	logins list.List // its places that are in lobby.logins, the oldest first
	held   int
}

func (h *host) size() int { return h.logins.Len() + h.held }

// grace is how long a login can't be displaced: long enough for a client beyond an
// ocean to have said who it is.
const grace = 250 * time.Millisecond

// place is a connection's in the lobby. The lobby's lock guards it, but for what
// does not change.
type place struct {
	address  string
	since    time.Time
	displace func() // has the connection end; must not block

	state placeState
	of    *host
	in    *list.Element // of lobby.logins or lobby.held
	at    *list.Element // of host.logins
	timer *time.Timer   // ends the hold
	told  func()        // tells the client, at the end of the hold
}

type placeState uint8

const (
	loggingIn placeState = iota
	onHold
	loggedIn
	left // or displaced
)

// limit replaces the caps. Nobody who is inside is sent away for them.
func (l *lobby) limit(to lobbyLimits) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.limits = to
}

// enter gives a connection that was accepted a place, or says why there is none.
func (l *lobby) enter(address string, now time.Time, displace func()) (*place, *wire.Error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.closed {
		return nil, errStarting
	}
	if h := l.hosts[address]; h != nil {
		if h.held >= max(1, l.limits.host/2) {
			return nil, tooManyRefused(h.held)
		}
		if h.size() >= l.limits.host && !l.makeRoom(&h.logins, now) {
			return nil, tooManyLogins("from this address", l.limits.host, "max_logins_per_address")
		}
	}
	switch all := l.logins.Len() + l.held.Len(); {
	case all >= l.limits.logins:
		if !l.makeRoom(&l.logins, now) {
			return nil, tooManyLogins("to the gateway", l.limits.logins, "max_logins")
		}
	case l.limits.sockets > 0 && all+l.clients >= l.limits.sockets:
		if !l.makeRoom(&l.logins, now) {
			return nil, tooFewDescriptors(l.limits.sockets)
		}
	}
	h := l.hosts[address]
	if h == nil {
		h = &host{}
		if l.hosts == nil {
			l.hosts = make(map[string]*host)
		}
		l.hosts[address] = h
	}
	p := &place{address: address, since: now, displace: displace, of: h}
	p.in, p.at = l.logins.PushBack(p), h.logins.PushBack(p)
	return p, nil
}

// makeRoom displaces the oldest of the logins given, and returns false if that has
// not had its grace.
func (l *lobby) makeRoom(among *list.List, now time.Time) bool {
	oldest := among.Front()
	if oldest == nil {
		return false
	}
	p := oldest.Value.(*place)
	if now.Sub(p.since) < grace {
		return false
	}
	l.remove(p)
	p.displace()
	return true
}

// remove takes a place off its lists.
func (l *lobby) remove(p *place) {
	switch p.state {
	case loggingIn:
		l.logins.Remove(p.in)
		p.of.logins.Remove(p.at)
	case onHold:
		l.held.Remove(p.in)
		p.of.held--
	case loggedIn:
		l.clients--
	}
	p.state = left
	if p.of.size() == 0 && l.hosts[p.address] == p.of {
		delete(l.hosts, p.address)
	}
}

// leave gives a connection's place back. One that is held stays taken.
func (l *lobby) leave(p *place) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if p.state != onHold {
		l.remove(p)
	}
}

// admit makes a login a client, or says why it can't be one.
func (l *lobby) admit(p *place) *wire.Error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if p.state != loggingIn {
		return errDisplaced
	}
	if l.clients >= l.limits.clients {
		return tooManyClients(l.limits.clients)
	}
	l.remove(p)
	p.state = loggedIn
	l.clients++
	return nil
}

// hold keeps the place of a login that is refused for a time in which nobody serves
// it, and then calls told. If too many are held, the first of them is done with now.
func (l *lobby) hold(p *place, wait time.Duration, told func()) {
	l.mu.Lock()
	if p.state != loggingIn || l.closed {
		l.remove(p)
		l.mu.Unlock()
		told()
		return
	}
	var early func()
	if l.held.Len() >= max(1, l.limits.logins/2) {
		early = l.release(l.held.Front().Value.(*place))
	}
	l.remove(p)
	l.hosts[p.address], p.state = p.of, onHold
	p.of.held++
	p.in, p.told = l.held.PushBack(p), told
	p.timer = time.AfterFunc(wait, func() {
		l.mu.Lock()
		told := l.release(p)
		l.mu.Unlock()
		if told != nil {
			told()
		}
	})
	l.mu.Unlock()
	if early != nil {
		early()
	}
}

// release ends a hold and returns what is to be called then, nil if it has ended.
func (l *lobby) release(p *place) func() {
	if p.state != onHold {
		return nil
	}
	p.timer.Stop()
	l.remove(p)
	return p.told
}

// close lets nobody in any more, and ends all holds.
func (l *lobby) close() {
	l.mu.Lock()
	l.closed = true
	var ends []func()
	for l.held.Len() > 0 {
		ends = append(ends, l.release(l.held.Front().Value.(*place)))
	}
	l.mu.Unlock()
	for _, end := range ends {
		end()
	}
}

// spare displaces the oldest login, for want of a descriptor.
func (l *lobby) spare(now time.Time) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.makeRoom(&l.logins, now)
}

// count returns how many are logged in, and how many log in or are held.
func (l *lobby) count() (clients, logins int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.clients, l.logins.Len() + l.held.Len()
}
