package unoactor_test

import (
	"context"
	"errors"
	"regexp"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/unoactor/unoactor"
	"github.com/unoactor/unoactor/config"
	"github.com/unoactor/unoactor/testkit"
)

// bank is two databases on two servers, each with a table of accounts.
type bank struct {
	servers [2]*testkit.Server
	sys     *unoactor.System
}

// bankTopology is the pools "north" and "south".
func bankTopology(urls ...string) config.Topology {
	var t config.Topology
	for i, name := range []string{"north", "south"} {
		n := config.Node{Name: name, Host: "127.0.0.1", User: "postgres", Database: "postgres"}
		var port uint16
		for _, c := range urls[i] {
			port = port*10 + uint16(c-'0')
		}
		n.Port = port
		t.Nodes = append(t.Nodes, n)
		t.Pools = append(t.Pools, config.Pool{Name: name, Node: name, Size: 8, MaxOverflow: 8})
	}
	return t
}

func openBank(t *testing.T, prepared [2]string, options ...unoactor.Option) *bank {
	t.Helper()
	b := &bank{}
	ports := make([]string, 2)
	for i := range b.servers {
		b.servers[i] = testkit.Postgres(t, testkit.ServerOptions{Parameters: map[string]string{"max_prepared_transactions": prepared[i]}})
		if err := b.servers[i].Exec(t.Context(), "postgres", "create table accounts (id int primary key, balance int not null); "+
			"create table transfers (id text primary key); insert into accounts select g, 100 from generate_series(1, 10) g"); err != nil {
			t.Fatal(err)
		}
		_, ports[i], _ = strings.Cut(b.servers[i].Addr(), ":")
	}
	var err error
	if b.sys, err = unoactor.New(t.Context(), bankTopology(ports...), options...); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		for _, name := range []string{"north", "south"} {
			db, _ := b.sys.DB(name)
			testkit.CheckNoLeases(t, db.Pool())
		}
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		defer cancel()
		if err := b.sys.Close(ctx); err != nil {
			t.Error(err)
		}
	})
	return b
}

// sums are what the two databases hold.
func (b *bank) sums(t *testing.T) (sums [2]string) {
	t.Helper()
	for i, s := range b.servers {
		var err error
		if sums[i], err = s.QueryValue(t.Context(), "postgres", "select sum(balance) from accounts"); err != nil {
			t.Fatal(err)
		}
	}
	return sums
}

// left counts the transactions that are prepared.
func (b *bank) left(t *testing.T) (n string) {
	t.Helper()
	for _, s := range b.servers {
		one, err := s.QueryValue(t.Context(), "postgres", "select count(*) from pg_prepared_xacts")
		if err != nil {
			t.Fatal(err)
		}
		n += one
	}
	return n
}

// transfer takes 10 from the north and gives them to the south.
func transfer(ctx context.Context, a *unoactor.Atomic) error {
	for name, sql := range map[string]string{
		"north": "update accounts set balance = balance - 10 where id = 1", "south": "update accounts set balance = balance + 10 where id = 1",
	} {
		s, err := a.Session(ctx, name)
		if err != nil {
			return err
		}
		if _, err := s.Exec(ctx, sql); err != nil {
			return err
		}
	}
	return nil
}

func TestAnAtomicCommitsInAllDatabasesOrInNone(t *testing.T) {
	b, ctx := openBank(t, [2]string{"10", "10"}), t.Context()
	if err := b.sys.Atomic(ctx, transfer); err != nil {
		t.Fatal(err)
	}
	if got := b.sums(t); got != [2]string{"990", "1010"} {
		t.Errorf("%v", got)
	}
	failure := errors.New("of the function")
	err := b.sys.Atomic(ctx, func(ctx context.Context, a *unoactor.Atomic) error {
		return errors.Join(transfer(ctx, a), failure)
	})
	if !errors.Is(err, failure) {
		t.Error(err)
	}
	err = b.sys.Atomic(ctx, func(ctx context.Context, a *unoactor.Atomic) error {
		south, err := a.Session(ctx, "south")
		if err != nil {
			return err
		}
		if err := errors.Join(south.Commit(ctx), south.Rollback(ctx)); err == nil || !strings.Contains(err.Error(), "return from its function") {
			t.Errorf("a participant was ended by hand: %v", err)
		}
		// A deferred constraint is looked at only when it is prepared, or committed.
		if _, err := south.Exec(ctx, "create table d (a int unique deferrable initially deferred); insert into d values (1), (1)"); err != nil {
			return err
		}
		return transfer(ctx, a)
	})
	if err == nil || !strings.Contains(err.Error(), "23505") {
		t.Errorf("%v", err)
	}
	if got := b.sums(t); got != [2]string{"990", "1010"} || b.left(t) != "00" {
		t.Errorf("%v, prepared %s", got, b.left(t))
	}
}

