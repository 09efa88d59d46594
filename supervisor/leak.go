package supervisor

import (
	"context"
	"fmt"
	"runtime"
	"strings"
	"time"

	"github.com/unoactor/unoactor/conn"
	"github.com/unoactor/unoactor/internal/sqltext"
	"github.com/unoactor/unoactor/messages"
)

// askTime bounds what a pool asks its server about itself.
const askTime = 2 * time.Second

// leaked asks, in the background, what a lease that lasts for too long does, and reports it. If
// reclaimed is set, the lease is revoked after that.
func (a *poolActor) leaked(slot int, held time.Duration, reclaimed bool) {
	s := &a.states[slot]
	a.leaks.Add(1)
	a.lastLeak.Store(time.Now().UnixNano())
	e := messages.ConnectionLeaked{Origin: a.origin(), Backend: s.identity(slot), Held: held, Reclaimed: reclaimed}
	holder, _ := a.slots.Holder(slot, s.epoch)
	e.Checkout = holder.Stack
	e.Now = stackOf(holder.Goroutine)
	epoch, connection := s.epoch, a.connections.at(slot)
	tell := func(err error) {
		if reclaimed {
			connection.Tell(messages.Revoke{Cause: messages.Reclaimed, Epoch: epoch})
		}
		a.log.Warn("a lease lasts for too long", "slot", slot, "incarnation", e.Incarnation, "held", held.Round(time.Millisecond), "reclaimed", reclaimed,
			"pid", e.PID, "state", e.State, "statement", e.Statement, "blocked_by", e.Blockers, "acquired_at", e.Checkout, "now_at", e.Now, "error", err)
		a.observe.emit(e)
	}
	a.work.Go(func() {
		ctx, cancel := context.WithTimeout(context.Background(), askTime)
		defer cancel()
		tell(a.askAbout(ctx, &e))
	}, func(err error) {
		a.log.Error("the question about a lease failed", "error", err, "stack", conn.StackOf(err))
		tell(err)
	})
}

// askAbout fills in what the backend does, by a question to the server on another backend.
func (a *poolActor) askAbout(ctx context.Context, e *messages.ConnectionLeaked) error {
	l, err := a.slots.AcquirePriority(ctx, conn.Admin)
	if err != nil {
		return err
	}
	defer l.Release()
	b, err := l.Backend()
	if err != nil {
		return err
	}
	const ask = "select coalesce(state, ''), coalesce(query, ''), pg_blocking_pids(pid)::int8[] from pg_stat_activity where pid = $1"
	var blockers []int64
	if err := b.Conn().QueryRow(ctx, ask, int64(e.PID)).Scan(&e.State, &e.Statement, &blockers); err != nil {
		return err
	}
	e.Statement = sqltext.WithoutLiterals(e.Statement)
	for _, pid := range blockers {
		e.Blockers = append(e.Blockers, uint32(pid))
	}
	return nil
}

// stackOf returns the stack of a goroutine, given the low half of its id; "" if it has ended. The runtime
// stops all goroutines for it.
func stackOf(goroutine uint32) string {
	buf := make([]byte, 1<<20)
	buf = buf[:runtime.Stack(buf, true)]
	for stack := range strings.SplitSeq(string(buf), "\n\n") {
		var id uint64
		if _, err := fmt.Sscanf(stack, "goroutine %d ", &id); err == nil && uint32(id) == goroutine {
			return stack
		}
	}
	return ""
}
