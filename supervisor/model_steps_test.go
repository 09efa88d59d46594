package supervisor_test

import (
	"context"
	"errors"
	"fmt"
	"time"

	"pgregory.net/rapid"

	"github.com/unoactor/unoactor/config"
	"github.com/unoactor/unoactor/conn"
	"github.com/unoactor/unoactor/supervisor"
)

// steps are what can happen to a pool. Those with several names happen more often.
func (m *lockstep) steps() map[string]func(*rapid.T) {
	steps := map[string]func(*rapid.T){
		"acquire": m.enqueue, "acquire again": m.enqueue, "acquire in a goroutine": m.acquire, "acquire by chance": m.try,
		"cancel": m.cancel, "revoke": m.revoke, "begin a transaction": m.beginTransaction,
		"resize": m.resize, "pause": m.pause, "resume": m.resume, "invalidate": m.invalidate,
		"temper": m.change, "recover": m.recover, "hang up": m.hangUp, "restart": m.restart,
		"panic": m.panic, "clear idle": m.clearIdle, "warm up": m.warmUp,
	}
	for name, step := range m.closingSteps() {
		steps[name] = step
	}
	return steps
}

// closingSteps are those that can happen to a pool that is being closed.
func (m *lockstep) closingSteps() map[string]func(*rapid.T) {
	return map[string]func(*rapid.T){
		"acquire once more": m.enqueue, "acquire as another": m.enqueue, "release": m.release, "release one": m.release, "destroy": m.destroy,
		"use": m.use, "end again": m.endAgain, "revoke an old lease": m.revokeOld, "wait": m.sleep, "wait longer": m.sleepLong,
	}
}

// lease is one of those given, drawn.
func (m *lockstep) lease(of []*modelLease) *modelLease {
	if len(of) == 0 {
		m.t.Skip("there is no such lease")
	}
	return of[rapid.IntRange(0, len(of)-1).Draw(m.t, "lease")]
}

func (m *lockstep) newWaiter(queued bool) *modelWaiter {
	m.waiters++
	priority := rapid.SampledFrom([]conn.Priority{conn.Normal, conn.Normal, conn.Low, conn.High, conn.Admin}).Draw(m.t, "priority")
	w := m.queue.newWaiter(fmt.Sprintf("%c%d", "lnha"[priority+1], m.waiters), priority, queued)
	return w
}

func (m *lockstep) enqueue(*rapid.T) {
	w := m.newWaiter(true)
	m.do("%s (%v) waits", w.name, w.Priority)
	w.enqueue(m.pool)
	m.catchUp()
}

func (m *lockstep) acquire(*rapid.T) {
	w := m.newWaiter(false)
	m.do("%s (%v) waits in Acquire", w.name, w.Priority)
	w.acquire(m.ctx, m.pool)
	m.catchUp()
}

func (m *lockstep) try(*rapid.T) {
	idle, waiting := m.pool.Stats().Idle, len(m.queue.standing())
	l, ok := m.pool.TryAcquire()
	m.do("TryAcquire: %t", ok)
	switch {
	case ok && (m.paused || !m.closing.IsZero() || waiting > 0 || idle == 0):
		m.fail("TryAcquire lent a backend: paused %t, %d wait, %d are idle", m.paused, waiting, idle)
	case ok:
		m.waiters++
		m.take(fmt.Sprintf("t%d", m.waiters), l)
	case idle > 0 && !m.paused && m.closing.IsZero() && m.config.ValidateAfterIdle == config.Never && m.pool.Health().Metrics["node_up"] == true && m.healthy():
		m.fail("TryAcquire lent nothing, and %d are idle", idle)
	}
	m.catchUp()
}

func (m *lockstep) cancel(*rapid.T) {
	standing := m.queue.standing()
	if len(standing) == 0 {
		m.t.Skip("nobody waits")
	}
	w := standing[rapid.IntRange(0, len(standing)-1).Draw(m.t, "waiter")]
	m.do("%s is cancelled", w.name)
	if !w.leave(m.pool) && w.queued {
		m.fail("%s could not be cancelled", w.name)
	}
	if !w.queued {
		time.Sleep(50 * time.Millisecond) //nolint:forbidigo // in a bubble; the end of a context is noticed within some milliseconds
	}
	m.catchUp()
}

