package unoactor_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/uptrace/bun"

	"github.com/unoactor/unoactor"
	"github.com/unoactor/unoactor/adapters/unobun"
	"github.com/unoactor/unoactor/config"
	"github.com/unoactor/unoactor/testkit"
)

// The money of the tests: accounts with 1000 each, and a row for each transfer, which
// is written in the transaction that moves the money.
const (
	moneyAccounts = 16
	moneyTables   = `create table accounts (id int primary key, balance int not null); create table transfers (id text primary key, source int not null, target int not null, amount int not null);
		insert into accounts select g, 1000 from generate_series(1, 16) g`
)

type account struct {
	bun.BaseModel `bun:"table:accounts"`

	ID      int `bun:",pk"`
	Balance int
}

type movement struct {
	bun.BaseModel `bun:"table:transfers"`

	ID                     string `bun:",pk"`
	Source, Target, Amount int
}

// executor is what a transaction is done with.
type executor interface {
	Exec(context.Context, string, ...any) (pgconn.CommandTag, error)
}

func (m movement) by(ctx context.Context, q executor) error {
	for _, sql := range []string{
		"update accounts set balance = balance - @amount where id = @source", "update accounts set balance = balance + @amount where id = @target",
		"insert into transfers values (@id, @source, @target, @amount)",
	} {
		if _, err := q.Exec(ctx, sql, pgx.NamedArgs{"id": m.ID, "source": m.Source, "target": m.Target, "amount": m.Amount}); err != nil {
			return err
		}
	}
	return nil
}

// ways are the ways to move money.
var ways = map[string]func(context.Context, *unoactor.DB, movement) error{
	"transaction": func(ctx context.Context, db *unoactor.DB, m movement) error {
		return db.Tx(ctx, pgx.TxOptions{}, func(tx pgx.Tx) error { return m.by(ctx, tx) })
	},
	"serializable": func(ctx context.Context, db *unoactor.DB, m movement) error {
		return db.Tx(ctx, pgx.TxOptions{IsoLevel: pgx.Serializable}, func(tx pgx.Tx) error { return m.by(ctx, tx) })
	},
	"session": func(ctx context.Context, db *unoactor.DB, m movement) error {
		return db.Session(ctx, func(ctx context.Context, s *unoactor.Session) error {
			return s.Tx(ctx, pgx.TxOptions{}, func(ctx context.Context, s *unoactor.Session) error { return m.by(ctx, s) })
		})
	},
	"by hand": func(ctx context.Context, db *unoactor.DB, m movement) error {
		s := db.NewSession()
		defer s.Close()
		if err := s.Begin(ctx); err != nil {
			return err
		}
		if err := m.by(ctx, s); err != nil {
			return errors.Join(err, s.Rollback(ctx))
		}
		return s.Commit(ctx)
	},
	"without autocommit": func(ctx context.Context, db *unoactor.DB, m movement) error {
		return db.Session(ctx, func(ctx context.Context, s *unoactor.Session) error { return m.by(ctx, s) },
			unoactor.SessionConfig{Autocommit: unoactor.Off})
	},
	"unit of work": func(ctx context.Context, db *unoactor.DB, m movement) error {
		return db.Session(ctx, func(ctx context.Context, s *unoactor.Session) error {
			return s.Tx(ctx, pgx.TxOptions{}, func(ctx context.Context, s *unoactor.Session) error {
				both, err := unobun.Select[account](ctx, s, func(q *bun.SelectQuery) *bun.SelectQuery {
					return q.Where("id IN (?, ?)", m.Source, m.Target).For("UPDATE")
				})
				if err != nil {
					return err
				}
				for _, a := range both {
					if a.ID == m.Source {
						a.Balance -= m.Amount
					} else {
						a.Balance += m.Amount
					}
				}
				again := m // another object each time that it is tried
				return s.Add(&again)
			})
		}, unoactor.SessionConfig{Mapper: mapper})
	},
}

var mapper = unobun.Mapper()

// ledger is what the tests were told of each transfer.
type ledger struct {
	mu                     sync.Mutex
	done, failed, doubtful []string
}

func (l *ledger) note(id string, err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	var ambiguous *unoactor.AmbiguousCommitError
	switch {
	case err == nil:
		l.done = append(l.done, id)
	case errors.As(err, &ambiguous):
		l.doubtful = append(l.doubtful, id)
	default:
		l.failed = append(l.failed, id)
	}
}

