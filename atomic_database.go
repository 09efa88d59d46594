package unoactor

import (
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/unoactor/unoactor/conn"
	"github.com/unoactor/unoactor/internal/twophase"
)

// database is a pool as [twophase.Recover] and [twophase.Commit] see it, as long as it is on
// one server. The pool may be moved to another server at any moment, which knows nothing of
// the transactions of the former one.
type database struct {
	db     *DB
	system string // the identity of the server, "" until the first Look
}

// Look is for [twophase.Database]. Nobody but a transaction's owner and superusers may finish
// it, says PostgreSQL: not a role that the owner is a member of.
func (d *database) Look(ctx context.Context) (sight twophase.Sight, err error) {
	row := d.db.QueryRow(ctx, `select system_identifier::text, pg_postmaster_start_time()::text || coalesce(inet_server_port()::text, ''), current_user
		from pg_control_system()`)
	if err := row.Scan(&sight.System, &sight.Process, &sight.User); err != nil {
		return sight, err
	}
	d.system = sight.System
	rows, err := d.db.Query(ctx, `select gid, owner, database, owner = current_user or (select rolsuper from pg_roles where rolname = current_user)
		from pg_prepared_xacts where gid like '`+twophase.Like+`' and database = current_database() order by prepared`)
	if err != nil {
		return sight, err
	}
	sight.Prepared, err = pgx.CollectRows(rows, func(row pgx.CollectableRow) (p twophase.Prepared, err error) {
		err = row.Scan(&p.GID, &p.Owner, &p.Database, &p.Mine)
		return p, err
	})
	return sight, err
}

// Status is for [twophase.Database].
func (d *database) Status(ctx context.Context, xid string) (twophase.Status, error) {
	var system string
	var status *twophase.Status
	row := d.db.QueryRow(ctx, `select system_identifier::text, case system_identifier::text when $2 then coalesce(pg_xact_status($1::text::xid8), '') end
		from pg_control_system()`, xid, d.system)
	err := row.Scan(&system, &status)
	if errors.Is(err, conn.ErrClosed) {
		err = fmt.Errorf("pool %q: %w: %w", d.db.pool.Name(), twophase.ErrGone, err)
	}
	if err != nil {
		return "", err
	}
	if status == nil {
		return "", d.moved(system)
	}
	return *status, nil
}

// Finish is for [twophase.Database]. What another server has not prepared may still be
// prepared, so the server is asked who it is on the same connection.
func (d *database) Finish(ctx context.Context, gid string, commit bool) (found bool, err error) {
	l, _, err := d.db.acquire(ctx)
	if err != nil {
		return false, err
	}
	defer l.Release()
	var system string
	if err := l.QueryRow(ctx, "select system_identifier::text from pg_control_system()").Scan(&system); err != nil {
		return false, err
	}
	if system != d.system {
		return false, d.moved(system)
	}
	_, err = l.Exec(ctx, twophase.FinishStatement(gid, commit))
	if absent(err) {
		return false, nil
	}
	return err == nil, err
}

func (d *database) moved(system string) error {
	return fmt.Errorf("pool %q is on another server now (system_identifier %s, not %s)", d.db.pool.Name(), system, d.system)
}

// absent says whether there is no such prepared transaction.
func absent(err error) bool {
	var pg *pgconn.PgError
	return errors.As(err, &pg) && pg.Code == "42704"
}
