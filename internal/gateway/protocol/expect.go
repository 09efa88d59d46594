package protocol

import "github.com/unoactor/unoactor/internal/gateway/wire"

// expect is a reply that the server owes: all that answers one request.
type expect struct {
	request byte // P, B, D, C, E, Q, F or S
	hidden  bool // the gateway's own request: its reply is hidden from the client
	states  bool // the request changes which unnamed statement there is: see [prepared.Statements]
	binds   bool // the request is a Bind of the unnamed statement
	shape   bool // the reply says what shape the rows of the unnamed statement have
}

// readies says that the reply ends with a ReadyForQuery.
func (e expect) readies() bool {
	return e.request == wire.Query || e.request == wire.Sync || e.request == wire.Function
}

// ends says whether a message of the server, no error and no ReadyForQuery, is the last of the reply.
func (e expect) ends(typ byte) bool {
	switch e.request {
	case wire.Parse:
		return typ == wire.ParseComplete
	case wire.Bind:
		return typ == wire.BindComplete
	case wire.Close:
		return typ == wire.CloseComplete
	case wire.Describe:
		return typ == wire.RowDescription || typ == wire.NoData
	case wire.Execute:
		return typ == wire.CommandComplete || typ == wire.EmptyQuery || typ == wire.PortalSuspended
	}
	return false
}

// maxOwed is how many replies the server may owe before the client has to wait. What one
// read of the client holds may come on top.
const maxOwed = 4096

// replies are the expected replies, in the order of the requests. It is a ring, which is
// allocated only where more than a few are owed.
type replies struct {
	few     [12]expect
	many    []expect // nil while few suffice
	first   int
	n       int
	readies int // how many of them end with a ReadyForQuery
}

func (r *replies) ring() []expect {
	if r.many != nil {
		return r.many
	}
	return r.few[:]
}

// at is the i-th that is owed, the next being the 0th.
func (r *replies) at(i int) *expect {
	ring := r.ring()
	if i += r.first; i >= len(ring) {
		i -= len(ring)
	}
	return &ring[i]
}

// next is the reply that the server's next message belongs to, nil if it owes none.
func (r *replies) next() *expect {
	if r.n == 0 {
		return nil
	}
	return r.at(0)
}

func (r *replies) grow() {
	if r.n < len(r.ring()) {
		return
	}
	larger := make([]expect, 0, 4*r.n)
	for i := range r.n {
		larger = append(larger, *r.at(i))
	}
	r.many, r.first = larger[:cap(larger)], 0
}

func (r *replies) push(e expect) {
	r.grow()
	r.n++
	*r.at(r.n - 1) = e
	r.count(e, 1)
}

// pushFirst is for a request that is sent ahead of all that are noted already.
func (r *replies) pushFirst(e expect) {
	r.grow()
	if r.first--; r.first < 0 {
		r.first += len(r.ring())
	}
	r.n++
	*r.at(0) = e
	r.count(e, 1)
}

func (r *replies) pop() expect {
	e := *r.at(0)
	if r.first++; r.first == len(r.ring()) {
		r.first = 0
	}
	r.count(e, -1)
	if r.n--; r.n == 0 && len(r.many) > 256 {
		r.many, r.first = nil, 0
	}
	return e
}

func (r *replies) clear() {
	for r.n > 0 {
		r.pop()
	}
}

// count keeps account of the replies that end with a ReadyForQuery.
func (r *replies) count(e expect, by int) {
	if e.readies() {
		r.readies += by
	}
}
