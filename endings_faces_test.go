package unoactor_test

import (
	"context"
	"database/sql"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/uptrace/bun"

	"github.com/unoactor/unoactor"
	"github.com/unoactor/unoactor/adapters/unobun"
	"github.com/unoactor/unoactor/adapters/unosql"
)

// door is what the faces have in common. A nil member is a statement that a face lacks.
type door struct {
	exec       func(ctx context.Context, sql string, args ...any) error
	query      func(ctx context.Context, sql string, args ...any) (openRows, error)
	batch      func(ctx context.Context, b *pgx.Batch) pgx.BatchResults
	copyFrom   func(ctx context.Context, table pgx.Identifier, columns []string, source pgx.CopyFromSource) error
	prepare    func(ctx context.Context, name, sql string) error
	wait       func(ctx context.Context) error // for a notification
	autocommit bool
	literals   bool // values become part of the text
}

type openRows interface {
	next() bool
	err() error
	close()
}

type pgxRows struct{ pgx.Rows }

func (r pgxRows) next() bool { return r.Next() }
func (r pgxRows) err() error { return r.Err() }
func (r pgxRows) close()     { r.Close() }

type sqlRows struct{ *sql.Rows }

func (r sqlRows) next() bool { return r.Next() }
func (r sqlRows) err() error { return r.Err() }
func (r sqlRows) close()     { r.Close() }

// pgxFace are the methods of DB, Lease, Session and transactions.
type pgxFace interface {
	Exec(ctx context.Context, sql string, args ...any) (pgconn.CommandTag, error)
	Query(ctx context.Context, sql string, args ...any) (pgx.Rows, error)
	SendBatch(ctx context.Context, b *pgx.Batch) pgx.BatchResults
	CopyFrom(ctx context.Context, table pgx.Identifier, columns []string, source pgx.CopyFromSource) (int64, error)
}

func doorOf(f pgxFace, autocommit bool) door {
	d := door{
		exec: func(ctx context.Context, sql string, args ...any) error {
			_, err := f.Exec(ctx, sql, args...)
			return err
		},
		query: func(ctx context.Context, sql string, args ...any) (openRows, error) {
			rows, err := f.Query(ctx, sql, args...)
			return pgxRows{rows}, err
		},
		batch: f.SendBatch,
		copyFrom: func(ctx context.Context, table pgx.Identifier, columns []string, source pgx.CopyFromSource) error {
			_, err := f.CopyFrom(ctx, table, columns, source)
			return err
		},
		autocommit: autocommit,
	}
	switch f := f.(type) {
	case pgx.Tx:
		d.prepare = func(ctx context.Context, name, sql string) error { _, err := f.Prepare(ctx, name, sql); return err }
	case unoactor.Lease:
		d.wait = func(ctx context.Context) error {
			c, err := f.Conn()
			if err == nil {
				_, err = c.WaitForNotification(ctx)
			}
			return err
		}
	case *unoactor.Session:
		d.wait = func(ctx context.Context) error {
			c, done, err := f.Conn(ctx)
			if err == nil {
				defer done()
				_, err = c.WaitForNotification(ctx)
			}
			return err
		}
	}
	return d
}

type sqlFace interface {
	ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error)
	QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
}

func doorOfSQL(f sqlFace, autocommit bool) door {
	return door{
		exec: func(ctx context.Context, sql string, args ...any) error {
			_, err := f.ExecContext(ctx, sql, args...)
			return err
		},
		query: func(ctx context.Context, sql string, args ...any) (openRows, error) {
			rows, err := f.QueryContext(ctx, sql, args...)
			return sqlRows{rows}, err
		},
		autocommit: autocommit,
	}
}

func doorOfBun(f sqlFace, autocommit bool) door {
	d := doorOfSQL(f, autocommit)
	d.literals = true
	return d
}

// face calls work with a door to db, as an application would, and returns its error.
type face struct {
	name string
	open func(ctx context.Context, db *unoactor.DB, work func(door) error) error
}

