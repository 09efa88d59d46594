package unoactor

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/unoactor/unoactor/conn"
	"github.com/unoactor/unoactor/supervisor"
)

// HealthMonitor says how one pool is. It is safe for concurrent use.
type HealthMonitor struct {
	pool  *supervisor.Pool
	limit time.Duration
}

// pingTime bounds the question that a monitor asks the server.
const pingTime = 2 * time.Second

// retryTime bounds it where the answer is known to be bad. It must be asked all the
// same: a pool without backends connects for those who wait, and a pool that is not
// ready gets no other traffic. The attempt goes on when nobody waits for it any more,
// so the next question may find what this one could not wait for.
const retryTime = 500 * time.Millisecond

// NewHealthMonitor makes a monitor of a pool.
func NewHealthMonitor(db *DB) *HealthMonitor { return &HealthMonitor{pool: db.pool, limit: pingTime} }

// CheckHealth says how the pool is, after it has asked the server for a sign of life:
// on a backend of the pool, or, if all are in use, on the administrative one, so that
// a full pool is told from a dead server. It takes no longer than ctx and two seconds.
// A server that is known to be down is asked as well, so that it is found again even
// if nobody else wants the pool.
func (m *HealthMonitor) CheckHealth(ctx context.Context) HealthStatus {
	s := m.pool.Health()
	if m.pool.Stats().Paused {
		return s
	}
	if s.Status == supervisor.Critical {
		if m.ping(ctx, min(m.limit, retryTime)) == nil {
			return m.pool.Health()
		}
		return s
	}
	if err := m.ping(ctx, m.limit); err != nil {
		after := m.pool.Health() // what made it fail may be known by now
		after.Status = supervisor.Critical
		after.Details = append([]string{fmt.Sprintf("the server gives no sign of life: %v", err)}, after.Details...)
		after.Metrics["last_error"] = err.Error()
		return after
	}
	return s
}

func (m *HealthMonitor) ping(ctx context.Context, limit time.Duration) error {
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	for {
		l, err := m.pool.AcquirePriority(ctx, conn.Admin)
		if err != nil {
			return err
		}
		if !l.Check() {
			continue // the server hung up on this one: there are others
		}
		defer l.Release()
		b, err := l.Backend()
		if err != nil {
			return err
		}
		return b.Ping(ctx)
	}
}

// Check is CheckHealth for whoever wants an error: nil unless the pool is CRITICAL.
func (m *HealthMonitor) Check(ctx context.Context) error { return failing(m.CheckHealth(ctx)) }

func failing(s supervisor.HealthStatus) error {
	if s.Status != supervisor.Critical {
		return nil
	}
	return errors.New(strings.Join(s.Details, "; "))
}

// CheckHealth says how all pools are, by name.
func (s *System) CheckHealth(ctx context.Context) map[string]HealthStatus {
	all := make(map[string]supervisor.HealthStatus)
	for _, p := range s.tree.Pools() {
		all[p.Name()] = NewHealthMonitor(s.database(p)).CheckHealth(ctx)
	}
	return all
}

// HealthRegistry is where health checks are registered: most registries have, or
// can be given, such a method.
type HealthRegistry interface {
	Register(name string, check func(context.Context) error)
}

// RegisterHealth registers a check for each pool, named "database:<pool>".
func RegisterHealth(r HealthRegistry, s *System) {
	for _, p := range s.tree.Pools() {
		r.Register("database:"+p.Name(), NewHealthMonitor(s.database(p)).Check)
	}
}
