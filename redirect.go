package unoactor

import (
	"context"
	"sync/atomic"
)

// redirected is set by the first Redirect: before that nobody looks for one.
var redirected atomic.Bool

// redirection is the key under which a context says what is done instead of a pool.
type redirection struct{ of any }

// Redirect makes a context in which by does what is asked of another database: tests
// use it to have code that knows only the one work in a transaction on the other.
func Redirect(ctx context.Context, of, by *DB) context.Context {
	redirected.Store(true)
	return context.WithValue(ctx, redirection{of.pool}, by)
}

// in returns the database that does what is asked of db in a context: db, or the one that
// [Redirect] has put in its place.
func (db *DB) in(ctx context.Context) *DB {
	if !redirected.Load() {
		return db
	}
	if by, ok := ctx.Value(redirection{db.pool}).(*DB); ok {
		return by
	}
	return db
}

// SessionConfig is how sessions of the database behave unless they say otherwise.
func (db *DB) SessionConfig() SessionConfig {
	if db.sessions == nil {
		return defaultSession
	}
	return *db.sessions
}