func (m *lockstep) release(*rapid.T) {
	l := m.lease(m.leases)
	m.do("%s releases slot %d, process %d", l.name, l.slot, l.pid)
	m.end(l, released)
	l.lease.Release()
	m.catchUp()
}

func (m *lockstep) destroy(*rapid.T) {
	l := m.lease(m.leases)
	m.do("%s destroys process %d in slot %d", l.name, l.pid, l.slot)
	m.end(l, released)
	l.lease.Destroy(errors.New("on purpose"))
	m.catchUp()
	if m.server.session(l.pid) != nil {
		m.fail("process %d was destroyed and lives", l.pid)
	}
}

// endAgain ends a lease that has ended, which must touch nobody.
func (m *lockstep) endAgain(*rapid.T) {
	l := m.lease(m.ended)
	if rapid.Bool().Draw(m.t, "destroy") {
		m.do("%s destroys slot %d again", l.name, l.slot)
		l.lease.Destroy(errors.New("on purpose"))
	} else {
		m.do("%s releases slot %d again", l.name, l.slot)
		l.lease.Release()
	}
	m.catchUp()
}

func (m *lockstep) revoke(*rapid.T) {
	l := m.lease(m.leases)
	m.do("%s loses slot %d", l.name, l.slot)
	m.end(l, revoked)
	m.pool.RevokeLease(l.slot, l.epoch)
	m.catchUp()
}

// revokeOld revokes a lease that has ended, which must touch nobody.
func (m *lockstep) revokeOld(*rapid.T) {
	l := m.lease(m.ended)
	m.do("%s, whose lease of slot %d has ended, loses it", l.name, l.slot)
	m.pool.RevokeLease(l.slot, l.epoch)
	m.catchUp()
}

func (m *lockstep) use(*rapid.T)              { m.exec("select 1" + ofHolder) }
func (m *lockstep) beginTransaction(*rapid.T) { m.exec("begin" + ofHolder) }

// exec runs a statement of a holder, which fails only if the server hung up.
func (m *lockstep) exec(sql string) {
	l := m.lease(m.leases)
	b, err := l.lease.Backend()
	if err != nil {
		m.fail("%s: %v", l.name, err)
	}
	alive := m.server.session(l.pid) != nil
	_, err = b.Conn().Exec(m.ctx, sql)
	m.do("%s runs %s: %v", l.name, sql, err)
	if (err == nil) != alive {
		m.fail("the server's process of %s lives: %t, its statement gets %v", l.name, alive, err)
	}
	m.catchUp()
}

func (m *lockstep) resize(*rapid.T) {
	size, overflow := rapid.IntRange(1, 5).Draw(m.t, "size"), rapid.IntRange(0, 2).Draw(m.t, "overflow")
	err := m.pool.Resize(size, overflow)
	m.resized = time.Now()
	m.do("resized to %d+%d: %v", size, overflow, err)
	switch {
	case err == nil:
		m.config.Size, m.config.MaxOverflow = size, overflow
		m.ceiling = max(m.ceiling, size+overflow)
	case size >= m.config.MinIdle:
		m.fail("it could not be resized")
	}
	m.catchUp()
}

func (m *lockstep) pause(*rapid.T) {
	mode := rapid.SampledFrom([]supervisor.PauseMode{supervisor.Wait, supervisor.FailFast}).Draw(m.t, "mode")
	m.do("paused, fail fast %t", mode)
	p := &modelPause{done: make(chan struct{})}
	m.pauses = append(m.pauses, p)
	m.calls.Go(func() {
		defer close(p.done)
		p.err = m.pool.Pause(m.ctx, mode)
	})
	m.failFast = mode == supervisor.FailFast
	if !m.paused {
		m.paused, m.dials = true, -1
	}
	m.catchUp()
}

