package supervisor_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"

	"github.com/unoactor/unoactor/config"
	"github.com/unoactor/unoactor/conn"
	"github.com/unoactor/unoactor/supervisor"
)

// What a model's pools have in common.
const (
	modelAcquireTimeout = 3 * time.Second
	modelConnectTimeout = 2 * time.Second
	modelBackoffMax     = 2 * time.Second
	modelResetTimeout   = 4 * time.Second
	modelDrainTimeout   = 5 * time.Second
	// modelRecovery is when a pool has forgotten that its server was ill.
	modelRecovery = modelConnectTimeout + modelBackoffMax + modelResetTimeout + time.Second
	// modelLook is within what time a pool sees what nobody tells it: it looks at
	// its slots twice a second.
	modelLook = 1500 * time.Millisecond
)

// A modelLease is a lease that was granted, and how it ended.
type modelLease struct {
	name    string
	lease   conn.Lease
	session *modelSession // on the server; nil if that had ended already
	pid     uint32
	slot    int
	epoch   uint64
	reserve bool
	end     modelEnd
}

type modelEnd int

const (
	valid modelEnd = iota
	released
	revoked
	doubtful // its server is another by now: the pool may revoke it
)

// A lockstep runs a pool and its model side by side, a step at a time.
type lockstep struct {
	t      *rapid.T
	begin  time.Time
	ctx    context.Context //nolint:containedctx // of the run, which is what this is
	stop   context.CancelFunc
	server *modelServer
	system *supervisor.System
	pool   *supervisor.Pool
	queue  modelQueue

	config  config.Pool // as the model has it
	breaker bool
	leases  []*modelLease // that are held, the oldest first
	ended   []*modelLease // those that are not any more
	pauses  []*modelPause
	calls   sync.WaitGroup // of what takes its time
	revoked int            // leases, by Close

	paused      bool
	failFast    bool
	closing     time.Time // when Close was called, zero before
	acted       time.Time // when something was last done to the pool
	resized     time.Time
	ill         time.Time // when the server was last known to be ill
	floor       uint32    // backends with a process id up to that are of an old generation
	generations uint64
	ceiling     int // most that may be connected
	dials       int // when the pause began
	waiters     int

	granted, refused, timeouts uint64
}

// A modelPause is a call of Pause.
type modelPause struct {
	done chan struct{}
	err  error
}

func newLockstep(t *rapid.T) *lockstep {
	m := &lockstep{t: t, begin: time.Now(), server: newModelServer(), generations: 1}
	m.ctx, m.stop = context.WithCancel(t.Context())
	m.ill = m.begin.Add(-time.Hour)
	size := rapid.IntRange(1, 4).Draw(t, "size")
	never := func(d time.Duration, name string) time.Duration {
		return rapid.SampledFrom([]time.Duration{config.Never, d}).Draw(t, name)
	}
	m.config = config.Pool{
		Name: "default", Node: "main", Size: size,
		MaxOverflow:       rapid.IntRange(0, 2).Draw(t, "overflow"),
		MinIdle:           rapid.IntRange(0, size).Draw(t, "min_idle"),
		Order:             rapid.SampledFrom([]config.Order{config.LIFO, config.FIFO}).Draw(t, "order"),
		Reset:             rapid.SampledFrom([]config.Reset{config.ResetRollback, config.ResetDiscard, config.ResetNone}).Draw(t, "reset"),
		AcquireTimeout:    modelAcquireTimeout,
		MaxLifetime:       never(20*time.Second, "max_lifetime"),
		IdleTimeout:       never(5*time.Second, "idle_timeout"),
		KeepAlive:         never(4*time.Second, "keepalive"),
		ValidateAfterIdle: never(3*time.Second, "validate_after_idle"),
		ValidateTimeout:   500 * time.Millisecond,
		DrainTimeout:      modelDrainTimeout,
	}
	node := config.Node{Name: "main", Host: "model", User: "model", Password: "model", Database: "model", TLS: config.TLS{Mode: "disable"},
		ConnectTimeout: modelConnectTimeout, BackoffMin: 100 * time.Millisecond, BackoffMax: modelBackoffMax}
	if m.breaker = rapid.Bool().Draw(t, "breaker"); m.breaker {
		node.Breaker = config.Breaker{FailureThreshold: 3, ResetTimeout: modelResetTimeout}
	}
	m.ceiling = m.config.Hard()
	var err error
	m.system, err = supervisor.Start(config.Topology{Nodes: []config.Node{node}, Pools: []config.Pool{m.config}, Gateway: config.Gateway{Auth: config.Trust}},
		supervisor.Options{Dialer: func(config.Pool) conn.DialerOptions { return conn.DialerOptions{Dial: m.server.Dial} }})
	if err != nil {
		m.server.close()
		t.Fatal(err)
	}
	if m.pool, err = m.system.Pool("default"); err != nil {
		m.fail("%v", err)
	}
	return m
}

