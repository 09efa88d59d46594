package gateway_test

import (
	"context"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/unoactor/unoactor/config"
	"github.com/unoactor/unoactor/testkit"
)

// What a client may be at when its server stops to answer.
var frozen = map[string]func(*raw){
	"in a query":       func(r *raw) { r.send(q("select pg_sleep(600)")) },
	"in a batch":       func(r *raw) { r.send(parse("select pg_sleep(600)"), bind(), execute(0), flush) },
	"in a transaction": func(r *raw) { r.query("begin") },
	"with state":       func(r *raw) { r.query("set work_mem = '1MB'") }, // which is discarded
	"in COPY IN": func(r *raw) {
		r.query("create temp table x (a text)")
		r.send(q("copy x from stdin"))
		r.hearUntil(is("CopyInResponse"))
	},
}

func TestTheSlotsOfAFrozenServerComeBackWhenTheirClientsHaveGone(t *testing.T) {
	server := testkit.Postgres(t)
	w := start(t, server, "postgres", func(p *config.Pool, _ *config.Gateway) { p.Size = 8 })
	var clients []*raw
	for _, does := range frozen {
		r := w.login(t)
		does(r)
		clients = append(clients, r)
	}
	copies := w.login(t) // and is in the middle of sending, when nobody reads any more
	copies.query("create temp table x (a text)")
	copies.send(q("copy x from stdin"))
	copies.hearUntil(is("CopyInResponse"))
	w.until(t, "all are served", "select count(*) from pg_stat_activity where application_name = 'unoactor'", "6")
	if err := server.Freeze(); err != nil {
		t.Fatal(err)
	}
	defer server.Thaw()
	row := append([]byte{'d', 0, 0, 0x10, 4}, strings.Repeat("x", 4095)+"\n"...)
	_ = copies.conn.SetWriteDeadline(time.Now().Add(time.Second))
	for err := error(nil); err == nil; {
		_, err = copies.conn.Write(row)
	}
	// With a FIN the client's kernel would wait until what it sent before is read.
	if err := copies.conn.(*net.TCPConn).SetLinger(0); err != nil {
		t.Error(err)
	}
	for _, r := range append(clients, copies) {
		_ = r.conn.Close()
	}
	began := time.Now()
	for {
		s := w.tree.Snapshot().Pools[0].Stats
		if s.Used == 0 && s.Busy == 0 && w.gateway.Stats().Clients == 0 {
			break
		}
		if time.Since(began) > patience {
			t.Fatalf("after %v: %+v, %+v", patience, s, w.gateway.Stats())
		}
		<-time.After(10 * time.Millisecond)
	}
	t.Logf("all are back after %v", time.Since(began))
}

func TestAShutdownEndsThoughTheServerIsFrozen(t *testing.T) {
	server := testkit.Postgres(t)
	w := start(t, server, "postgres", func(p *config.Pool, _ *config.Gateway) { p.Size = 8 })
	for _, does := range frozen {
		does(w.login(t))
	}
	w.until(t, "all are served", "select count(*) from pg_stat_activity where application_name = 'unoactor'", "5")
	if err := server.Freeze(); err != nil {
		t.Fatal(err)
	}
	defer server.Thaw()
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	began := time.Now()
	if err := w.gateway.Shutdown(ctx); err != nil {
		t.Error(err)
	}
	if d := time.Since(began); d > patience/2 {
		t.Errorf("it took %v", d)
	}
}