var faces = []face{
	{"DB", func(_ context.Context, db *unoactor.DB, work func(door) error) error { return work(doorOf(db, true)) }},
	{"DB.Tx", func(ctx context.Context, db *unoactor.DB, work func(door) error) error {
		return db.Tx(ctx, pgx.TxOptions{}, func(tx pgx.Tx) error { return work(doorOf(tx, false)) })
	}},
	{"a savepoint in DB.Tx", func(ctx context.Context, db *unoactor.DB, work func(door) error) error {
		return db.Tx(ctx, pgx.TxOptions{}, func(tx pgx.Tx) error {
			inner, err := tx.Begin(ctx)
			if err != nil {
				return err
			}
			defer inner.Rollback(ctx) //nolint:errcheck // as applications write it
			if err := work(doorOf(inner, false)); err != nil {
				return err
			}
			return inner.Commit(ctx)
		})
	}},
	{"DB.Begin", func(ctx context.Context, db *unoactor.DB, work func(door) error) error {
		tx, err := db.Begin(ctx)
		if err != nil {
			return err
		}
		defer tx.Rollback(ctx) //nolint:errcheck // as applications write it
		if err := work(doorOf(tx, false)); err != nil {
			return err
		}
		return tx.Commit(ctx)
	}},
	{"Lease", func(ctx context.Context, db *unoactor.DB, work func(door) error) error {
		l, err := db.Acquire(ctx)
		if err != nil {
			return err
		}
		defer l.Release()
		return work(doorOf(l, true))
	}},
	{"Lease.Begin", func(ctx context.Context, db *unoactor.DB, work func(door) error) error {
		l, err := db.Acquire(ctx)
		if err != nil {
			return err
		}
		defer l.Release()
		tx, err := l.Begin(ctx)
		if err != nil {
			return err
		}
		defer tx.Rollback(ctx) //nolint:errcheck // as applications write it
		if err := work(doorOf(tx, false)); err != nil {
			return err
		}
		return tx.Commit(ctx)
	}},
	{"Session", func(ctx context.Context, db *unoactor.DB, work func(door) error) error {
		return db.Session(ctx, func(_ context.Context, s *unoactor.Session) error { return work(doorOf(s, true)) })
	}},
	{"NewSession", func(_ context.Context, db *unoactor.DB, work func(door) error) error {
		s := unoactor.NewSessionFactory(db, unoactor.SessionConfig{}).New()
		defer s.Close()
		return work(doorOf(s, true))
	}},
	{"Session.Tx", func(ctx context.Context, db *unoactor.DB, work func(door) error) error {
		return db.Session(ctx, func(ctx context.Context, s *unoactor.Session) error {
			return s.Tx(ctx, pgx.TxOptions{}, func(_ context.Context, s *unoactor.Session) error { return work(doorOf(s, false)) })
		})
	}},
	{"a savepoint of a session", func(ctx context.Context, db *unoactor.DB, work func(door) error) error {
		return db.Session(ctx, func(ctx context.Context, s *unoactor.Session) error {
			return s.Tx(ctx, pgx.TxOptions{}, func(ctx context.Context, s *unoactor.Session) error {
				return s.Tx(ctx, pgx.TxOptions{}, func(_ context.Context, s *unoactor.Session) error { return work(doorOf(s, false)) })
			})
		})
	}},
	{"a session without autocommit", func(ctx context.Context, db *unoactor.DB, work func(door) error) error {
		return db.Session(ctx, func(_ context.Context, s *unoactor.Session) error { return work(doorOf(s, false)) },
			unoactor.SessionConfig{Autocommit: unoactor.Off})
	}},
	{"sql.DB", func(_ context.Context, db *unoactor.DB, work func(door) error) error {
		d := unosql.Open(db)
		defer d.Close()
		return work(doorOfSQL(d, true))
	}},
	{"sql.Conn", func(ctx context.Context, db *unoactor.DB, work func(door) error) error {
		d := unosql.Open(db)
		defer d.Close()
		c, err := d.Conn(ctx)
		if err != nil {
			return err
		}
		defer c.Close()
		return work(doorOfSQL(c, true))
	}},
	{"sql.Tx", func(ctx context.Context, db *unoactor.DB, work func(door) error) error {
		d := unosql.Open(db)
		defer d.Close()
		tx, err := d.BeginTx(ctx, nil)
		if err != nil {
			return err
		}
		defer tx.Rollback() //nolint:errcheck // as applications write it
		if err := work(doorOfSQL(tx, false)); err != nil {
			return err
		}
		return tx.Commit()
	}},
	{"bun in a session", func(ctx context.Context, db *unoactor.DB, work func(door) error) error {
		return db.Session(ctx, func(ctx context.Context, s *unoactor.Session) error {
			return unobun.With(ctx, s, func(_ context.Context, b *bun.DB) error { return work(doorOfBun(b, true)) })
		}, unoactor.SessionConfig{Mapper: unobun.Mapper()})
	}},
	{"a transaction of bun's in a session", func(ctx context.Context, db *unoactor.DB, work func(door) error) error {
		return db.Session(ctx, func(ctx context.Context, s *unoactor.Session) error {
			return unobun.With(ctx, s, func(ctx context.Context, b *bun.DB) error {
				return b.RunInTx(ctx, nil, func(_ context.Context, tx bun.Tx) error { return work(doorOfBun(tx, false)) })
			})
		}, unoactor.SessionConfig{Mapper: unobun.Mapper()})
	}},
}
