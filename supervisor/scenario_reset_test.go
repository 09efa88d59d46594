package supervisor_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/unoactor/unoactor/config"
	"github.com/unoactor/unoactor/conn"
	"github.com/unoactor/unoactor/supervisor"
	"github.com/unoactor/unoactor/testkit"
)

// choking panics when it is told what a COPY returned: the COPY stays half read.
type choking struct{}

func (choking) Write([]byte) (int, error) { panic("a row that cannot be had") }

// halfWay are the ways to leave a backend in the middle of something, and whether
// it can be reset.
var halfWay = map[string]struct {
	leave      func(context.Context, *pgx.Conn) error
	resettable bool
}{
	"transaction": {func(ctx context.Context, c *pgx.Conn) error { return nil }, true},
	"failed transaction": {func(ctx context.Context, c *pgx.Conn) error {
		if _, err := c.Exec(ctx, "select 1/0"); !testkit.IsSQLState(err, "22012") {
			return fmt.Errorf("division by zero: %w", err)
		}
		return nil
	}, true},
	"cursor": {func(ctx context.Context, c *pgx.Conn) error {
		_, err := c.Exec(ctx, "declare c cursor with hold for select generate_series(1, 100000); savepoint s")
		return err
	}, true},
	"rows": {func(ctx context.Context, c *pgx.Conn) error {
		rows, err := c.Query(ctx, "select generate_series(1, 100000)")
		if err != nil || !rows.Next() {
			return errors.Join(err, errors.New("no rows"))
		}
		return nil
	}, false},
	"batch": {func(ctx context.Context, c *pgx.Conn) error {
		b := &pgx.Batch{}
		b.Queue("select generate_series(1, 100000)")
		b.Queue("insert into kept values (2)")
		_, err := c.SendBatch(ctx, b).Query()
		return err
	}, false},
	"copy out": {func(ctx context.Context, c *pgx.Conn) error {
		defer func() { _ = recover() }() // as a server does with a handler of its own
		_, err := c.PgConn().CopyTo(ctx, choking{}, "copy (select generate_series(1, 100000)) to stdout")
		return fmt.Errorf("it came to an end: %w", err)
	}, false},
	"copy in": {func(ctx context.Context, c *pgx.Conn) error {
		c.PgConn().Exec(ctx, "copy kept from stdin") // its result, which asks for the rows, is not read
		return nil
	}, false},
}

// Whatever a holder leaves half done is undone before the next one, or its
// backend is: the next holder sees nothing of it, and nothing waits for it.
func TestScenario18_ReleaseInTheMiddleOfSomething(t *testing.T) {
	server, database := testkit.Shared(t)
	if err := server.Exec(t.Context(), database, "create table kept (n int); insert into kept values (0)"); err != nil {
		t.Fatal(err)
	}
	for _, policy := range []config.Reset{config.ResetRollback, config.ResetDiscard, config.ResetNone} {
		sys, p := bStart(t, server, database, supervisor.Options{}, func(_ *config.Node, p *config.Pool) { p.Size, p.Reset = 1, policy })
		for name, of := range halfWay {
			t.Run(string(policy)+"/"+name, func(t *testing.T) {
				l, b := bLease(t, p)
				pid := b.PID()
				bExec(t, b, "begin; insert into kept values (1); lock table kept in access exclusive mode")
				if err := of.leave(t.Context(), b.Conn()); err != nil {
					t.Fatal(err)
				}
				l.Release()
				l, b = bLease(t, p)
				defer l.Release()
				if status := b.Conn().PgConn().TxStatus(); status != 'I' || b.Conn().PgConn().IsBusy() {
					t.Errorf("the next holder is in a transaction: %c", status)
				}
				if same := b.PID() == pid; same != (of.resettable && policy != config.ResetNone) {
					t.Errorf("the same backend: %t", same)
				}
				for _, sql := range []string{"begin; lock table kept in access exclusive mode nowait; commit", "insert into kept values (10)", "delete from kept where n = 10"} {
					bExec(t, b, sql)
				}
				var rows int
				if err := b.Conn().QueryRow(t.Context(), "select count(*) from kept where $1::text <> ''", name).Scan(&rows); err != nil || rows != 1 {
					t.Errorf("%d rows are kept, %v", rows, err)
				}
				if n, err := server.QueryValue(t.Context(), "", fmt.Sprintf("select count(*) from pg_stat_activity where %s and pid <> %d", bOurs(database), b.PID())); err != nil || n != "0" {
					t.Errorf("%s other backends, %v", n, err)
				}
			})
		}
		testkit.CheckNoLeases(t, p)
		bClose(t, sys)
		testkit.CheckNoBackends(t, server, database)
	}
}

