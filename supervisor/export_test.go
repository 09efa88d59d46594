package supervisor

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/asynkron/protoactor-go/actor"
	"go.opentelemetry.io/otel/metric"
	sdk "go.opentelemetry.io/otel/sdk/metric"

	"github.com/unoactor/unoactor/actors"
	"github.com/unoactor/unoactor/config"
	"github.com/unoactor/unoactor/conn"
	"github.com/unoactor/unoactor/messages"
)

// Reconcile draws a picture from text, and its actions as text.
func Reconcile(size, minIdle int, slots, state string, replaces map[int]int) string {
	p := picture{pool: config.Pool{Size: size, MaxOverflow: len(slots) - size, MinIdle: minIdle, IdleTimeout: time.Minute}, kept: size}
	for field := range strings.FieldsSeq(state) {
		switch field {
		case "draining":
			p.draining = true
		case "blocked":
			p.blocked = true
		case "paused":
			p.paused = true
		case "admin":
			p.admin = true
		default:
			name, value, _ := strings.Cut(field, "=")
			n, err := strconv.Atoi(value)
			if err != nil {
				panic(err)
			}
			*map[string]*int{"waiting": &p.waiting, "kept": &p.kept, "warm": &p.warm, "spared": &p.spared, "overflow": &p.pool.MaxOverflow}[name] = n
		}
	}
	for i, r := range slots {
		s := map[rune]slotPicture{
			'.': {phase: empty}, 'l': {phase: empty, lost: true}, '~': {phase: opening}, 'x': {phase: leaving},
			'X': {phase: leaving, why: messages.LifetimeOver}, 'L': {phase: leaving, why: messages.LifetimeOver, state: conn.Leased},
			'i': {phase: open, state: conn.Idle}, 'B': {phase: open, state: conn.Leased}, 'c': {phase: open, state: conn.Claimed},
			'o': {phase: open, state: conn.Idle, idle: time.Hour},
			'_': {phase: empty, reserve: true}, 'R': {phase: open, state: conn.Leased, reserve: true}, 'r': {phase: open, state: conn.Idle, reserve: true},
			'e': {phase: open, state: conn.Idle, outlived: messages.LifetimeOver}, 'E': {phase: open, state: conn.Leased, outlived: messages.LifetimeOver},
		}[r]
		s.replaces = none
		if old, ok := replaces[i]; ok {
			s.replaces = old
		}
		p.slots = append(p.slots, s)
	}
	var out []string
	for _, a := range reconcile(p) {
		switch {
		case a.do == retireSlot:
			out = append(out, fmt.Sprintf("retire %d %s", a.slot, a.cause))
		case a.replaces != none:
			out = append(out, fmt.Sprintf("open %d for %d", a.slot, a.replaces))
		default:
			out = append(out, fmt.Sprintf("open %d", a.slot))
		}
	}
	return strings.Join(out, ", ")
}

// Change lists the steps from one topology to another.
func Change(running, after config.Topology) []string {
	var steps []string
	for _, s := range change(running.Complete(), config.Compare(running, after)) {
		steps = append(steps, s.String())
	}
	return steps
}

// Fates lists the supervision table.
func Fates() []string {
	var lines []string
	for c := messages.None; c <= messages.Reconfigured; c++ {
		f, ok := fates[c]
		switch {
		case c == messages.Connected, c == messages.Dirty, c == messages.Unsolicited, c == messages.Unproven: // end no incarnation
		case !ok:
			lines = append(lines, fmt.Sprintf("%s: missing", c))
		default:
			lines = append(lines, fmt.Sprintf("%s: %d %d", c, f.served, f.connecting))
		}
	}
	return lines
}

// PanicNow makes the pool's actor panic: there is no such slot.
func (p *Pool) PanicNow() { p.ref.Tell(messages.Opened{Slot: -1}) }

// Suggest is dynamic sizing's decision.
func Suggest(s config.Sizing, soft, hard, kept, used, waiting int, quiet time.Duration) (int, string) {
	return suggest(load{sizing: s, soft: soft, hard: hard, kept: kept, used: used, waiting: waiting, quiet: quiet})
}

//

// Vitals is vitals, exported.
type Vitals struct {
	Stats            conn.Stats
	Node             actors.NodeView
	Closed, ReadOnly bool
	Refused          error
	Failure          *conn.Failure
	LastLeak, Now    time.Time
}

// Assess is assess.
func Assess(v Vitals) HealthStatus {
	return assess(vitals{stats: v.Stats, node: v.Node, closed: v.Closed, readOnly: v.ReadOnly, refused: v.Refused,
		failure: v.Failure, lastLeak: v.LastLeak, now: v.Now})
}

// RecordWaits is what records the waits of a pool.
func RecordWaits(provider *sdk.MeterProvider) func(time.Duration) {
	var p metric.MeterProvider
	if provider != nil {
		p = provider
	}
	m, err := newMetrics(p)
	if err != nil {
		panic(err)
	}
	_, waited, _ := m.of("default")
	return waited
}

// Ordered is how many orders of an actor the desk remembers.
func (s *System) Ordered(asker *actor.PID) int {
	s.desk.mu.Lock()
	defer s.desk.mu.Unlock()
	if a := s.desk.askers[asker.Id]; a != nil {
		return len(a.orders)
	}
	return 0
}

// LateReleases is how many leases were released after their end.
func (p *Pool) LateReleases() uint64 { return p.lateReleases.Load() }
