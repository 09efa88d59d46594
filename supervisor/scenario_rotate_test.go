package supervisor_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/unoactor/unoactor/config"
	"github.com/unoactor/unoactor/conn"
	"github.com/unoactor/unoactor/supervisor"
	"github.com/unoactor/unoactor/testkit"
)

const oldSecret, wrongSecret, newSecret = "old-secret-7", "wrong-secret-8", "new-secret-9"

// bGuarded starts a server that asks for passwords, and a pool of the role app.
func bGuarded(t *testing.T, log *bLog, change func(*config.Node, *config.Pool)) (*testkit.Server, *supervisor.System, *supervisor.Pool) {
	t.Helper()
	server := testkit.Postgres(t, testkit.ServerOptions{Auth: testkit.AuthSCRAM, Password: "root-secret",
		Roles: []testkit.Role{{Name: "app", Password: oldSecret}, {Name: "app2", Password: newSecret}}})
	sys, p := bStart(t, server, "postgres", supervisor.Options{Log: log.logger()}, func(n *config.Node, p *config.Pool) {
		p.User, p.Password = "app", oldSecret
		change(n, p)
	})
	return server, sys, p
}

func pids(p *supervisor.Pool) map[uint32]bool {
	all := make(map[uint32]bool)
	for _, s := range p.Snapshot().Slots {
		if s.PID != 0 {
			all[s.PID] = true
		}
	}
	return all
}

func noSecrets(t *testing.T, log *bLog, err error) {
	t.Helper()
	for _, secret := range []string{oldSecret, wrongSecret, newSecret} {
		if log.has(secret) || (err != nil && strings.Contains(err.Error(), secret)) {
			t.Errorf("%s is told in the log or in %v", secret, err)
		}
	}
}

// Credentials are tried on one backend before any other is touched. Bad ones
// change nothing; good ones are taken up by all, a few at a time, and nobody
// notices.
func TestScenario27_ARotationIsProvenThenRolled(t *testing.T) {
	log := &bLog{}
	server, sys, p := bGuarded(t, log, func(_ *config.Node, p *config.Pool) { p.Size, p.MaxOverflow, p.MinIdle = 8, 2, 8 })
	if err := p.WarmUp(t.Context(), 8); err != nil {
		t.Fatal(err)
	}
	load := bLoad(t, p, 3, 0)
	before := pids(p)
	most := bWatch(t, server, "postgres")

	err := p.Rotate(t.Context(), "", wrongSecret)
	if !errors.Is(err, supervisor.ErrRotation) || !testkit.IsSQLState(err, "28P01") {
		t.Errorf("a bad password: %v", err)
	}
	noSecrets(t, log, err)
	for pid := range before {
		if !pids(p)[pid] {
			t.Errorf("backend %d was replaced for a bad password", pid)
		}
	}
	if !sys.Snapshot().Nodes[0].Up || p.Snapshot().Restarts != 0 {
		t.Errorf("a bad password counts: %+v", sys.Snapshot().Nodes[0])
	}
	if n, err := p.ClearIdle(t.Context()); n == 0 || err != nil { // the old ones still open the door
		t.Errorf("%d cleared, %v", n, err)
	}
	eventually(t, "they are opened again, with the old password", func() bool { return p.Stats().Size == 8 })

	if err := server.Exec(t.Context(), "", "alter role app password '"+newSecret+"'"); err != nil {
		t.Fatal(err)
	}
	before = pids(p)
	if err := p.Rotate(t.Context(), "", newSecret); err != nil {
		t.Fatal(err)
	}
	eventually(t, "all are replaced", func() bool { return isDisjoint(before, pids(p)) && p.Stats().Size >= 8 })
	load()
	if n := most(); n > 10 {
		t.Errorf("%d backends at once", n)
	}
	if p.Snapshot().Restarts != 0 {
		t.Errorf("%d were lost", p.Snapshot().Restarts)
	}
	bSame(t, server, "postgres", p)
	noSecrets(t, log, nil)
	testkit.CheckNoLeases(t, p)
}

func isDisjoint(a, b map[uint32]bool) bool {
	for k := range a {
		if b[k] {
			return false
		}
	}
	return true
}