// audit compares a database with what was told.
func (l *ledger) audit(t *testing.T, name string, query func(string) string) {
	t.Helper()
	t.Logf("%s: %d done, %d failed, %d doubtful", name, len(l.done), len(l.failed), len(l.doubtful))
	count := func(ids []string) string {
		return query("select count(*) from transfers where id in ('" + strings.Join(ids, "', '") + "')")
	}
	if got := count(l.done); got != fmt.Sprint(len(l.done)) {
		t.Errorf("%s: of %d transfers that were acknowledged %s are there", name, len(l.done), got)
	}
	if got := count(l.failed); got != "0" {
		t.Errorf("%s: %s transfers are there that were told to have failed", name, got)
	}
	if len(l.done) == 0 {
		t.Errorf("%s: nothing was transferred", name)
	}
}

// accounted is what the accounts of a database should hold by its transfers.
const accounted = `select count(*) from accounts a where balance <> 1000 + (select coalesce(sum(amount) filter (where target = a.id), 0) - coalesce(sum(amount) filter (where source = a.id), 0) from transfers)`

// killing kills a backend of an application now and then, until it is told to stop.
func killing(t *testing.T, s *testkit.Server, where string) (stop func()) {
	t.Helper()
	done, ended := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(ended)
		for {
			select {
			case <-done:
				return
			case <-time.After(time.Duration(rand.IntN(8)) * time.Millisecond):
			}
			if _, err := s.TerminateBackends(context.Background(), where+" and pid = (select pid from pg_stat_activity where "+where+" order by random() limit 1)"); err != nil {
				t.Error(err)
				return
			}
		}
	}()
	return func() { close(done); <-ended }
}