// do adds what is done next to the story that a failure is told with.
func (m *lockstep) do(format string, args ...any) {
	m.acted = time.Now()
	m.say(format, args...)
}

// say adds a line to it.
func (m *lockstep) say(format string, args ...any) {
	m.t.Logf("%8.3fs  %s", time.Since(m.begin).Seconds(), fmt.Sprintf(format, args...))
}

// fail ends the run: what the pool did is not what the model says.
func (m *lockstep) fail(format string, args ...any) {
	var tree strings.Builder
	_ = m.system.Snapshot().WriteTree(&tree) // it never fails
	for _, d := range m.pool.Why(12) {
		fmt.Fprintf(&tree, "why: %v\n", d)
	}
	m.t.Fatalf("BROKEN: %s\n%s%+v", fmt.Sprintf(format, args...), tree.String(), m.pool.Stats())
}

// catchUp lets everything happen that follows from what was done, takes it over
// into the model and looks whether it had to be so.
func (m *lockstep) catchUp() {
	if t := temper(m.server.temper.Load()); t != welcoming && t != slow {
		m.ill = time.Now()
	}
	synctest.Wait()
	ended, wrong := m.queue.takeOver()
	if len(ended) > 0 {
		m.acted = time.Now()
	}
	for _, w := range ended {
		m.waitEnded(w)
	}
	for _, s := range wrong {
		m.fail("%s", s)
	}
	m.check()
}

// waitEnded takes over the end of a wait.
func (m *lockstep) waitEnded(w *modelWaiter) {
	if w.err == nil {
		m.say("  %s has its lease after %v", w.name, w.at.Sub(w.since))
		m.take(w.name, w.lease)
		return
	}
	if !w.queued || !w.left { // who leaves the queue was not refused
		m.refused++
	}
	waited := w.at.Sub(w.since)
	m.say("  %s is refused after %v: %v", w.name, waited, firstLine(w.err))
	var breaker *conn.BreakerError
	switch err := w.err; {
	case errors.Is(err, context.Canceled):
		if !w.left {
			m.fail("%s was cancelled by nobody", w.name)
		}
	case errors.Is(err, conn.ErrTimeout):
		m.timeouts++
		if waited < modelAcquireTimeout {
			m.fail("%s timed out after %v", w.name, waited)
		}
	case errors.Is(err, conn.ErrClosed):
		if m.closing.IsZero() {
			m.fail("%s was told that the pool is closed", w.name)
		}
	case errors.Is(err, conn.ErrPaused):
		if !m.paused || !m.failFast {
			m.fail("%s was told that the pool is paused", w.name)
		}
	case errors.As(err, &breaker):
		if !m.breaker || m.healthy() {
			m.fail("%s was told of an open breaker", w.name)
		}
	case errors.Is(err, conn.ErrDenied):
		if m.healthy() {
			m.fail("%s was told that the server refuses the pool", w.name)
		}
	default:
		m.fail("%s was refused for no reason of the model: %v", w.name, err)
	}
}

func firstLine(err error) string {
	line, _, _ := strings.Cut(err.Error(), "\n")
	return line
}

// take makes a lease of a grant.
func (m *lockstep) take(name string, l conn.Lease) {
	m.granted++
	b, err := l.Backend()
	if err != nil {
		m.fail("the new lease of %s is of nothing: %v", name, err)
	}
	state, epoch := m.pool.Slots().State(b.Slot())
	if state != conn.Leased {
		m.fail("the slot of %s is %v", name, state)
	}
	for _, o := range m.leases {
		if o.slot == b.Slot() || o.pid == b.PID() {
			m.fail("%s and %s hold the same backend: slot %d, process %d", o.name, name, o.slot, o.pid)
		}
	}
	if b.PID() <= m.floor {
		m.fail("%s got process %d, which was invalidated", name, b.PID())
	}
	lease := &modelLease{name: name, lease: l, session: m.server.session(b.PID()), pid: b.PID(), slot: b.Slot(), epoch: epoch,
		reserve: b.Slot() == m.pool.Slots().Reserve()}
	if lease.session != nil {
		lease.session.held.Store(1)
	}
	m.leases = append(m.leases, lease)
}

// end takes a lease out of those that are held.
func (m *lockstep) end(l *modelLease, how modelEnd) {
	l.end = how
	if l.session != nil {
		l.session.held.Store(0)
	}
	for i, o := range m.leases {
		if o == l {
			m.leases = append(m.leases[:i:i], m.leases[i+1:]...)
			m.ended = append(m.ended, l)
			return
		}
	}
}

// healthy says that the server has been well for so long that nothing is left of
// its illness.
func (m *lockstep) healthy() bool { return time.Since(m.ill) > modelRecovery }
