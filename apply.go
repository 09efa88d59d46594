package unoactor

import (
	"context"

	"github.com/unoactor/unoactor/supervisor"
)

// Applied is a change that a running system has taken up: its Delta says what changed, and
// Wait waits for the end of what was replaced and removed.
type Applied = supervisor.Applied

// Topology returns what runs, defaults filled in, with all that was added, removed, applied and
// reconfigured since the start. The returned topology is a copy, which may be changed and given
// to [System.Apply].
func (s *System) Topology() Topology { return s.tree.Topology() }

// Apply changes the running system to another topology, whole or not at all. Nodes, pools
// and routes are matched by name with those that run; docs/topology.md says of each setting
// what becomes of a change. Settings that are left at zero take their defaults, as in [New].
// The error says what can't work: nothing has changed then.
//
// Apply waits for no server and for no lease. When it returns, new leases have the new
// settings and sessions the new routes, and what has to be replaced is being replaced:
// [supervisor.Applied.Wait] waits for that. What runs in a lease comes to its end on the old
// backend. ctx may end before the change begins, and has no effect on one that has begun.
//
// A [DB] goes on working when its pool changes, be it to another node. One whose pool was
// removed gets [ErrClosed], as after [System.Remove]. What was added by [System.Register]
// and [System.Add] stays, unless the topology has it too: then the topology counts from then
// on. Hooks and handlers of events that were given to New stay as they are. The gateway and
// the log of the topology are for a daemon, and are not looked at.
//
// Apply is safe for concurrent use: calls of it, Register, Add and Remove are done one after
// another, and after [System.Close] the error is [ErrClosed].
func (s *System) Apply(ctx context.Context, t Topology) (*Applied, error) {
	running := s.tree.Topology()
	t.Gateway, t.Log = running.Gateway, running.Log
	applied, err := s.tree.Apply(ctx, t)
	if applied != nil {
		for _, removed := range applied.Delta.Pools.Removed {
			s.hooks.forget(removed.Name)
		}
	}
	return applied, err
}