func TestMoneyIsNeitherLostNorMadeThoughBackendsAreKilled(t *testing.T) {
	server, database := testkit.Shared(t)
	node, err := config.ParseURL(server.URL(database))
	if err != nil {
		t.Fatal(err)
	}
	if err := server.Exec(t.Context(), database, moneyTables); err != nil {
		t.Fatal(err)
	}
	sys, err := unoactor.New(t.Context(), config.Topology{})
	if err != nil {
		t.Fatal(err)
	}
	closing(t, sys)
	retry := config.Retry{MaxRetries: 20, RetryDelay: time.Millisecond, BackoffFactor: 1.5, RetryableErrors: []string{"connection", "operational", "serialization", "deadlock"}}
	var pools []*unoactor.DB
	for _, p := range []config.Pool{{Name: "plain", Size: 8}, {Name: "persistent", Size: 8, Retry: retry}} {
		db, err := sys.Register(t.Context(), node, p)
		if err != nil {
			t.Fatal(err)
		}
		pools = append(pools, db)
	}
	var told ledger
	stop := killing(t, server, "datname = '"+database+"' and pid <> pg_backend_pid() and backend_type = 'client backend'")
	var names []string
	for name := range ways {
		names = append(names, name)
	}
	var wait sync.WaitGroup
	for g := range 64 {
		wait.Go(func() {
			for i := range 12 {
				m := movement{ID: fmt.Sprintf("%d-%d", g, i), Source: 1 + rand.IntN(moneyAccounts), Amount: 1 + rand.IntN(9)}
				m.Target = 1 + (m.Source+rand.IntN(moneyAccounts-1))%moneyAccounts
				told.note(m.ID, ways[names[(g+i)%len(names)]](t.Context(), pools[i%2], m))
			}
		})
	}
	wait.Wait()
	stop()
	query := func(sql string) string {
		v, err := server.QueryValue(t.Context(), database, sql)
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
	told.audit(t, "one database", query)
	if sum, wrong := query("select sum(balance) from accounts"), query(accounted); sum != "16000" || wrong != "0" {
		t.Errorf("%s in all, and %s accounts hold something else than their transfers say", sum, wrong)
	}
	for _, db := range pools {
		testkit.CheckNoLeases(t, db.Pool())
	}
}

// across moves money from an account in the north to one in the south.
func (m movement) across(ctx context.Context, a *unoactor.Atomic) error {
	for _, half := range []struct{ database, sql string }{
		{"north", "update accounts set balance = balance - @amount where id = @source"}, {"south", "update accounts set balance = balance + @amount where id = @target"},
	} {
		s, err := a.Session(ctx, half.database)
		if err != nil {
			return err
		}
		args := pgx.NamedArgs{"id": m.ID, "source": m.Source, "target": m.Target, "amount": m.Amount}
		for _, sql := range []string{half.sql, "insert into transfers values (@id, @source, @target, @amount)"} {
			if _, err := s.Exec(ctx, sql, args); err != nil {
				return err
			}
		}
	}
	return nil
}

// moneyBank is two servers with the tables of money.
func moneyBank(t *testing.T) *bank {
	t.Helper()
	b := openBank(t, [2]string{"50", "50"})
	for _, s := range b.servers {
		if err := s.Exec(t.Context(), "postgres", "drop table accounts, transfers; "+moneyTables); err != nil {
			t.Fatal(err)
		}
	}
	return b
}

// recovered recovers until nothing is prepared any more.
func (b *bank) recovered(t *testing.T) {
	t.Helper()
	for b.left(t) != "00" {
		if _, err := b.sys.Recover(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
}

// auditAcross compares two databases with each other, and with what was told.
func (b *bank) auditAcross(t *testing.T, told *ledger) {
	t.Helper()
	var ids [2]string
	total := 0
	for i, s := range b.servers {
		query := func(sql string) string {
			v, err := s.QueryValue(t.Context(), "postgres", sql)
			if err != nil {
				t.Fatal(err)
			}
			return v
		}
		told.audit(t, []string{"north", "south"}[i], query)
		ids[i] = query("select string_agg(id, ' ' order by id) from transfers")
		var sum int
		if _, err := fmt.Sscan(query("select sum(balance) from accounts"), &sum); err != nil {
			t.Fatal(err)
		}
		total += sum
	}
	if ids[0] != ids[1] {
		t.Errorf("transfers that are in one database only:\n%s\n%s", ids[0], ids[1])
	}
	if total != 2*16000 {
		t.Errorf("%d in all", total)
	}
}

func TestMoneyMovesBetweenTwoDatabasesWhoseBackendsAreKilled(t *testing.T) {
	b := moneyBank(t)
	var told ledger
	var stops []func()
	for _, s := range b.servers {
		stops = append(stops, killing(t, s, "backend_type = 'client backend' and pid <> pg_backend_pid()"))
	}
	var wait sync.WaitGroup
	for g := range 16 {
		wait.Go(func() {
			for i := range 12 {
				m := movement{ID: fmt.Sprintf("%d-%d", g, i), Source: 1 + g, Target: 1 + rand.IntN(moneyAccounts), Amount: 1 + rand.IntN(9)}
				told.note(m.ID, b.sys.Atomic(t.Context(), m.across))
			}
		})
	}
	wait.Wait()
	for _, stop := range stops {
		stop()
	}
	b.recovered(t)
	b.auditAcross(t, &told)
}

const movingPorts = "UNOACTOR_TEST_MOVING_PORTS"

// TestTheProcessThatMovesMoney is no test of its own: the next one runs it as another
// process, and kills it at some moment.
func TestTheProcessThatMovesMoney(t *testing.T) {
	ports := os.Getenv(movingPorts)
	if ports == "" {
		t.Skip("the next test runs it in a process of its own")
	}
	sys, err := unoactor.New(t.Context(), bankTopology(strings.Split(ports, ",")...))
	if err != nil {
		t.Fatal(err)
	}
	var out sync.Mutex
	for g := range 4 {
		go func() {
			for i := 0; ; i++ {
				m := movement{ID: fmt.Sprintf("%d-%d-%d", os.Getpid(), g, i), Source: 1 + rand.IntN(moneyAccounts), Target: 1 + rand.IntN(moneyAccounts), Amount: 1}
				if err := sys.Atomic(context.Background(), m.across); err == nil {
					out.Lock()
					fmt.Println("moved", m.ID)
					out.Unlock()
				}
			}
		}()
	}
	_, _ = io.Copy(io.Discard, os.Stdin) // until it is killed, or whoever started it is gone
}

func TestMoneyMovesBetweenTwoDatabasesThoughTheProcessIsKilled(t *testing.T) {
	b := moneyBank(t)
	_, north, _ := strings.Cut(b.servers[0].Addr(), ":")
	_, south, _ := strings.Cut(b.servers[1].Addr(), ":")
	var told ledger
	for range 6 {
		child := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestTheProcessThatMovesMoney$")
		child.Env = append(os.Environ(), movingPorts+"="+north+","+south)
		out, err := child.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if _, err := child.StdinPipe(); err != nil { // open for as long as this process lives
			t.Fatal(err)
		}
		if err := child.Start(); err != nil {
			t.Fatal(err)
		}
		lines := bufio.NewScanner(out)
		for left := 5 + rand.IntN(40); lines.Scan(); {
			if id, ok := strings.CutPrefix(lines.Text(), "moved "); ok {
				told.note(id, nil)
				if left--; left == 0 {
					if err := child.Process.Kill(); err != nil {
						t.Error(err)
					}
				}
			}
		}
		_ = child.Wait() // it was killed
	}
	b.recovered(t)
	b.auditAcross(t, &told)
}
