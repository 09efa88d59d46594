package unoactor_test

import (
	"context"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/unoactor/unoactor"
	"github.com/unoactor/unoactor/testkit"
)

// A pool may be moved to another server in the middle of a transaction over several databases.
// That server knows nothing of it: its transaction of the same number is another one, and that
// it has nothing prepared says nothing.
func TestAServerToWhichAPoolWasMovedIsNotAskedAboutATransactionOfTheFormerOne(t *testing.T) {
	for name, c := range map[string]struct {
		prepared  [2]string // so that the one with 0 coordinates
		moved     int       // the pool, where the connection is lost
		before    string    // the statement with which it is lost
		committed bool
	}{
		"the coordinator's, as it decides": {[2]string{"0", "10"}, 0, "commit", false},
		"one that is prepared":             {[2]string{"10", "0"}, 0, "commit prepared", true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Setenv("XDG_CACHE_HOME", "none") // where data directories to be copied are kept: this one is made anew
			other := testkit.Postgres(t, testkit.ServerOptions{Parameters: map[string]string{"max_prepared_transactions": "10"}})
			if err := other.Exec(t.Context(), "postgres", "do $$ begin for i in 1..1000 loop perform pg_current_xact_id(); commit; end loop; end $$"); err != nil {
				t.Fatal(err)
			}
			var b *bank
			move := &interrupter{before: c.before}
			move.do = func(conn *pgx.Conn) {
				if int(conn.Config().Port) != b.servers[c.moved].Port() {
					t.Errorf("%q was sent to another server", c.before)
				}
				top := b.sys.Topology()
				top.Nodes[c.moved].Port = uint16(other.Port())
				if _, err := b.sys.Apply(context.Background(), top); err != nil {
					t.Error(err)
				}
				db, _ := b.sys.DB(top.Pools[c.moved].Name)
				for one[int](t, db, "select current_setting('port')::int") != other.Port() {
				}
				if _, err := b.servers[c.moved].TerminateBackends(context.Background(), "pid = "+pid(conn)); err != nil {
					t.Error(err)
				}
			}
			b = openBank(t, c.prepared, unoactor.WithTracer(move))
			before := b.sys.Topology()
			err := b.sys.Atomic(t.Context(), transfer)
			if !move.done.Load() || (err == nil) != c.committed || c.committed == unoactor.Unknown(err) {
				t.Errorf("%v", err)
			}
			apply(t, b.sys, before)
			for since := time.Now(); b.left(t) != "00"; {
				if time.Since(since) > 20*time.Second {
					t.Fatalf("prepared: %s", b.left(t))
				}
			}
			want := [2]string{"1000", "1000"}
			if c.committed {
				want = [2]string{"990", "1010"}
			}
			if got := b.sums(t); got != want {
				t.Errorf("%v, want %v", got, want)
			}
		})
	}
}
