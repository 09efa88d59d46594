package unoactor_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/unoactor/unoactor"
	"github.com/unoactor/unoactor/testkit"
)

func TestAWaitForANotificationEndsWithItsContextAndKeepsTheBackend(t *testing.T) {
	db := open(t)
	l, err := db.Acquire(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer l.Release()
	s := db.NewSession()
	defer s.Close()
	lent, done, err := s.Conn(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer done()
	leased, err := l.Conn()
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]*pgx.Conn{"of a lease": leased, "of a session": lent} {
		execute(t, c, "listen news")
		began := time.Now()
		ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
		_, err := c.WaitForNotification(ctx)
		cancel()
		if took := time.Since(began); !errors.Is(err, context.DeadlineExceeded) || took > 3*time.Second {
			t.Errorf("%s: after %v: %v", name, took, err)
		}
		execute(t, c, "notify news, 'later'")
		if n, err := c.WaitForNotification(t.Context()); err != nil || n.Payload != "later" {
			t.Errorf("%s, afterwards: %v, %v", name, n, err)
		}
	}
}

// lastingDown is more than a call may last whose context ended after 100 ms, on a slow
// machine, and less than what a server that does not answer used to take.
const lastingDown = 3 * time.Second

func TestACallEndsWithItsContextThoughTheNetworkSwallowsAll(t *testing.T) {
	server, database := testkit.Shared(t)
	for _, f := range faces {
		t.Run(f.name, func(t *testing.T) {
			proxy := testkit.NewProxy(t, server.Addr())
			b := endings(t, server, database, proxy.Port())
			b.prepare(t)
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			var began time.Time
			autocommit, err := inFace(ctx, b, f, func(d door) error {
				if err := d.exec(ctx, "select 1"); err != nil {
					return err
				}
				proxy.BlackHole()
				began = time.Now()
				time.AfterFunc(100*time.Millisecond, cancel)
				return d.exec(ctx, "insert into t values (1)")
			})
			if took := time.Since(began); !errors.Is(err, context.Canceled) || took > lastingDown {
				t.Errorf("after %v: %v", took, err)
			}
			if unoactor.Unknown(err) != autocommit {
				t.Errorf("unknown: %v, outside a transaction: %v: %v", unoactor.Unknown(err), autocommit, err)
			}
			proxy.Reset()
			if err := proxy.Pass(); err != nil {
				t.Fatal(err)
			}
		})
	}
}

func TestWhatIsLostBeforeItWasAnsweredIsUnknownAndWhatWasNotSentIsNot(t *testing.T) {
	server, database := testkit.Shared(t)
	for _, f := range faces {
		for _, s := range statements {
			t.Run(f.name+"/"+s.name, func(t *testing.T) {
				b := endings(t, server, database, server.Port())
				b.prepare(t)
				if !hasStatement(t, b, f, s) {
					t.Skip("it has no such statement")
				}
				gone := make(chan error, 1)
				ctx, cancel := context.WithCancel(t.Context())
				defer cancel()
				go func() {
					err := b.busy(ctx)
					if err == nil {
						_, err = server.TerminateBackends(ctx, "datname = '"+database+"' and state = 'active' and (wait_event = 'PgSleep' or query ilike 'copy%')")
					}
					gone <- err
				}()
				autocommit, err := inFace(t.Context(), b, f, func(d door) error { return s.run(t.Context(), d) })
				if err == nil || unoactor.Unknown(err) != autocommit {
					t.Errorf("outside a transaction: %v, unknown: %v: %v", autocommit, unoactor.Unknown(err), err)
				}
				if err := <-gone; err != nil {
					t.Error(err)
				}
				b.after(t)
			})
		}
	}
}

func TestAStatementOnABackendThatWasEndedBeforeIsCertainlyNotDone(t *testing.T) {
	server, database := testkit.Shared(t)
	for _, f := range faces {
		t.Run(f.name, func(t *testing.T) {
			b := endings(t, server, database, server.Port())
			b.prepare(t)
			_, err := inFace(t.Context(), b, f, func(d door) error {
				if err := d.exec(t.Context(), "select 1"); err != nil {
					return err
				}
				pids, err := server.QueryValue(t.Context(), database, "select coalesce(string_agg(pid::text, ','), '0') from pg_stat_activity where datname = current_database() and application_name = 'unoactor'")
				if err != nil {
					return err
				}
				if _, err := server.TerminateBackends(t.Context(), "pid in ("+pids+")"); err != nil {
					return err
				}
				for left := []testkit.BackendInfo{{}}; len(left) > 0; {
					if left, err = server.Backends(t.Context(), "pid in ("+pids+")"); err != nil {
						return err
					}
				}
				return d.exec(t.Context(), "insert into t values (1)")
			})
			if unoactor.Unknown(err) {
				t.Errorf("nothing was sent: %v", err)
			}
			if err == nil {
				mustExec(t, b.db, "delete from t")
			}
			b.after(t)
		})
	}
}
