package testkit

import (
	"context"
	"slices"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"
)

// closeLimit bounds how long the server may take to notice what a test has closed.
const closeLimit = 5 * time.Second

// ownGoroutines are goroutines that live as long as a server of the kit, which
// tests may share.
var ownGoroutines = []goleak.Option{
	goleak.IgnoreAnyFunction("github.com/unoactor/unoactor/testkit.(*postmaster).collect"),
}

func leakedGoroutines(known ...goleak.Option) error {
	return goleak.Find(slices.Concat(ownGoroutines, known)...)
}

// CheckGoroutines fails the test if, at its end, goroutines are left that did
// not run when it was called. Call it first, so that it looks when every other
// cleanup has run, and not in parallel tests, which see each other's goroutines.
func CheckGoroutines(t testing.TB) {
	t.Helper()
	before := goleak.IgnoreCurrent()
	t.Cleanup(func() {
		if t.Failed() {
			return // the failure left them, and matters more
		}
		if err := goleak.Find(append([]goleak.Option{before}, ownGoroutines...)...); err != nil {
			t.Errorf("testkit: goroutines left by the test: %v", err)
		}
	})
}

// CheckNoBackends waits until the server has no client backend of that
// application_name any more ("" means no client backend at all), and fails the
// test with the rows that are left after five seconds.
func CheckNoBackends(t testing.TB, s *Server, application string) {
	t.Helper()
	where := ""
	if application != "" {
		where = "application_name = " + quoteLiteral(application)
	}
	var rows []BackendInfo
	clean := eventually(t, func(ctx context.Context) bool {
		var err error
		if rows, err = s.Backends(ctx, where); err != nil {
			t.Errorf("testkit: %v", err)
			return true
		}
		return len(rows) == 0
	})
	if !clean {
		lines := make([]string, len(rows))
		for i, row := range rows {
			lines[i] = row.String()
		}
		t.Errorf("testkit: %d backends left on the server:\n%s", len(rows), strings.Join(lines, "\n"))
	}
}

// CheckNoLeases waits until no lease is out, and fails the test with the number
// that is left after five seconds.
func CheckNoLeases(t testing.TB, pool interface{ Leased() int }) {
	t.Helper()
	if !eventually(t, func(context.Context) bool { return pool.Leased() == 0 }) {
		t.Errorf("testkit: %d leases left", pool.Leased())
	}
}

// eventually asks, ever less often, until the answer is yes or the limit is
// reached. It works in cleanups too, where the test's context has ended.
func eventually(t testing.TB, ask func(context.Context) bool) bool {
	t.Helper()
	// The last question may still take its time.
	ctx, cancel := context.WithTimeout(context.Background(), 2*closeLimit)
	defer cancel()
	pause := 5 * time.Millisecond
	for deadline := time.Now().Add(closeLimit); ; pause = min(2*pause, 200*time.Millisecond) {
		if ask(ctx) {
			return true
		}
		if time.Now().After(deadline) {
			return false
		}
		<-time.After(pause)
	}
}