func TestAnAtomicNeedsNoPreparingWhereOneDatabaseOrNoneIsWritten(t *testing.T) {
	b, ctx := openBank(t, [2]string{"0", "0"}), t.Context()
	err := b.sys.Atomic(ctx, func(ctx context.Context, a *unoactor.Atomic) error {
		north, err := a.Session(ctx, "north")
		if err != nil {
			return err
		}
		south, err := a.Session(ctx, "south")
		if err != nil {
			return err
		}
		if again, err := a.Session(ctx, "south"); again != south || err != nil {
			t.Errorf("another session of the same database: %v", err)
		}
		if n := one[int](t, north, "select balance from accounts where id = 2"); n != 100 {
			t.Error(n)
		}
		_, err = south.Exec(ctx, "update accounts set balance = 0 where id = 2")
		return err
	})
	if err != nil {
		t.Error(err)
	}
	var refused *unoactor.TwoPhaseError
	if err := b.sys.Atomic(ctx, transfer); !errors.As(err, &refused) || len(refused.Pools) != 2 {
		t.Errorf("%v", err)
	}
	if got := b.sums(t); got != [2]string{"1000", "900"} {
		t.Errorf("%v", got)
	}
}

func TestTheServerThatCantPrepareCoordinates(t *testing.T) {
	for _, prepared := range [][2]string{{"0", "10"}, {"10", "0"}} {
		b := openBank(t, prepared)
		if err := b.sys.Atomic(t.Context(), transfer); err != nil {
			t.Errorf("%v: %v", prepared, err)
		}
		if got := b.sums(t); got != [2]string{"990", "1010"} {
			t.Errorf("%v: %v", prepared, got)
		}
	}
}

// interrupter is a tracer that does something just before a statement is sent.
type interrupter struct {
	before string
	do     func(*pgx.Conn)
	done   atomic.Bool
}

func (i *interrupter) TraceQueryStart(ctx context.Context, c *pgx.Conn, data pgx.TraceQueryStartData) context.Context {
	if strings.HasPrefix(data.SQL, i.before) && i.done.CompareAndSwap(false, true) {
		i.do(c)
	}
	return ctx
}

func (*interrupter) TraceQueryEnd(context.Context, *pgx.Conn, pgx.TraceQueryEndData) {}

func TestACoordinatorThatIsLostWithItsCommitIsAskedWhatBecameOfIt(t *testing.T) {
	for name, c := range map[string]struct {
		before    string
		committed bool
	}{
		"before the decision": {"commit", false},
		"while it prepares":   {"prepare transaction", false},
		"in the second phase": {"commit prepared", true},
	} {
		t.Run(name, func(t *testing.T) {
			var b *bank
			kill := &interrupter{before: c.before}
			kill.do = func(conn *pgx.Conn) {
				for _, s := range b.servers {
					if s.Port() == int(conn.Config().Port) {
						if _, err := s.TerminateBackends(context.Background(), "pid = "+pid(conn)); err != nil {
							t.Error(err)
						}
					}
				}
			}
			b = openBank(t, [2]string{"10", "10"}, unoactor.WithTracer(kill))
			err := b.sys.Atomic(t.Context(), transfer)
			if (err == nil) != c.committed || !kill.done.Load() {
				t.Errorf("%v", err)
			}
			if ambiguous := (*unoactor.AmbiguousCommitError)(nil); errors.As(err, &ambiguous) {
				t.Errorf("it was not found out: %v", err)
			}
			want := [2]string{"1000", "1000"}
			if c.committed {
				want = [2]string{"990", "1010"}
			}
			if got := b.sums(t); got != want || b.left(t) != "00" {
				t.Errorf("%v, prepared %s", got, b.left(t))
			}
		})
	}
}

func TestTheLostCommitOfTheOnlyDatabaseThatWasWrittenIsFoundOutToo(t *testing.T) {
	var b *bank
	kill := &interrupter{before: "commit"}
	kill.do = func(conn *pgx.Conn) {
		if _, err := b.servers[0].TerminateBackends(context.Background(), "pid = "+pid(conn)); err != nil {
			t.Error(err)
		}
	}
	b = openBank(t, [2]string{"0", "0"}, unoactor.WithTracer(kill))
	err := b.sys.Atomic(t.Context(), func(ctx context.Context, a *unoactor.Atomic) error {
		s, err := a.Session(ctx, "north")
		if err != nil {
			return err
		}
		_, err = s.Exec(ctx, "update accounts set balance = 0")
		return err
	})
	if ambiguous := (*unoactor.AmbiguousCommitError)(nil); err == nil || errors.As(err, &ambiguous) || !kill.done.Load() {
		t.Errorf("%v", err)
	}
	if got := b.sums(t); got != [2]string{"1000", "1000"} {
		t.Errorf("%v", got)
	}
}

