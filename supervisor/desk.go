package supervisor

import (
	"context"
	"errors"
	"math/rand/v2"
	"slices"
	"sync"
	"time"

	"github.com/asynkron/protoactor-go/actor"
	"github.com/asynkron/protoactor-go/eventstream"

	"github.com/unoactor/unoactor/actors"
	"github.com/unoactor/unoactor/config"
	"github.com/unoactor/unoactor/conn"
	"github.com/unoactor/unoactor/messages"
	"github.com/unoactor/unoactor/routing"
)

// ClaimTime is how long a ticket can be claimed after its lease was granted.
const ClaimTime = 5 * time.Second

// ErrNoTicket is the error of a claim whose ticket stands for no lease: it was claimed before, or not
// within [ClaimTime], or the asker has ended, or there never was such a ticket.
var ErrNoTicket = errors.New("no lease waits under that ticket: it was claimed already, has expired, or was never granted")

// desk leases backends for actors. It waits in the pools' queues in their place, keeps the leases that
// were granted until they are claimed, and releases those that nobody can claim any more.
//
//	ordered --granted--> offered --claimed--> held --released by whoever claimed it--> ended
//	   |                    |                  |
//	   |                    |                  '-- asker ended: revoked
//	   |                    '-- asker ended, or expired: released
//	   '-- asker ended: cancelled
//
// An asker is an actor, which is watched, or a future, which can't be: if its time has passed, the
// answer becomes a dead letter or, at the last moment, is lost, and then the ticket expires. An
// actor that is restarted counts as ended: its next incarnation asked for nothing.
type desk struct {
	system *System
	heard  *eventstream.Subscription

	mu      sync.Mutex
	closed  bool
	offered map[messages.Ticket]*order
	askers  map[string]*asker // by the ids of their addresses
	waiting sync.WaitGroup    // for leases
}

// asker is an actor that has orders.
type asker struct {
	process *actor.ActorProcess // tells the actor from a later one at the same address
	orders  []*order
}

// order is one Checkout. The desk's lock guards it.
type order struct {
	pool     *Pool
	rule     string
	pid      *actor.PID
	cancel   context.CancelFunc
	unwanted bool // its asker has ended, or it was refused
	ticket   messages.Ticket
	lease    conn.Lease
	expiry   *time.Timer
}

func newDesk(s *System) *desk {
	d := &desk{system: s, offered: make(map[messages.Ticket]*order), askers: make(map[string]*asker)}
	d.heard = s.actors.EventStream.Subscribe(func(event any) {
		switch e := event.(type) {
		case *actor.DeadLetterEvent:
			if g, ok := e.Message.(messages.Granted); ok {
				d.takeBack(g.Ticket)
			}
		case *actor.SupervisorEvent:
			if e.Directive == actor.RestartDirective { // before it is done: nothing is asked meanwhile
				d.end(e.Child, nil)
			}
		}
	})
	return d
}

// Order implements [actors.Desk].
func (d *desk) Order(pid *actor.PID, choice routing.Choice, m messages.Checkout) (watch bool) {
	pool, err := d.system.Pool(choice.Pool)
	if err != nil { // it went with its route, which the router still knew
		pool, choice, err = d.system.Route(intentOf(m))
	}
	if err != nil {
		d.answer(pid, messages.Granted{Err: err})
		return false
	}
	process := actors.RunningAt(d.system.actors, pid)
	if process != nil {
		d.end(pid, process) // who had its address before
	}
	ctx, cancel := context.WithCancel(context.Background()) // until its asker, or the pool, ends it
	if m.Wait > 0 {
		ctx, cancel = context.WithTimeout(ctx, m.Wait)
	}
	o := &order{pool: pool, rule: choice.Rule, pid: pid, cancel: cancel}
	if !d.enter(o, process) {
		cancel()
		d.answer(pid, messages.Granted{Pool: choice.Pool, Rule: choice.Rule, Err: conn.ErrClosed})
		return false
	}
	go func() {
		defer d.waiting.Done()
		defer cancel()
		l, err := pool.AcquirePriority(ctx, min(max(conn.Priority(m.Priority), conn.Low), conn.Admin))
		d.offer(o, l, err)
	}()
	return process != nil
}

func intentOf(m messages.Checkout) routing.Intent {
	return routing.Intent{Database: m.Database, User: m.User, Entity: m.Entity, Access: config.Access(m.Access), Labels: m.Labels}
}

