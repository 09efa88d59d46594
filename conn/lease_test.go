package conn_test

import (
	"context"
	"errors"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/unoactor/unoactor/config"
	"github.com/unoactor/unoactor/conn"
	"github.com/unoactor/unoactor/messages"
)

func TestReleasingTwiceDoesNothingButReportIt(t *testing.T) {
	s, k, _, _ := slots(t, 1, nil)
	l, _ := acquire(t, s)
	l.Release()
	again, _ := acquire(t, s)
	l.Release() // must not end the lease of somebody else
	if _, err := again.Backend(); err != nil {
		t.Errorf("the next lease ended: %v", err)
	}
	again.Release()
	if k.stale != 1 {
		t.Errorf("%d reports", k.stale)
	}
	conn.Lease{}.Release()
	var stale *conn.StaleLeaseError
	if _, err := l.Backend(); !errors.As(err, &stale) || stale.Pool != "default" {
		t.Errorf("late use: %v", err)
	}
	if _, err := (conn.Lease{}).Backend(); !errors.As(err, &stale) {
		t.Errorf("the zero lease: %v", err)
	}
}

func TestAFencedLeaseIsDead(t *testing.T) {
	s, k, _, _ := slots(t, 1, nil)
	l, b := acquire(t, s)
	if got, ok := s.Revoke(0); !ok || got != b {
		t.Fatal("it could not be revoked")
	}
	if _, err := l.Backend(); err == nil {
		t.Error("it still gives its backend")
	}
	l.Release()
	l.Destroy(errPurpose)
	if k.stale != 0 || len(k.causes()) != 0 {
		t.Errorf("%d reports, %v", k.stale, k.causes())
	}
	if _, ok := s.Revoke(0); ok {
		t.Error("it was revoked twice")
	}
	s.Return(0)
}

func TestWhatCantBeLentAgainGoesToItsConnection(t *testing.T) {
	for name, c := range map[string]struct {
		use  func(*conn.Backend, conn.Lease)
		want messages.Cause
	}{
		"destroyed":        {func(_ *conn.Backend, l conn.Lease) { l.Destroy(errPurpose) }, messages.Broken},
		"closed":           {func(b *conn.Backend, _ conn.Lease) { b.Conn().Close(context.Background()) }, messages.Broken},
		"in a transaction": {func(b *conn.Backend, _ conn.Lease) { _, _ = b.Conn().Exec(context.Background(), "begin") }, messages.Dirty},
		"tainted":          {func(b *conn.Backend, _ conn.Lease) { b.Taint() }, messages.Dirty},
		"with rows open": {func(b *conn.Backend, _ conn.Lease) {
			_, _ = b.Conn().Query(context.Background(), "select generate_series(1, 9)")
		}, messages.Broken},
	} {
		t.Run(name, func(t *testing.T) {
			s, k, _, _ := slots(t, 1, nil)
			l, b := acquire(t, s)
			c.use(b, l)
			l.Release()
			if got := k.causes(); len(got) != 1 || got[0] != c.want {
				t.Errorf("causes %v, want %v", got, c.want)
			}
		})
	}
}

func TestTheNextHolderFindsWhatTheResetPolicyPromises(t *testing.T) {
	const leave = "set application_name = 'left'; create temporary table left_table (a int); select pg_advisory_lock(1)"
	const find = `select (current_setting('application_name') = 'left')::text || ' ' || (to_regclass('left_table') is not null)::text || ' ' ||
		exists (select from pg_locks where locktype = 'advisory' and pid = pg_backend_pid())::text`
	for policy, want := range map[config.Reset]string{
		config.ResetRollback:                "true true true",
		config.ResetNone:                    "true true true",
		config.ResetDiscard:                 "false false false",
		"reset all; discard temporary":      "false false true",
		"select pg_advisory_unlock_all()":   "true true false",
		"set application_name = 'unoactor'": "false true true",
	} {
		t.Run(string(policy), func(t *testing.T) {
			s, _, _, _ := slots(t, 1, func(p *config.Pool, _ *conn.DialerOptions) { p.Reset = policy })
			l, b := acquire(t, s)
			if _, err := b.Conn().Exec(t.Context(), leave); err != nil {
				t.Fatal(err)
			}
			l.Release()
			l, b = acquire(t, s)
			defer l.Release()
			var got string
			if err := b.Conn().QueryRow(t.Context(), find).Scan(&got); err != nil || got != want {
				t.Errorf("found %q, want %q: %v", got, want, err)
			}
		})
	}
}

func TestAnAcquireErrorTellsWhatItWasAndMatchesItsCauses(t *testing.T) {
	s, _, _, _ := slots(t, 1, nil)
	l, _ := acquire(t, s)
	defer l.Release()
	s.Failed(conn.Failure{Err: errPurpose, At: time.Now()})
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond)
	defer cancel()
	_, err := s.Acquire(ctx)
	var a *conn.AcquireError
	if !errors.As(err, &a) || !errors.Is(err, context.DeadlineExceeded) || !errors.Is(err, errPurpose) || a.Permanent() {
		t.Fatalf("got %v", err)
	}
	for _, want := range []string{`pool "default"`, "1 of at most 1 backends open, 1 leased, 0 idle", "last connect failure", "on purpose"} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("%q is not in: %v", want, err)
		}
	}
}

