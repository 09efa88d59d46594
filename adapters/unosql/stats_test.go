package unosql_test

import (
	"context"
	"database/sql"
	"errors"
	"runtime"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/unoactor/unoactor/adapters/unosql"
)

func TestStatsTellOfThePoolInTheWordsOfDatabaseSQL(t *testing.T) {
	db := open(t)
	var held []*sql.Conn
	for range 3 {
		c, err := db.Conn(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		held = append(held, c)
	}
	if s := unosql.Stats(db.DB); s.InUse != 3 || s.OpenConnections != s.InUse+s.Idle || s.MaxOpenConnections != db.pool.Stats().HardLimit || s.MaxOpenConnections < 4 {
		t.Errorf("three are held: %+v", s)
	}
	for _, c := range held {
		if err := c.Close(); err != nil {
			t.Error(err)
		}
	}
	for unosql.Stats(db.DB).InUse > 0 { // being reset
		runtime.Gosched()
	}
	if s := unosql.Stats(db.DB); s.Idle < 3 || s.OpenConnections != s.Idle {
		t.Errorf("none is held: %+v", s)
	}

	for range unosql.Stats(db.DB).MaxOpenConnections {
		c, err := db.Conn(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		held = append(held, c)
	}
	answered := make(chan error)
	go func() { answered <- db.PingContext(context.WithoutCancel(t.Context())) }()
	for db.pool.Stats().Waiting == 0 {
		runtime.Gosched()
	}
	if err := held[len(held)-1].Close(); err != nil {
		t.Error(err)
	}
	if err := <-answered; err != nil {
		t.Error(err)
	}
	if s := unosql.Stats(db.DB); s.WaitCount == 0 {
		t.Errorf("somebody waited: %+v", s)
	}
}

func TestStatsOfWhatHasNoPoolAreThoseOfDatabaseSQL(t *testing.T) {
	outer := open(t)
	db := unosql.OpenFunc(func(ctx context.Context) (*pgx.Conn, func(), error) {
		l, err := outer.pool.Acquire(ctx)
		if err != nil {
			return nil, nil, err
		}
		c, err := l.Conn()
		return c, l.Release, err
	})
	defer db.Close()
	c, err := db.Conn(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if got := unosql.Stats(db); got != db.Stats() || got.InUse != 1 {
		t.Errorf("%+v", got)
	}
}

func TestTheLimitsOfDatabaseSQLKeepNoLeaseAndLoseNone(t *testing.T) {
	db := open(t)
	db.SetMaxOpenConns(2)
	db.SetMaxIdleConns(2)
	db.SetConnMaxLifetime(time.Millisecond)
	db.SetConnMaxIdleTime(time.Millisecond)
	var wait sync.WaitGroup
	for i := range 20 {
		wait.Go(func() {
			for range 20 {
				var n int
				if err := db.QueryRowContext(t.Context(), "select $1::int", i).Scan(&n); err != nil || n != i {
					t.Errorf("%d, %v", n, err)
				}
			}
		})
	}
	wait.Wait()
	if s := unosql.Stats(db.DB); s.OpenConnections > 3 || s.WaitCount == 0 { // one may be about to be closed
		t.Errorf("%+v", s)
	}

	first, err := db.Conn(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	second, err := db.Conn(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond)
	defer cancel()
	if _, err := db.ExecContext(ctx, "select 1"); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("a third of two: %v", err)
	}
	for _, c := range []*sql.Conn{first, second} {
		if err := c.Close(); err != nil {
			t.Error(err)
		}
	}
	if _, err := db.ExecContext(t.Context(), "select 1"); err != nil {
		t.Error(err)
	}
}
