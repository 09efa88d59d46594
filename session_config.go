package unoactor

import (
	"context"

	"github.com/jackc/pgx/v5"

	"github.com/unoactor/unoactor/conn"
)

// Switch is on, off, or unset: then what the wider setting says holds.
type Switch int8

// The positions of a switch.
const (
	Unset Switch = iota
	On
	Off
)

// SessionConfig is how a session behaves. What is left at zero is as the factory, the
// system ([WithSessions]) or, last, the default says.
type SessionConfig struct {
	// Autoflush flushes the unit of work before each statement, so that a query
	// finds what was added. Default on.
	Autoflush Switch
	// ExpireOnCommit has the objects of the unit of work counted as old after a
	// commit: Get and Refresh read them again. Default on.
	ExpireOnCommit Switch
	// Autocommit has each statement outside a transaction be one of its own. When it
	// is off the first statement begins one, for Commit or the end of the session's
	// function to commit. Default on.
	Autocommit Switch
	// TxOptions are for the transactions that the session begins of itself.
	TxOptions pgx.TxOptions
	// Priority is that of the session's lease.
	Priority conn.Priority
	// Mapper maps objects to tables, for the unit of work: see adapters/unobun.
	// Without one there are no objects.
	Mapper Mapper
}

var defaultSession = SessionConfig{Autoflush: On, ExpireOnCommit: On, Autocommit: On}

// with is the configuration with some of its settings replaced.
func (c *SessionConfig) with(overrides []SessionConfig) *SessionConfig {
	merged := *c
	for _, o := range overrides {
		merged.Autoflush = either(o.Autoflush, merged.Autoflush)
		merged.ExpireOnCommit = either(o.ExpireOnCommit, merged.ExpireOnCommit)
		merged.Autocommit = either(o.Autocommit, merged.Autocommit)
		merged.TxOptions = either(o.TxOptions, merged.TxOptions)
		merged.Priority = either(o.Priority, merged.Priority)
		if o.Mapper != nil {
			merged.Mapper = o.Mapper
		}
	}
	return &merged
}

// either is a unless that is zero.
func either[T comparable](a, b T) T {
	var zero T
	if a == zero {
		return b
	}
	return a
}

// SessionFactory makes sessions that are alike. It is safe for concurrent use.
type SessionFactory struct{ db *DB }

// NewSessionFactory makes a factory of sessions on db.
func NewSessionFactory(db *DB, c SessionConfig) *SessionFactory {
	own := *db
	wider := db.sessions
	if wider == nil {
		wider = &defaultSession
	}
	own.sessions = wider.with([]SessionConfig{c})
	return &SessionFactory{&own}
}

// New makes a session, which must be closed. Overrides are for it alone.
func (f *SessionFactory) New(overrides ...SessionConfig) *Session {
	return f.db.NewSession(overrides...)
}

// Session is [DB.Session] with a session of the factory.
func (f *SessionFactory) Session(ctx context.Context, do func(context.Context, *Session) error, overrides ...SessionConfig) error {
	return f.db.Session(ctx, do, overrides...)
}

// DB is the pool with the factory's configuration for its sessions.
func (f *SessionFactory) DB() *DB { return f.db }
