package unoactor

import (
	"context"
	"errors"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/unoactor/unoactor/config"
	"github.com/unoactor/unoactor/conn"
)

// Ping leases a backend and asks the server for a sign of life.
func (db *DB) Ping(ctx context.Context) error {
	_, err := db.Exec(ctx, "-- ping")
	return err
}

// Exec runs a statement, or several without arguments, and returns its tag. It is
// run once more if it certainly never reached the server, and as often as the pool's
// retry settings say where it certainly did nothing: then also if the server refused
// it, but for what may commit on its way, as CALL, DO and BEGIN may.
func (db *DB) Exec(ctx context.Context, sql string, args ...any) (pgconn.CommandTag, error) {
	if r := &db.pool.Settings().Retry; r.MaxRetries != 0 {
		return db.execAgain(ctx, r, sql, args)
	}
	return db.exec(ctx, sql, args)
}

func (db *DB) execAgain(ctx context.Context, r *config.Retry, sql string, args []any) (tag pgconn.CommandTag, err error) {
	err = repeat(ctx, r, func() error {
		var err error
		tag, err = db.exec(ctx, sql, args)
		return statementError(err, sql)
	})
	return tag, err
}

func (db *DB) exec(ctx context.Context, sql string, args []any) (pgconn.CommandTag, error) {
	for try := 1; ; try++ {
		l, b, err := db.acquire(ctx)
		if err != nil {
			return pgconn.CommandTag{}, err
		}
		tag, err := execOn(ctx, l, b, sql, args)
		if err == nil || try == 2 || !conn.Unsent(err) {
			return tag, err
		}
	}
}

// errPanicked is why a backend is closed in the middle of whose statement somebody
// panicked: a tracer, or a type that encodes itself.
var errPanicked = errors.New("a panic, or the end of the goroutine, in the middle of a statement")

// execOn runs a statement on a lease, which it ends.
func execOn(ctx context.Context, l Lease, b *conn.Backend, sql string, args []any) (pgconn.CommandTag, error) {
	returned := false
	defer func() {
		if !returned {
			l.Destroy(errPanicked)
		}
	}()
	use := b.Use()
	tag, err := b.Conn().Exec(ctx, sql, args...)
	returned = true
	if err == nil {
		l.Answered()
		l.Release()
		return tag, nil
	}
	err = judge(ctx, use, sql, err)
	l.Release()
	return tag, err
}

// Query runs a statement and returns its rows, which hold a lease until they
// are closed or read to their end. It is run again as [DB.Exec] is, but not once its
// first row has come: what fails later is the rows' to tell. With retry settings it
// returns when that row is there.
func (db *DB) Query(ctx context.Context, sql string, args ...any) (pgx.Rows, error) {
	var rows pgx.Rows
	var err error
	if r := &db.pool.Settings().Retry; r.MaxRetries != 0 {
		rows, err = db.queryAgain(ctx, r, sql, args)
	} else {
		rows, err = db.query(ctx, sql, args)
	}
	if err != nil {
		return failedRows{err: err}, err
	}
	return rows, nil
}

// QueryRow runs a statement whose first row is wanted. Its errors come from
// Scan, which must be called: it ends the lease. It is run again as [DB.Query] is.
func (db *DB) QueryRow(ctx context.Context, sql string, args ...any) pgx.Row {
	if r := &db.pool.Settings().Retry; r.MaxRetries != 0 {
		rows, err := db.queryAgain(ctx, r, sql, args)
		if err != nil {
			return failedRows{err: err}
		}
		return (*seenRow)(rows)
	}
	rows, err := db.query(ctx, sql, args)
	if err != nil {
		return failedRows{err: err}
	}
	return (*leasedRow)(rows)
}

func (db *DB) queryAgain(ctx context.Context, r *config.Retry, sql string, args []any) (seen *seenRows, err error) {
	err = repeat(ctx, r, func() error {
		rows, err := db.query(ctx, sql, args)
		if err == nil {
			seen, err = see(rows)
		}
		return statementError(err, sql)
	})
	return seen, err
}

func (db *DB) query(ctx context.Context, sql string, args []any) (*leasedRows, error) {
	for try := 1; ; try++ {
		l, b, err := db.acquire(ctx)
		if err != nil {
			return nil, err
		}
		rows, err := queryOn(ctx, l, b, sql, args)
		if err == nil || try == 2 || !conn.Unsent(err) {
			return rows, err
		}
	}
}

// queryOn runs a statement on a lease, which ends with the rows, or at once if there
// are none for an error.
func queryOn(ctx context.Context, l Lease, b *conn.Backend, sql string, args []any) (*leasedRows, error) {
	returned := false
	defer func() {
		if !returned {
			l.Destroy(errPanicked)
		}
	}()
	use := b.Use()
	rows, err := b.Conn().Query(ctx, sql, args...)
	returned = true
	if err == nil {
		return newRows(ctx, l, b, rows, use, sql), nil
	}
	err = judge(ctx, use, sql, err)
	l.Release()
	return nil, err
}

// SendBatch sends all queued statements in one round trip. The results hold a
// lease until they are closed, which must be done.
func (db *DB) SendBatch(ctx context.Context, batch *pgx.Batch) pgx.BatchResults {
	l, b, err := db.acquire(ctx)
	if err != nil {
		return pgx.FailedBatchResults(batch, err)
	}
	results := &openBatch{ctx: ctx, batch: batch, use: b.Use()}
	results.done = func(err error) error {
		switch {
		case errors.Is(err, errPanicked):
			l.Destroy(err)
		case results.tx == nil:
			l.Release()
		default:
			results.use.Done()
		}
		return err
	}
	results.send(b.Conn())
	if results.began(l); results.tx != nil {
		results.tx.owns = true
		if results.use, err = l.Use(); err != nil { // revoked meanwhile
			return pgx.FailedBatchResults(batch, err)
		}
		results.use.Open()
	}
	return results
}

// CopyFrom loads rows with COPY and returns how many there were.
func (db *DB) CopyFrom(ctx context.Context, table pgx.Identifier, columns []string, source pgx.CopyFromSource) (int64, error) {
	l, b, err := db.acquire(ctx)
	if err != nil {
		return 0, err
	}
	defer l.Release()
	use := b.Use()
	n, err := copyFrom(ctx, b.Conn(), table, columns, source)
	return n, judge(ctx, use, "copy", err)
}
