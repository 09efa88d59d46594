package supervisor

import (
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/unoactor/unoactor/actors"
	"github.com/unoactor/unoactor/conn"
	"github.com/unoactor/unoactor/messages"
)

// Snapshot is the whole tree at one moment, for people and for tests.
type Snapshot struct {
	At    time.Time
	Nodes []actors.NodeView
	Pools []PoolSnapshot
}

// PoolSnapshot is one pool with its slots.
type PoolSnapshot struct {
	Name        string
	Node        string
	Stats       conn.Stats
	Restarts    uint64 // the restarts of all slots
	Generation  uint64 // the generation of the backends that are opened now, from 1
	ReadOnly    bool   // its server takes no writes, though its node is a primary
	Leaks       uint64 // leases that lasted longer than leak_after or reclaim_after
	LastFailure *conn.Failure
	Slots       []SlotSnapshot
}

// SlotSnapshot is one slot and the incarnation in it.
type SlotSnapshot struct {
	Slot        int
	Reserve     bool   // it is the administrative one, beyond the hard limit
	Phase       string // empty, opening, open or leaving
	State       conn.State
	Incarnation uint64
	PID         uint32 // of the server's process, 0 if there is none
	Since       time.Time
	Restarts    uint64
	Causes      map[messages.Cause]uint64 // the restarts by cause; must not be changed
	LastCause   messages.Cause            // the cause of the last restart or failed connect
	LastError   error
	LastAt      time.Time
}

// Snapshot returns the state of the tree without a question to its actors: it works, and costs the same,
// when they are busy. Safe for concurrent use.
func (s *System) Snapshot() Snapshot {
	snap := Snapshot{At: time.Now()}
	for _, n := range s.roster.Load().nodes {
		snap.Nodes = append(snap.Nodes, *n.view.Load())
	}
	for _, p := range s.roster.Load().pools {
		snap.Pools = append(snap.Pools, p.Snapshot())
	}
	return snap
}

// Snapshot returns the state of the pool. Safe for concurrent use.
func (p *Pool) Snapshot() PoolSnapshot {
	view := p.view.Load()
	ps := PoolSnapshot{Name: p.Name(), Node: p.node.Load().name, Stats: p.slots.Stats(), Generation: view.generation, ReadOnly: view.readOnly,
		Leaks: p.leaks.Load(), LastFailure: p.slots.LastFailure()}
	reserve := p.slots.Reserve()
	for i, v := range view.slots {
		ps.Restarts += v.restarts
		if i == reserve && v.phase == empty {
			continue // there when somebody needs it
		}
		slot := SlotSnapshot{
			Slot: i, Reserve: i == reserve, Phase: v.phase.String(), Incarnation: v.incarnation, Since: v.since,
			Restarts: v.restarts, Causes: v.losses, LastCause: v.cause, LastError: v.err, LastAt: v.at,
		}
		slot.State, _ = p.slots.State(i)
		if b := p.slots.Backend(i); b != nil {
			slot.PID = b.PID()
		}
		ps.Slots = append(ps.Slots, slot)
	}
	return ps
}

// WriteTree writes the snapshot as a tree, for a terminal. Its error is that of w.
func (s Snapshot) WriteTree(w io.Writer) error {
	var b strings.Builder
	b.WriteString("system\n")
	for _, n := range s.Nodes {
		fmt.Fprintf(&b, "├─ node %s: %s\n", n.Name, nodeLine(n, s.At))
	}
	for i, p := range s.Pools {
		branch, stem := "├─", "│ "
		if i == len(s.Pools)-1 {
			branch, stem = "└─", "  "
		}
		fmt.Fprintf(&b, "%s pool %s on %s: %d of %d+%d open, %d leased, %d idle, %d waiting, %d restarts\n", branch, p.Name, p.Node,
			p.Stats.Size, p.Stats.SoftLimit, p.Stats.HardLimit-p.Stats.SoftLimit, p.Stats.Used, p.Stats.Idle, p.Stats.Waiting, p.Restarts)
		for _, slot := range p.Slots {
			if slot.Incarnation > 0 {
				fmt.Fprintf(&b, "%s ├─ connection %s\n", stem, slotLine(slot, s.At))
			}
		}
	}
	_, err := io.WriteString(w, b.String())
	return err
}

func nodeLine(n actors.NodeView, now time.Time) string {
	if n.Up {
		return "up"
	}
	return fmt.Sprintf("down for %v after %d attempts (%s: %v), next attempt in %v", now.Sub(n.Since).Round(time.Millisecond),
		n.Failures, n.Cause, n.Err, max(0, n.Next.Sub(now)).Round(time.Millisecond))
}

func slotLine(s SlotSnapshot, now time.Time) string {
	line := fmt.Sprintf("%d.%d %s", s.Slot, s.Incarnation, s.Phase)
	if s.Phase == open.String() {
		line = fmt.Sprintf("%d.%d %s, server process %d", s.Slot, s.Incarnation, s.State, s.PID)
	}
	line += fmt.Sprintf(" for %v", now.Sub(s.Since).Round(time.Millisecond))
	if s.LastCause != messages.None {
		line += fmt.Sprintf("; %d restarts, last %v ago: %s", s.Restarts, now.Sub(s.LastAt).Round(time.Millisecond), s.LastCause)
		if s.LastError != nil {
			line += fmt.Sprintf(" (%v)", s.LastError)
		}
	}
	return line
}