// A server that answers COMMIT before it is on disk would forget the decision when it crashes,
// after the others have heard of it.
func TestADecisionOutlivesACrashOfItsServerWhateverItsSynchronousCommitSays(t *testing.T) {
	b := openBank(t, [2]string{"0", "10"}) // so that north coordinates
	north := b.servers[0]
	for _, sql := range []string{"alter system set synchronous_commit = off", "alter system set wal_writer_delay = '10s'", "alter system set autovacuum = off", "checkpoint"} {
		if err := north.Exec(t.Context(), "postgres", sql); err != nil {
			t.Fatal(err)
		}
	}
	if err := north.Restart(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := b.sys.Atomic(t.Context(), transfer); err != nil {
		t.Fatal(err)
	}
	if err := north.Kill(); err != nil {
		t.Fatal(err)
	}
	if err := north.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got := b.sums(t); got != [2]string{"990", "1010"} || b.left(t) != "00" {
		t.Errorf("%v, prepared %s", got, b.left(t))
	}
}

// A server that gets to a PREPARE after everybody has given it up leaves it prepared: that is
// ended by the system that asked for it, without anybody's call.
func TestAPrepareThatItsServerGetsToLateIsRolledBackInTheBackground(t *testing.T) {
	b := openBank(t, [2]string{"10", "0"}) // so that south coordinates
	north := b.servers[0]
	for _, sql := range []string{"alter system set log_min_duration_statement = '5s'", "select pg_reload_conf()"} {
		if err := north.Exec(t.Context(), "postgres", sql); err != nil {
			t.Fatal(err)
		}
	}
	// It does not let itself be cancelled, and takes longer than Atomic looks for it.
	if err := north.Exec(t.Context(), "postgres", `create table slow (a int);
		create function dawdle() returns trigger language plpgsql as $$
		declare till timestamptz := clock_timestamp() + interval '8 seconds';
		begin
			while clock_timestamp() < till loop
				begin perform pg_sleep(0.2); exception when query_canceled then null; end;
			end loop;
			return null;
		end $$;
		create constraint trigger t after insert on slow deferrable initially deferred for each row execute function dawdle()`); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Second)
	defer cancel()
	err := b.sys.Atomic(ctx, func(ctx context.Context, a *unoactor.Atomic) error {
		s, err := a.Session(ctx, "north")
		if err != nil {
			return err
		}
		if _, err := s.Exec(ctx, "insert into slow values (1)"); err != nil {
			return err
		}
		return transfer(ctx, a)
	})
	if !errors.Is(err, context.DeadlineExceeded) {
		t.Fatal(err)
	}
	prepared := func() bool { // only a statement that was done is logged with its duration
		return regexp.MustCompile(`duration: .*prepare transaction`).MatchString(north.Log())
	}
	for since := time.Now(); !prepared() || b.left(t) != "00"; {
		if time.Since(since) > 40*time.Second {
			t.Fatalf("was prepared: %v, is: %s", prepared(), b.left(t))
		}
	}
	if got := b.sums(t); got != [2]string{"1000", "1000"} {
		t.Error(got)
	}
}

// A COMMIT that decides and is done after its client has given it up: its server is asked.
func TestADecisionThatIsLearnedLateIsThatOfTheObjectsToo(t *testing.T) {
	b := openBank(t, [2]string{"10", "0"}, unoactor.WithSessions(unoactor.SessionConfig{Mapper: mapper})) // so that south coordinates
	if err := b.servers[1].Exec(t.Context(), "postgres", `create table slow (a int);
		create function dawdle() returns trigger language plpgsql as $$
		declare till timestamptz := clock_timestamp() + interval '3 seconds';
		begin
			while clock_timestamp() < till loop
				begin perform pg_sleep(0.2); exception when query_canceled then null; end;
			end loop;
			return null;
		end $$;
		create constraint trigger t after insert on slow deferrable initially deferred for each row execute function dawdle()`); err != nil {
		t.Fatal(err)
	}
	var held map[string]*account
	late := func() error {
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		held = make(map[string]*account)
		return b.sys.Atomic(ctx, func(ctx context.Context, a *unoactor.Atomic) error {
			for _, name := range []string{"north", "south"} {
				s, err := a.Session(ctx, name)
				if err != nil {
					return err
				}
				one, err := unoactor.Get[account](ctx, s, 1)
				if err != nil {
					return err
				}
				one.Balance, held[name] = 7, one
			}
			south, err := a.Session(ctx, "south")
			if err != nil {
				return err
			}
			_, err = south.Exec(ctx, "insert into slow values (1)")
			return err
		})
	}
	before := b.sums(t)
	err := late()
	for tries := 1; err != nil && tries < 5; tries++ { // it was canceled where dawdle catches nothing: then it is rolled back
		if got := b.sums(t); got != before {
			t.Fatalf("told as failed, %v, and the databases have %v", err, got)
		}
		err = late()
	}
	if err != nil {
		t.Fatal(err)
	}
	if got := b.sums(t); got != [2]string{"907", "907"} || held["north"].Balance != 7 || held["south"].Balance != 7 {
		t.Errorf("the databases have %v, and the objects %d and %d", got, held["north"].Balance, held["south"].Balance)
	}
}

func pid(c *pgx.Conn) string { return uitoa(c.PgConn().PID()) }

func uitoa(n uint32) string {
	if n < 10 {
		return string(rune('0' + n))
	}
	return uitoa(n/10) + string(rune('0'+n%10))
}

// The environment of the process that dies.
const (
	dyingPorts  = "UNOACTOR_TEST_DYING_PORTS"
	dyingBefore = "UNOACTOR_TEST_DYING_BEFORE"
)