func (m *lockstep) resume(*rapid.T) {
	if !m.paused {
		m.t.Skip("it is not paused")
	}
	m.do("resumed")
	m.paused = false
	m.pool.Resume()
	m.catchUp()
}

func (m *lockstep) invalidate(*rapid.T) {
	how := rapid.SampledFrom([]supervisor.Invalidation{supervisor.Soft, supervisor.Hard}).Draw(m.t, "how")
	m.do("invalidated, hard %t", how)
	m.floor = m.server.newest()
	m.generations++
	if how == supervisor.Hard {
		m.revokeAll()
	}
	m.pool.Invalidate(how)
	m.catchUp()
}

func (m *lockstep) revokeAll() {
	for _, l := range append([]*modelLease(nil), m.leases...) {
		m.end(l, revoked)
	}
}

// change changes how the server receives those who connect.
func (m *lockstep) change(*rapid.T) {
	now := rapid.SampledFrom([]temper{slow, down, mute, starting, crowded, forbidding}).Draw(m.t, "temper")
	m.do("the server is %v", now)
	m.server.temper.Store(int32(now))
	m.catchUp()
}

func (m *lockstep) recover(*rapid.T) {
	if temper(m.server.temper.Load()) == welcoming {
		m.t.Skip("it is well")
	}
	m.do("the server is well")
	m.server.temper.Store(int32(welcoming))
	m.catchUp()
}

// hangUp ends one of the server's processes.
func (m *lockstep) hangUp(*rapid.T) {
	pid := uint32(rapid.IntRange(1, 40).Draw(m.t, "process"))
	if m.server.session(pid) == nil {
		m.t.Skip("there is no such process")
	}
	m.do("process %d is killed", pid)
	m.ill = time.Now()
	m.server.hangUp(func(it *modelSession) bool { return it.pid == pid })
	m.catchUp()
}

func (m *lockstep) restart(*rapid.T) {
	m.do("the server restarts")
	m.ill = time.Now()
	m.server.started.Add(1e6)
	m.server.hangUp(func(*modelSession) bool { return true })
	for _, l := range m.leases {
		l.end = doubtful
	}
	m.catchUp()
}

func (m *lockstep) panic(*rapid.T) {
	m.do("the pool's actor panics")
	m.pool.PanicNow()
	m.catchUp()
}

func (m *lockstep) clearIdle(*rapid.T) {
	m.do("what is idle is closed")
	m.call(func(ctx context.Context) { _, _ = m.pool.ClearIdle(ctx) }) // how many is the model's secret
}

func (m *lockstep) warmUp(*rapid.T) {
	n := rapid.IntRange(1, m.config.Size).Draw(m.t, "backends")
	m.do("warmed up to %d", n)
	m.call(func(ctx context.Context) { _ = m.pool.WarmUp(ctx, n) }) // it fails while the server is ill
}

// call does something that takes its time, but no longer than a second.
func (m *lockstep) call(f func(context.Context)) {
	m.calls.Go(func() {
		ctx, cancel := context.WithTimeout(m.ctx, time.Second)
		defer cancel()
		f(ctx)
	})
	m.catchUp()
}

func (m *lockstep) sleep(*rapid.T) {
	m.pass(rapid.SampledFrom([]time.Duration{time.Millisecond, 100 * time.Millisecond, 700 * time.Millisecond, 2 * time.Second}).Draw(m.t, "time"))
}

func (m *lockstep) sleepLong(*rapid.T) {
	m.pass(rapid.SampledFrom([]time.Duration{3 * time.Second, 7 * time.Second, 25 * time.Second}).Draw(m.t, "time"))
}

// pass lets time pass, a little at a time, looking after each.
func (m *lockstep) pass(d time.Duration) {
	m.say("%v pass", d)
	for d > 0 {
		step := min(d, 250*time.Millisecond)
		d -= step
		if !m.closing.IsZero() && !time.Now().Add(step).Before(m.closing.Add(modelDrainTimeout)) {
			m.revoked += len(m.leases)
			m.revokeAll()
		}
		time.Sleep(step) //nolint:forbidigo // in a bubble, how time passes
		m.catchUp()
	}
}
