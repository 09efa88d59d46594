package unoactor_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/unoactor/unoactor"
	"github.com/unoactor/unoactor/config"
	"github.com/unoactor/unoactor/conn"
	"github.com/unoactor/unoactor/routing"
	"github.com/unoactor/unoactor/testkit"
)

// Pools shrink, grow, change their settings, move between two servers, go and come again,
// while transactions run in all of them. None is broken, none is half done, nothing is left.
func TestTransactionsRunWhileTheTopologyChanges(t *testing.T) {
	const application = "changes under load"
	first, _ := testkit.Shared(t)
	second := testkit.Postgres(t)
	for _, server := range []*testkit.Server{first, second} {
		if err := server.Exec(t.Context(), "postgres", "drop table if exists pairs; create table pairs (id bigint, half int)"); err != nil {
			t.Fatal(err)
		}
	}
	node := func(name string, s *testkit.Server) config.Node {
		return config.Node{Name: name, Host: s.Host(), Port: uint16(s.Port()), User: s.User(), Database: "postgres"}
	}
	stays := config.Pool{Name: "stays", Node: "a", Size: 6}
	comes := config.Pool{Name: "comes", Node: "a", Size: 3}
	draw := func(p config.Pool, round int) config.Pool {
		p.Node = []string{"a", "b"}[rand.IntN(2)]
		p.Size, p.MaxOverflow = 1+rand.IntN(6), rand.IntN(3)
		p.Runtime = map[string]string{"application_name": application, "work_mem": fmt.Sprintf("%dkB", 100+round%3)}
		p.MinIdle = rand.IntN(p.Size + 1)
		if rand.IntN(3) == 0 {
			p.Hooks.OnCheckout = []string{"select 1"}
		}
		if rand.IntN(4) == 0 {
			p.Reset = config.ResetDiscard
		}
		return p
	}
	top := func(round int) config.Topology {
		t := config.Topology{Nodes: []config.Node{node("a", first), node("b", second)}, Pools: []config.Pool{draw(stays, round)},
			Routes: []config.Route{{Name: "to", Database: "shop", Pool: "stays"}}}
		if round%2 == 0 {
			t.Pools = append(t.Pools, draw(comes, round))
			t.Routes[0].Pool = []string{"stays", "comes"}[rand.IntN(2)]
		}
		if rand.IntN(4) == 0 { // the nodes change places
			t.Nodes[0].Name, t.Nodes[1].Name = "b", "a"
		}
		return t
	}
	sys := running(t, top(0))
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	var done, ids atomic.Int64
	var workers sync.WaitGroup
	work := func(find func() (*unoactor.DB, error), mayGo bool) {
		workers.Go(func() {
			for ctx.Err() == nil {
				db, err := find()
				began := false
				if err == nil {
					id := ids.Add(1)
					err = db.Tx(t.Context(), pgx.TxOptions{}, func(tx pgx.Tx) error {
						began = true
						for half := range 2 {
							if _, err := tx.Exec(t.Context(), "insert into pairs values ($1, $2)", id, half); err != nil {
								return err
							}
						}
						return nil
					})
				}
				switch {
				case err == nil:
					done.Add(1)
				case mayGo && !began && (errors.Is(err, conn.ErrClosed) || strings.Contains(err.Error(), "no pool")):
				default:
					t.Errorf("began: %v: %v", began, err)
					return
				}
			}
		})
	}
	kept, err := sys.DB("stays")
	if err != nil {
		t.Fatal(err)
	}
	for range 4 {
		work(func() (*unoactor.DB, error) { return kept, nil }, false)
		work(func() (*unoactor.DB, error) { return sys.DB("comes") }, true)
		work(func() (*unoactor.DB, error) { return sys.For(routing.Intent{Database: "shop"}) }, true)
	}
	for round := 1; round <= 30 && !t.Failed(); round++ {
		going, gone := sys.DB("comes")
		next := top(round)
		applied, err := sys.Apply(t.Context(), next)
		if err != nil {
			t.Fatal(err)
		}
		if gone == nil && len(next.Pools) == 1 {
			if l, err := going.Acquire(t.Context()); !errors.Is(err, conn.ErrClosed) {
				l.Release()
				t.Errorf("a pool that is gone lends: %v", err)
			}
		}
		if round%3 == 0 { // the others come upon drains that are under way
			if err := applied.Wait(t.Context()); err != nil {
				t.Error(err)
			}
		}
		for enough := done.Load() + 20; done.Load() < enough && !t.Failed(); { // something happens in each round
			time.Sleep(time.Millisecond) //nolint:forbidigo // the workers count, and tell nobody
		}
	}
	stop()
	workers.Wait()
	pairs := 0
	for _, server := range []*testkit.Server{first, second} {
		value := func(sql string) (n int) {
			text, err := server.QueryValue(t.Context(), "postgres", sql)
			if err == nil {
				_, err = fmt.Sscan(text, &n)
			}
			if err != nil {
				t.Error(err)
			}
			return n
		}
		pairs += value("select count(distinct id) from pairs")
		if n := value("select count(*) from (select from pairs group by id having count(*) <> 2) broken"); n > 0 {
			t.Errorf("%d transactions are half done", n)
		}
	}
	if pairs != int(done.Load()) {
		t.Errorf("%d transactions are there, %d were committed", pairs, done.Load())
	}
	ending, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	if err := sys.Close(ending); err != nil {
		t.Error(err)
	}
	testkit.CheckNoBackends(t, first, application)
	testkit.CheckNoBackends(t, second, application)
}

