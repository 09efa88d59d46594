package unosql_test

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/unoactor/unoactor"
	"github.com/unoactor/unoactor/adapters/unosql"
	"github.com/unoactor/unoactor/config"
	"github.com/unoactor/unoactor/conn"
	"github.com/unoactor/unoactor/testkit"
)

func TestNothingInThePlaceOfAPoolIsAnError(t *testing.T) {
	for want, db := range map[string]interface {
		PingContext(context.Context) error
		Close() error
	}{
		"no pool":       unosql.Open(nil, nil),
		"no function":   unosql.OpenFunc(nil),
		"no connection": unosql.OpenFunc(func(context.Context) (*pgx.Conn, func(), error) { return nil, nil, nil }),
	} {
		if err := db.PingContext(t.Context()); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", want, err)
		}
		if err := errors.Join(db.Close(), db.Close()); err != nil {
			t.Error(err)
		}
	}
}

func TestAContextThatHasEndedLeasesNothing(t *testing.T) {
	db := open(t)
	db.must(t, "select 1")
	over, cancel := context.WithCancel(t.Context())
	cancel()
	before := db.pool.Stats().Acquired
	_, err := db.ExecContext(over, "select 1")
	_, begun := db.BeginTx(over, nil)
	_, taken := db.Conn(over)
	_, prepared := db.PrepareContext(over, "select 1")
	for _, err := range []error{err, begun, taken, prepared, db.PingContext(over)} {
		if !errors.Is(err, context.Canceled) {
			t.Errorf("%v", err)
		}
	}
	if after := db.pool.Stats().Acquired; after != before {
		t.Errorf("%d leases", after-before)
	}
}

func TestAPoolThatIsClosedUnderADatabaseSaysSo(t *testing.T) {
	server, database := testkit.Shared(t)
	pool, err := unoactor.Connect(t.Context(), server.URL(database), config.Pool{Size: 2})
	if err != nil {
		t.Fatal(err)
	}
	db := unosql.Open(pool)
	if err := db.PingContext(t.Context()); err != nil {
		t.Error(err)
	}
	if err := pool.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := db.PingContext(t.Context()); !errors.Is(err, conn.ErrClosed) {
		t.Errorf("%v", err)
	}
	if s := unosql.Stats(db); s.OpenConnections != 0 {
		t.Errorf("%+v", s)
	}
	if err := errors.Join(db.Close(), db.Close()); err != nil {
		t.Error(err)
	}
	if err := db.PingContext(t.Context()); err == nil {
		t.Error("a closed database answers")
	}
}
