package unosql

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"

	"github.com/jackc/pgx/v5"

	"github.com/unoactor/unoactor"
	"github.com/unoactor/unoactor/conn"
)

// AcquireFunc gives a connection that is the caller's alone until it calls the
// function that comes with it, which it does once. It may be called again before that,
// from any goroutine: then it waits, fails, or gives another connection. A transaction
// that is open when a connection is given stays open when it is given back.
type AcquireFunc = func(context.Context) (*pgx.Conn, func(), error)

// Open gives a pool the face of a *sql.DB. To Close that does not close the pool.
func Open(db *unoactor.DB, options ...Option) *sql.DB {
	return open(NewConnector(db, options...))
}

// OpenFunc makes a *sql.DB each of whose uses calls acquire, and when it is done the
// function that acquire returned.
func OpenFunc(acquire AcquireFunc, options ...Option) *sql.DB {
	return open(newConnector(func(ctx context.Context) (*connection, error) {
		if acquire == nil {
			return nil, errors.New("unosql: OpenFunc was given no function that acquires connections")
		}
		c, release, err := acquire(ctx)
		if err == nil && c == nil {
			err = errors.New("unosql: the function that OpenFunc was given gave no connection, and no error")
		}
		return &connection{pgx: c, release: release}, err
	}, options))
}

func open(c driver.Connector) *sql.DB {
	db := sql.OpenDB(c)
	db.SetMaxIdleConns(-1)
	return db
}

// NewConnector is for who makes a *sql.DB with [sql.OpenDB], as what traces or counts
// statements on their way does.
func NewConnector(db *unoactor.DB, options ...Option) driver.Connector {
	c := newConnector(func(ctx context.Context) (*connection, error) { return lease(ctx, db) }, options)
	c.pool = db
	return c
}

// lease leases a backend to which the server has not hung up.
func lease(ctx context.Context, db *unoactor.DB) (*connection, error) {
	if db == nil {
		return nil, errors.New("unosql: Open was given no pool: it is nil")
	}
	for range db.Pool().Settings().Hard() + 1 { // all that are idle may be lost at once
		l, err := db.Acquire(ctx)
		if err != nil {
			return nil, err
		}
		if !l.Check() {
			continue
		}
		c, err := l.Conn()
		if err != nil {
			return nil, err
		}
		if !c.IsClosed() {
			return &connection{pgx: c, lease: l, release: l.Release}, nil
		}
		l.Release() // broken: it will be replaced
	}
	return nil, &conn.LostError{Err: conn.ErrHangsUp}
}

// Option is what can be chosen about the statements of a *sql.DB.
type Option func(*options)

type options struct {
	mode    pgx.QueryExecMode
	hasMode bool
}

// WithQueryExecMode has statements sent in another way than the pool's connections
// would. Libraries that put values into the text of statements, as bun does, make
// every text a new one: [pgx.QueryExecModeExec] or [pgx.QueryExecModeSimpleProtocol]
// spares them a round trip each, and the statement cache what is never used again.
func WithQueryExecMode(mode pgx.QueryExecMode) Option {
	return func(s *options) { s.mode, s.hasMode = mode, true }
}

// connector implements [driver.Connector].
type connector struct {
	pool    *unoactor.DB // nil if somebody else looks after the connections
	acquire func(context.Context) (*connection, error)
	options options
}

func newConnector(acquire func(context.Context) (*connection, error), options []Option) *connector {
	c := &connector{acquire: acquire}
	for _, o := range options {
		if o != nil {
			o(&c.options)
		}
	}
	return c
}

func (c *connector) Connect(ctx context.Context) (driver.Conn, error) {
	use, err := c.acquire(ctx)
	if err != nil {
		return nil, err
	}
	use.options = c.options
	return use, nil
}

func (c *connector) Driver() driver.Driver { return nameless{c.pool} }

// nameless is the driver behind a *sql.DB, which has no data source names.
type nameless struct {
	pool *unoactor.DB // nil if somebody else looks after the connections
}

func (nameless) Open(string) (driver.Conn, error) {
	return nil, errors.New("unosql: a pool has no data source name: make the *sql.DB with unosql.Open")
}