// Apply beside itself, Register, Remove, what operators do, and Close: each is done or is
// told why not, and the last one leaves nothing.
func TestChangesAreDoneOneAfterAnother(t *testing.T) {
	server, database := testkit.Shared(t)
	top := topology(server, database)
	sys := running(t, top)
	var all sync.WaitGroup
	for i := range 4 {
		all.Go(func() { // each has the pools of its own, and the common one
			mine := topology(server, database)
			mine.Pools[0].Size = 2 + i
			mine.Pools = append(mine.Pools, config.Pool{Name: fmt.Sprintf("of %d", i), Node: "main", MinIdle: 1})
			for range 10 {
				applied, err := sys.Apply(t.Context(), mine)
				if errors.Is(err, conn.ErrClosed) {
					return
				}
				if err != nil {
					t.Error(err)
					return
				}
				if i == 0 {
					if err := applied.Wait(t.Context()); err != nil {
						t.Error(err)
					}
				}
			}
		})
		all.Go(func() {
			name := fmt.Sprintf("guest %d", i)
			for range 10 {
				if _, err := sys.Register(t.Context(), top.Nodes[0], config.Pool{Name: name, Node: "main"}); err == nil {
					t.Error("a node was registered twice")
				}
				n := top.Nodes[0]
				n.Name = name
				db, err := sys.Register(t.Context(), n, config.Pool{Name: name})
				if errors.Is(err, conn.ErrClosed) {
					return
				}
				if err != nil {
					t.Error(err)
					return
				}
				if _, err := db.Exec(t.Context(), "select 1"); err != nil && !errors.Is(err, conn.ErrClosed) {
					t.Errorf("the guest was touched: %v", err)
				}
				if err := sys.Remove(t.Context(), name); err != nil && !errors.Is(err, conn.ErrClosed) {
					t.Error(err)
				}
			}
		})
		all.Go(func() {
			db, err := sys.DB("default")
			if err != nil {
				t.Error(err)
				return
			}
			for n := range 20 {
				for _, err := range []error{db.Pool().Resize(1+n%4, n%3), db.Ping(t.Context()), db.Pool().Rotate(t.Context(), "", config.Secret(server.Password()))} {
					if err != nil && !errors.Is(err, conn.ErrClosed) && !strings.Contains(err.Error(), "the pool was given other settings meanwhile") {
						t.Error(err)
					}
				}
			}
		})
	}
	all.Wait()
	apply(t, sys, top)
	if s := sys.Snapshot(); len(s.Pools) != 1 || len(s.Nodes) != 1 || s.Pools[0].Stats.HardLimit != 4 {
		t.Errorf("%+v", s)
	}
	for range 2 {
		all.Go(func() {
			for {
				if _, err := sys.Apply(t.Context(), top); err != nil {
					if !errors.Is(err, conn.ErrClosed) {
						t.Error(err)
					}
					return
				}
			}
		})
	}
	if err := sys.Close(t.Context()); err != nil {
		t.Error(err)
	}
	all.Wait()
	if _, err := sys.Apply(t.Context(), top); !errors.Is(err, conn.ErrClosed) {
		t.Errorf("after Close: %v", err)
	}
}
