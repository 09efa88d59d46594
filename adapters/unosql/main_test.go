package unosql_test

import (
	"context"
	"database/sql"
	"fmt"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/unoactor/unoactor"
	"github.com/unoactor/unoactor/adapters/unosql"
	"github.com/unoactor/unoactor/config"
	"github.com/unoactor/unoactor/testkit"
)

func TestMain(m *testing.M) {
	// GORM's cache of prepared statements looks for old ones until the process ends.
	testkit.Main(m, goleak.IgnoreAnyFunction("gorm.io/gorm/internal/lru.NewLRU[...].func1"))
}

// topology is one pool of four on a database of the test's own.
func topology(server *testkit.Server, database string) config.Topology {
	return config.Topology{
		Nodes: []config.Node{{Name: "main", Host: server.Host(), Port: uint16(server.Port()), User: server.User(),
			Password: config.Secret(server.Password()), Database: database}},
		Pools: []config.Pool{{Name: "default", Node: "main", Size: 4}},
	}
}

// bench is a pool on a database of the test's own, and the door to it.
type bench struct {
	*sql.DB
	pool   *unoactor.DB
	server *testkit.Server
}

// open opens both. When the test ends no lease may be out.
func open(t *testing.T, options ...unosql.Option) bench {
	t.Helper()
	server, database := testkit.Shared(t)
	sys, err := unoactor.New(t.Context(), topology(server, database))
	if err != nil {
		t.Fatal(err)
	}
	pool, err := sys.DB("default")
	if err != nil {
		t.Fatal(err)
	}
	b := bench{DB: unosql.Open(pool, options...), pool: pool, server: server}
	t.Cleanup(func() {
		testkit.CheckNoLeases(t, pool.Pool()) // before Close, which would give back what was forgotten
		if err := b.Close(); err != nil {
			t.Error(err)
		}
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		defer cancel()
		if err := sys.Close(ctx); err != nil {
			t.Error(err)
		}
	})
	return b
}

// must runs statements that have to succeed.
func (b bench) must(t *testing.T, statements ...string) {
	t.Helper()
	for _, s := range statements {
		if _, err := b.ExecContext(t.Context(), s); err != nil {
			t.Fatalf("%s: %v", s, err)
		}
	}
}

// querier is what a *sql.DB, *sql.Tx and *sql.Conn have in common here.
type querier interface {
	QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row
}

// one is the value of a query of one row and column.
func one[T any](t *testing.T, q querier, query string, args ...any) T {
	t.Helper()
	var v T
	if err := q.QueryRowContext(t.Context(), query, args...).Scan(&v); err != nil {
		t.Fatalf("%s: %v", query, err)
	}
	return v
}

// kill ends a backend and returns when its process has ended.
func (b bench) kill(t *testing.T, pid int) {
	t.Helper()
	gone := fmt.Sprintf("pid = %d", pid)
	if n, err := b.server.TerminateBackends(t.Context(), gone); n != 1 || err != nil {
		t.Fatalf("%d killed, %v", n, err)
	}
	for left := []testkit.BackendInfo{{}}; len(left) > 0; {
		var err error
		if left, err = b.server.Backends(t.Context(), gone); err != nil {
			t.Fatal(err)
		}
	}
}