func TestCheckoutAllocatesNothing(t *testing.T) {
	s, _, _, _ := slots(t, 2, nil)
	ctx := t.Context()
	if n := testing.AllocsPerRun(1000, func() {
		l, err := s.Acquire(ctx)
		if err != nil {
			t.Error(err)
		}
		l.Release()
	}); n != 0 {
		t.Errorf("%v allocations a checkout", n)
	}
}

func TestAKilledBackendIsSeenByAPeek(t *testing.T) {
	s, k, _, _ := slots(t, 1, nil)
	l, b := acquire(t, s)
	if cause := b.Peek(); cause != messages.None {
		t.Errorf("a healthy one: %v", cause)
	}
	if _, err := b.Conn().Exec(t.Context(), "select pg_terminate_backend(pg_backend_pid())"); err == nil {
		t.Error("it survived")
	}
	if l.Check() {
		t.Error("it passes for healthy")
	}
	if got := k.causes(); len(got) != 1 {
		t.Errorf("causes %v", got)
	}
}

// After a slow write pgx has a goroutine read from the socket until the server
// speaks. A look at the socket must not wait for that.
func TestAPeekDoesNotWaitForAnotherReader(t *testing.T) {
	s, _, _, _ := slots(t, 1, nil)
	l, b := acquire(t, s)
	defer l.Release()
	socket := b.Conn().PgConn().Conn()
	read := make(chan struct{})
	go func() {
		defer close(read)
		_, _ = socket.Read(make([]byte, 1)) // until its deadline
	}()
	for range 1000 { // with the reader there, at some point
		if cause := b.Peek(); cause != messages.None {
			t.Fatalf("got %v", cause)
		}
		runtime.Gosched()
	}
	if err := socket.SetReadDeadline(time.Now()); err != nil {
		t.Fatal(err)
	}
	<-read
	if err := socket.SetReadDeadline(time.Time{}); err != nil {
		t.Fatal(err)
	}
}

func TestEveryLeaseIsCountedHoweverItWasGranted(t *testing.T) {
	s, _, _, _ := slots(t, 2, nil)
	const goroutines, each = 8, 100
	var wg sync.WaitGroup
	for range goroutines {
		wg.Go(func() {
			for range each {
				l, err := s.Acquire(t.Context())
				if err != nil {
					t.Error(err)
					return
				}
				runtime.Gosched()
				l.Release()
			}
		})
	}
	wg.Wait()
	if st := s.Stats(); st.Acquired != goroutines*each || st.Waits > st.Acquired {
		t.Errorf("%d leases are counted as %d, %d of them waited for", goroutines*each, st.Acquired, st.Waits)
	}
}

func TestAReleaseThatComesOnceIsNoMisuseHoweverTheLeaseEnded(t *testing.T) {
	for name, end := range map[string]func(*conn.Slots, conn.Lease){
		"revoked":         func(s *conn.Slots, _ conn.Lease) { s.Revoke(0) },
		"revoked by name": func(s *conn.Slots, l conn.Lease) { s.RevokeLease(l.Identity()) },
		"destroyed":       func(_ *conn.Slots, l conn.Lease) { l.Destroy(errPurpose) },
	} {
		t.Run(name, func(t *testing.T) {
			s, k, _, _ := slots(t, 1, nil)
			l, _ := acquire(t, s)
			b := s.Backend(0)
			end(s, l)
			l.Release()
			if k.stale != 0 {
				t.Error("released once, and reported")
			}
			l.Release()
			if k.stale != 1 {
				t.Errorf("released twice, and reported %d times", k.stale)
			}
			if name != "destroyed" {
				b.Close(context.Background())
				s.Vacate(0)
			}
		})
	}
}

func TestWhatWasCondemnedIsNotLentAnyMore(t *testing.T) {
	s, k, d, _ := slots(t, 4, nil)
	held, _ := acquire(t, s)
	generation := s.Generation()
	s.CondemnAll(messages.Invalidated)
	if l, ok := s.TryAcquire(); ok {
		t.Errorf("lent: %v", l)
	}
	held.Release()
	if got := k.causes(); len(got) != 4 || slices.ContainsFunc(got, func(c messages.Cause) bool { return c != messages.Invalidated }) {
		t.Errorf("causes: %v", got)
	}
	b, err := d.Dial(t.Context(), 2)
	if err != nil {
		t.Fatal(err)
	}
	if s.Install(0, b, generation) {
		t.Error("what was dialed before is lent")
	}
	b.Close(t.Context())
	s.Vacate(0)
}
