package gateway_test

import (
	"net"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgproto3"

	"github.com/unoactor/unoactor/config"
	"github.com/unoactor/unoactor/internal/gateway"
	"github.com/unoactor/unoactor/testkit"
)

func TestAClientThatGoesBeforeItIsGreetedIsForgotten(t *testing.T) {
	server, database := testkit.Shared(t)
	w := start(t, server, database, func(p *config.Pool, _ *config.Gateway) { p.Size = 1 })
	holder := w.login(t)
	holder.query("begin")
	holder.query("select 1")
	r := w.dial(t)
	r.send(&pgproto3.StartupMessage{ProtocolVersion: pgproto3.ProtocolVersion30,
		Parameters: map[string]string{"user": "dev", "database": "default", "DateStyle": "german"}}) // which a server has to be asked about
	w.waits(t, 1)
	if err := r.conn.(*net.TCPConn).SetLinger(0); err != nil {
		t.Fatal(err)
	}
	_ = r.conn.Close()
	holder.query("commit")
	_ = holder.conn.Close()
	w.quiet(t)
	for began := time.Now(); w.gateway.Known() > 0; {
		if time.Since(began) > patience/4 {
			t.Fatalf("%d are still known", w.gateway.Known())
		}
		<-time.After(5 * time.Millisecond)
	}
}

// waits waits until so many stand in the pool's queue.
func (w world) waits(t testing.TB, n int) {
	t.Helper()
	for began := time.Now(); w.tree.Snapshot().Pools[0].Stats.Waiting != n; {
		if time.Since(began) > patience {
			t.Fatalf("%d wait", w.tree.Snapshot().Pools[0].Stats.Waiting)
		}
		<-time.After(5 * time.Millisecond)
	}
}

func TestAFarewellWaitsNoLongerForWhoTakesNothingThanASecond(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	peer, err := net.Dial("tcp", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer peer.Close()
	nc, err := l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	defer nc.Close()
	for n := 1 << 20; n > 0; n /= 2 {
		_ = nc.SetWriteDeadline(time.Now().Add(50 * time.Millisecond))
		for err = nil; err == nil; {
			_, err = nc.Write(make([]byte, n))
		}
	}
	began := time.Now()
	gateway.SayGoodbye(nc, patience/2)
	if d := time.Since(began); d > patience/4 {
		t.Errorf("it took %v", d)
	}
}