// leftovers are things that a session keeps: how it gets them, and a query that
// says whether they are still there.
var leftovers = []struct{ name, leave, look string }{
	{"parameter", "set work_mem = '123kB'", "select current_setting('work_mem') = '123kB'"},
	{"own parameter", "select set_config('app.tenant', 'secret', false)", "select coalesce(current_setting('app.tenant', true), '') <> ''"},
	{"role", "set role pg_monitor", "select current_user = 'pg_monitor'"},
	{"isolation", "set session characteristics as transaction isolation level serializable", "select current_setting('default_transaction_isolation') = 'serializable'"},
	{"temp table", "create temp table scratch as select 1", "select exists (select from pg_class where relname = 'scratch' and relpersistence = 't' and pg_table_is_visible(oid))"},
	{"advisory lock", "select pg_advisory_lock(42)", "select exists (select from pg_locks where locktype = 'advisory' and pid = pg_backend_pid())"},
	{"prepared statement", "prepare mine as select 1", "select exists (select from pg_prepared_statements where name = 'mine')"},
	{"listen", "listen news", "select exists (select from pg_listening_channels())"},
	{"cursor", "begin; declare c cursor with hold for select 1; commit", "select exists (select from pg_cursors where name = 'c')"},
}

// What is kept between two leases is what the pool's policy says, and a policy
// that takes prepared statements away leaves none of pgx's behind that is used.
func TestScenario19_WhatTheLastHolderLeft(t *testing.T) {
	server, database := testkit.Shared(t)
	var all []string
	for _, l := range leftovers {
		all = append(all, l.name)
	}
	custom := "reset role; select pg_advisory_unlock_all(); unlisten *; reset work_mem"
	for policy, left := range map[config.Reset][]string{
		config.ResetDiscard:  nil,
		config.ResetRollback: all,
		config.ResetNone:     all,
		config.Reset(custom): {"own parameter", "isolation", "temp table", "prepared statement", "cursor"},
	} {
		t.Run(strings.Fields(string(policy))[0], func(t *testing.T) {
			sys, p := bStart(t, server, database, supervisor.Options{}, func(_ *config.Node, p *config.Pool) { p.Size, p.Reset = 1, policy })
			l, b := bLease(t, p)
			pid := b.PID()
			cached := func(b *conn.Backend) { // by pgx, as a prepared statement
				var n int
				if err := b.Conn().QueryRow(t.Context(), "select $1::int + 1", 41).Scan(&n); err != nil || n != 42 {
					t.Errorf("a statement that pgx prepares: %d, %v", n, err)
				}
			}
			cached(b)
			for _, of := range leftovers {
				bExec(t, b, of.leave)
			}
			l.Release()
			l, b = bLease(t, p)
			defer l.Release()
			if b.PID() != pid {
				t.Error("it was replaced, not reset")
			}
			var found []string
			for _, of := range leftovers {
				var there bool
				if err := b.Conn().QueryRow(t.Context(), of.look).Scan(&there); err != nil {
					t.Fatalf("%s: %v", of.name, err)
				}
				if there {
					found = append(found, of.name)
				}
			}
			if !slices.Equal(found, left) {
				t.Errorf("left: %v, want %v", found, left)
			}
			cached(b)
			bExec(t, b, "set role none; select pg_advisory_unlock_all()")
			l.Release()
			testkit.CheckNoLeases(t, p)
			bClose(t, sys)
			testkit.CheckNoBackends(t, server, database)
		})
	}
}

// Under every policy, what was set within a transaction that was left open is
// gone with it.
func TestScenario19_WhatATransactionLeft(t *testing.T) {
	server, database := testkit.Shared(t)
	for _, policy := range []config.Reset{config.ResetDiscard, config.ResetRollback, config.ResetNone, "select 1"} {
		_, p := bStart(t, server, database, supervisor.Options{}, func(_ *config.Node, p *config.Pool) { p.Size, p.Reset = 1, policy })
		for _, of := range leftovers {
			if of.name == "advisory lock" || of.name == "prepared statement" || of.name == "cursor" {
				continue // outlive their transaction, or end it
			}
			l, b := bLease(t, p)
			bExec(t, b, "begin")
			bExec(t, b, of.leave)
			l.Release()
			l, b = bLease(t, p)
			var there bool
			if err := b.Conn().QueryRow(t.Context(), of.look).Scan(&there); err != nil || there {
				t.Errorf("%s, %s: still there: %t, %v", policy, of.name, there, err)
			}
			l.Release()
		}
		testkit.CheckNoLeases(t, p)
	}
}