// A lease that lasts keeps its backend, and does not keep the others from being
// replaced.
func TestScenario27_ARotationWhileALeaseLasts(t *testing.T) {
	_, _, p := bGuarded(t, &bLog{}, func(_ *config.Node, p *config.Pool) { p.Size, p.MaxOverflow, p.MinIdle = 4, 2, 4 })
	if err := p.WarmUp(t.Context(), 4); err != nil {
		t.Fatal(err)
	}
	held, b := bLease(t, p)
	defer held.Release()
	before := pids(p)
	delete(before, b.PID())
	if err := p.Rotate(t.Context(), "app2", newSecret); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 3*time.Second)
	defer cancel()
	for !isDisjoint(before, pids(p)) && ctx.Err() == nil {
		<-time.After(10 * time.Millisecond)
	}
	if !isDisjoint(before, pids(p)) {
		t.Errorf("of %v, these are there: %v", before, pids(p))
	}
	bExec(t, b, "select 1")
	held.Release()
	eventually(t, "that one too is replaced", func() bool { return !pids(p)[b.PID()] })
	testkit.CheckNoLeases(t, p)
}

// A pool whose password is no longer good gets going again with the new one, and
// can change its user.
func TestScenario27_ARotationCuresAPoolThatIsDenied(t *testing.T) {
	log := &bLog{}
	server, _, p := bGuarded(t, log, func(n *config.Node, p *config.Pool) {
		n.BackoffMin, n.BackoffMax = 5*time.Second, 5*time.Second // which it must not wait for
		p.Size, p.MinIdle = 2, 2
	})
	if err := p.WarmUp(t.Context(), 2); err != nil {
		t.Fatal(err)
	}
	if err := server.Exec(t.Context(), "", "alter role app password '"+newSecret+"'"); err != nil {
		t.Fatal(err)
	}
	if _, err := server.TerminateBackends(t.Context(), bOurs("postgres")); err != nil {
		t.Fatal(err)
	}
	eventually(t, "it is denied", func() bool { _, err := query(t.Context(), p, "select 'x'"); return errors.Is(err, conn.ErrDenied) })
	if err := p.Rotate(t.Context(), "", wrongSecret); !errors.Is(err, supervisor.ErrRotation) {
		t.Errorf("from bad to bad: %v", err)
	}
	if err := p.Rotate(t.Context(), "", newSecret); err != nil {
		t.Fatal(err)
	}
	if who, err := query(t.Context(), p, "select current_user::text"); err != nil || who != "app" {
		t.Errorf("the first who comes after it: %q, %v", who, err)
	}
	eventually(t, "it serves", func() bool { _, err := query(t.Context(), p, "select 'x'"); return err == nil })
	if err := p.Rotate(t.Context(), "app2", newSecret); err != nil {
		t.Fatal(err)
	}
	eventually(t, "all are another's", func() bool {
		backends, err := server.Backends(t.Context(), bOurs("postgres")+" and usename = 'app2'")
		return err == nil && len(backends) == 2 && p.Stats().Idle == 2
	})
	if c := p.Config(); c.User != "app2" || string(c.Password) != newSecret {
		t.Errorf("configured is %s", c.User)
	}
	noSecrets(t, log, nil)
	testkit.CheckNoLeases(t, p)
}

// A full pool proves credentials on its reserve: nobody who has a lease loses it,
// and while the reserve is taken nothing is proven, so nothing changes.
func TestScenario27_ARotationOfAFullPool(t *testing.T) {
	log := &bLog{}
	server, _, p := bGuarded(t, log, func(_ *config.Node, p *config.Pool) { p.Size = 2 })
	leases := acquireAll(t, p, 2)
	before := pids(p)
	most := bWatch(t, server, "postgres")
	admin, err := p.AcquirePriority(t.Context(), conn.Admin)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	if err := p.Rotate(ctx, "app2", newSecret); !errors.Is(err, supervisor.ErrRotation) || !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("without room: %v", err)
	}
	if p.Config().User != "app" {
		t.Error("credentials that were not proven are configured")
	}
	admin.Release()
	if err := p.Rotate(t.Context(), "app2", wrongSecret); !errors.Is(err, supervisor.ErrRotation) || !testkit.IsSQLState(err, "28P01") {
		t.Errorf("bad ones: %v", err)
	}
	if err := p.Rotate(t.Context(), "app2", newSecret); err != nil {
		t.Error(err)
	}
	for _, l := range leases {
		b, err := l.Backend()
		if err != nil || !before[b.PID()] {
			t.Fatalf("a lease was touched: %v", err)
		}
		bExec(t, b, "select 1")
		l.Release()
	}
	eventually(t, "all are the other's", func() bool {
		who, err := query(t.Context(), p, "select current_user::text")
		backends, failed := server.Backends(t.Context(), bOurs("postgres")+" and usename = 'app'")
		return err == nil && failed == nil && who == "app2" && len(backends) == 0
	})
	if n := most(); n > 3 {
		t.Errorf("%d backends, of 2 and a reserve", n)
	}
	noSecrets(t, log, nil)
	testkit.CheckNoLeases(t, p)
}
