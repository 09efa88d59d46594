package testkit_test

import (
	"context"
	"fmt"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/unoactor/unoactor/testkit"
)

// observed is a test that only notes how it went, to test what fails tests.
type observed struct {
	testing.TB
	failures []string
	cleanups []func()
}

func (o *observed) Helper()          {}
func (o *observed) Failed() bool     { return len(o.failures) > 0 }
func (o *observed) Cleanup(f func()) { o.cleanups = append(o.cleanups, f) }
func (o *observed) Errorf(format string, arguments ...any) {
	o.failures = append(o.failures, fmt.Sprintf(format, arguments...))
}

func (o *observed) end() {
	for i := len(o.cleanups) - 1; i >= 0; i-- {
		o.cleanups[i]()
	}
}

func TestALeakedGoroutineFailsTheTest(t *testing.T) {
	clean := &observed{TB: t}
	testkit.CheckGoroutines(clean)
	clean.end()
	if clean.Failed() {
		t.Errorf("nothing leaked: %v", clean.failures)
	}
	leaky := &observed{TB: t}
	testkit.CheckGoroutines(leaky)
	release := make(chan struct{})
	go func() { <-release }()
	leaky.end()
	close(release)
	if len(leaky.failures) != 1 || !strings.Contains(leaky.failures[0], "TestALeakedGoroutineFailsTheTest") {
		t.Errorf("got %v", leaky.failures)
	}
}

func TestABackendThatStaysFailsTheTestWithItsRow(t *testing.T) {
	s, database := testkit.Shared(t)
	conn, err := pgx.Connect(t.Context(), s.URL(database)+"&application_name=it's%20left")
	must(t, err)
	watched := &observed{TB: t}
	testkit.CheckNoBackends(watched, s, "somebody else")
	if watched.Failed() {
		t.Errorf("nobody is left: %v", watched.failures)
	}
	testkit.CheckNoBackends(watched, s, "it's left")
	if len(watched.failures) != 1 || !strings.Contains(watched.failures[0], fmt.Sprintf("pid %d ", conn.PgConn().PID())) {
		t.Errorf("got %v", watched.failures)
	}
	must(t, conn.Close(context.Background()))
	testkit.CheckNoBackends(t, s, "it's left")
}

type leases struct{ left atomic.Int64 }

func (l *leases) Leased() int { return int(l.left.Load()) }

func TestLeasesThatComeBackSoonAreFineAndOthersAreCounted(t *testing.T) {
	var pool leases
	pool.left.Store(2)
	go func() {
		runtime.Gosched()
		pool.left.Store(0)
	}()
	testkit.CheckNoLeases(t, &pool)
	pool.left.Store(3)
	watched := &observed{TB: t}
	testkit.CheckNoLeases(watched, &pool)
	if len(watched.failures) != 1 || !strings.Contains(watched.failures[0], "3 leases") {
		t.Errorf("got %v", watched.failures)
	}
}
