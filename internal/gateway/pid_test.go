package gateway_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/unoactor/unoactor/config"
	"github.com/unoactor/unoactor/testkit"
)

func TestInSessionModeAClientIsToldThePidOfItsBackend(t *testing.T) {
	server, database := testkit.Shared(t)
	w := start(t, server, database, func(p *config.Pool, _ *config.Gateway) { p.Mode, p.Size = config.Session, 2 })
	a, b := w.login(t), w.login(t, "TimeZone", "Asia/Tokyo")
	for _, r := range []*raw{a, b} {
		r.expect("select pg_backend_pid()", fmt.Sprint(r.pid))
	}
	b.expect("show timezone", "Asia/Tokyo")
	a.query("listen news")
	a.query("notify news")
	a.expect("select count(*) from pg_stat_activity where pid = "+fmt.Sprint(b.pid), "1")

	b.send(q("select pg_sleep(600)"))
	w.until(t, "it runs", fmt.Sprintf("select count(*) from pg_stat_activity where pid = %d and state = 'active'", b.pid), "1")
	w.cancel(t, b.pid, []byte("none"))
	w.cancel(t, b.pid, b.secret)
	if got := b.hear(1); got != "E:57014 Z:I" && got != "T E:57014 Z:I" {
		t.Errorf("cancelled: %s", got)
	}

	waits := w.login(t) // no backend is left for it
	if waits.pid <= 1<<22 {
		t.Errorf("it is told pid %d, which may be a process", waits.pid)
	}
	waits.send(q("select 'served'"))
	a.expect(fmt.Sprintf("select pg_terminate_backend(%d)", b.pid), "t")
	if got := b.query("select 1"); !strings.HasPrefix(got, "FATAL:") {
		t.Errorf("terminated: %s", got)
	}
	_ = b.conn.Close()
	if got := waits.hear(1); got != "T D:served C:SELECT_1 Z:I" {
		t.Error(got)
	}
}

func TestASessionWhoseBackendIsLostBeforeItsFirstRequestGetsAnother(t *testing.T) {
	server, database := testkit.Shared(t)
	w := start(t, server, database, func(p *config.Pool, _ *config.Gateway) { p.Mode, p.Size = config.Session, 2 })
	r := w.login(t)
	if _, err := server.TerminateBackends(t.Context(), fmt.Sprintf("pid = %d", r.pid)); err != nil {
		t.Fatal(err)
	}
	w.until(t, "it is gone", fmt.Sprintf("select count(*) from pg_stat_activity where pid = %d", r.pid), "0")
	r.expect("select 'served'", "served")
	_ = r.conn.Close()
	w.quiet(t)
}

func TestInTransactionModeThePidIsThatOfNoProcess(t *testing.T) {
	server, database := testkit.Shared(t)
	w := start(t, server, database, nil)
	for range 20 {
		if r := w.login(t); r.pid <= 1<<22 || r.pid >= 1<<31 {
			t.Errorf("pid %d", r.pid)
		}
	}
}
