package gateway

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strconv"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// What all targets have in common.
const (
	host     = "127.0.0.1"
	role     = "postgres"
	database = "bench"
	backends = 20 // of each proxy
)

// The targets by name, in the order in which they are measured and shown.
const (
	Unoactor   = "unoactor"
	PgBouncer  = "pgbouncer"
	PostgreSQL = "postgresql"
)

// Targets are the names of all targets.
var Targets = []string{Unoactor, PgBouncer, PostgreSQL}

// target is what pgbench connects to.
type target struct {
	name    string
	port    int
	process *process // nil for PostgreSQL, whose CPU time is not counted
}

// cpuTime is what the target's process has used so far; 0 where nobody counts.
func (t target) cpuTime() (time.Duration, error) {
	if t.process == nil {
		return 0, nil
	}
	return cpuTime(t.process.pid())
}

// lastWords is what the target's process said last, to end an error with.
func (t target) lastWords() string {
	if t.process == nil || t.process.lastWords() == "" {
		return ""
	}
	return "; it said: " + t.process.lastWords()
}

// await returns when the target has answered a query, or with the reason why it
// does not: it refuses, its process ended, or the time is up.
func (t target) await(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, 20*time.Second)
	defer cancel()
	retry := time.NewTicker(50 * time.Millisecond)
	defer retry.Stop()
	var last error
	for {
		err := t.ask(ctx)
		if refused := (*pgconn.PgError)(nil); err == nil || errors.As(err, &refused) {
			return err
		}
		if ctx.Err() == nil {
			last = err // and not that the time was up
		}
		select {
		case how := <-t.process.ended:
			t.process.ended <- how // for stop
			return fmt.Errorf("%s ended: %w%s", t.name, how, t.lastWords())
		case <-ctx.Done():
			return fmt.Errorf("%s does not answer: %w%s", t.name, errors.Join(ctx.Err(), last), t.lastWords())
		case <-retry.C:
		}
	}
}

func (t target) ask(ctx context.Context) error {
	c, err := pgx.Connect(ctx, fmt.Sprintf("host=%s port=%d user=%s dbname=%s sslmode=disable connect_timeout=5", host, t.port, role, database))
	if err != nil {
		return err
	}
	defer c.Close(ctx)
	return c.Ping(ctx)
}

// freePort asks the kernel for a port that nobody listens on.
func freePort() (int, error) {
	l, err := net.Listen("tcp", net.JoinHostPort(host, "0"))
	if err != nil {
		return 0, err
	}
	_, port, err := net.SplitHostPort(l.Addr().String())
	if err != nil {
		return 0, err
	}
	if err := l.Close(); err != nil {
		return 0, err
	}
	return strconv.Atoi(port)
}