// enter adds an order. It returns false if the desk is closed.
func (d *desk) enter(o *order, process *actor.ActorProcess) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.closed {
		return false
	}
	d.waiting.Add(1)
	if process != nil {
		a := d.askers[o.pid.Id]
		if a == nil {
			a = &asker{process: process}
			d.askers[o.pid.Id] = a
		}
		a.orders = append(slices.DeleteFunc(a.orders, (*order).ended), o)
	}
	return true
}

// ended returns whether nothing is left of an order: it was refused, or its lease has ended.
func (o *order) ended() bool {
	if o.lease.IsZero() {
		return o.unwanted
	}
	_, err := o.lease.Backend()
	return err != nil
}

// offer keeps the lease of an order for its claim and answers the asker, or tells why there is no lease.
// If the asker has ended, the lease is released.
func (d *desk) offer(o *order, l conn.Lease, err error) {
	d.mu.Lock()
	unwanted := o.unwanted
	if err == nil && d.closed {
		err = conn.ErrClosed
	}
	if err == nil && !unwanted {
		d.keep(o, l)
		l = conn.Lease{}
	} else {
		o.unwanted = true
	}
	ticket := o.ticket
	d.mu.Unlock()
	l.Release() // unless it was kept
	if !unwanted {
		d.answer(o.pid, messages.Granted{Pool: o.pool.Name(), Rule: o.rule, Ticket: ticket, Err: err})
	}
}

// keep gives the order its lease and a new ticket, which expires. d.mu is held.
func (d *desk) keep(o *order, l conn.Lease) {
	for o.ticket == 0 || d.offered[o.ticket] != nil {
		o.ticket = messages.Ticket(rand.Uint64())
	}
	o.lease = l
	d.offered[o.ticket] = o
	ticket := o.ticket
	o.expiry = time.AfterFunc(ClaimTime, func() { d.takeBack(ticket) })
}

func (d *desk) answer(pid *actor.PID, g messages.Granted) { d.system.actors.Root.Send(pid, g) }

// Claim returns the lease that a ticket stands for, once: whoever claimed it releases it. The error is
// [ErrNoTicket]. It is safe for concurrent use.
func (s *System) Claim(t messages.Ticket) (conn.Lease, error) {
	d := s.desk
	d.mu.Lock()
	defer d.mu.Unlock()
	o := d.offered[t]
	if o == nil {
		return conn.Lease{}, ErrNoTicket
	}
	delete(d.offered, t)
	o.expiry.Stop()
	return o.lease, nil
}

// takeBack releases a lease that was not claimed.
func (d *desk) takeBack(t messages.Ticket) {
	d.mu.Lock()
	o := d.offered[t]
	delete(d.offered, t)
	d.mu.Unlock()
	if o != nil {
		o.expiry.Stop()
		o.lease.Release()
	}
}

// AskerEnded implements [actors.Desk].
func (d *desk) AskerEnded(pid *actor.PID) { d.end(pid, actors.RunningAt(d.system.actors, pid)) }

// end takes back what was ordered from an address by actors other than but, which may be nil.
func (d *desk) end(pid *actor.PID, but *actor.ActorProcess) {
	d.mu.Lock()
	a := d.askers[pid.Id]
	if a == nil || a.process == but {
		d.mu.Unlock()
		return
	}
	delete(d.askers, pid.Id)
	unclaimed, held := d.endOrders(a.orders)
	d.mu.Unlock()
	for _, o := range unclaimed {
		o.lease.Release()
	}
	for _, o := range held {
		slot, epoch := o.lease.Identity()
		o.pool.RevokeLease(slot, epoch) // another goroutine of the asker's may be using it
	}
}

// endOrders ends the orders of an asker that has ended, and returns those whose leases the caller has to
// release, and to revoke. d.mu is held.
func (d *desk) endOrders(orders []*order) (unclaimed, held []*order) {
	for _, o := range orders {
		o.unwanted = true
		o.cancel()
		switch {
		case o.lease.IsZero():
		case d.offered[o.ticket] == o:
			delete(d.offered, o.ticket)
			o.expiry.Stop()
			unclaimed = append(unclaimed, o)
		default:
			held = append(held, o)
		}
	}
	return unclaimed, held
}

// close releases the leases that were not claimed, and refuses later orders. The pools refuse those who
// wait.
func (d *desk) close() {
	d.mu.Lock()
	d.closed = true
	var all []*order
	for _, o := range d.offered {
		all = append(all, o)
	}
	d.mu.Unlock()
	for _, o := range all {
		d.takeBack(o.ticket)
	}
}

// stop returns when all orders were answered. It must be called when the pools are closed.
func (d *desk) stop() {
	d.waiting.Wait()
	d.system.actors.EventStream.Unsubscribe(d.heard)
}
