package supervisor_test

import (
	"context"
	"testing"
	"time"

	"github.com/unoactor/unoactor/config"
	"github.com/unoactor/unoactor/supervisor"
	"github.com/unoactor/unoactor/testkit"
)

// Warming up and clearing what is idle disturb nobody who has a lease or wants
// one, whatever else happens.
func TestScenario26_WarmUpAndClearIdleUnderLoad(t *testing.T) {
	server, database := testkit.Shared(t)
	sys, p := bStart(t, server, database, supervisor.Options{}, func(_ *config.Node, p *config.Pool) { p.Size, p.MaxOverflow = 8, 2 })
	held, b := bLease(t, p)
	most := bWatch(t, server, database)
	load := bLoad(t, p, 3, 0)
	cleared := 0
	for range 15 {
		if err := p.WarmUp(t.Context(), 8); err != nil {
			t.Fatal(err)
		}
		n, err := p.ClearIdle(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		cleared += n
	}
	load()
	if n := most(); n > 10 || cleared == 0 {
		t.Errorf("at most %d backends, %d cleared", n, cleared)
	}
	bExec(t, b, "select 1")

	if err := p.WarmUp(t.Context(), 8); err != nil {
		t.Error(err)
	}
	bSame(t, server, database, p)
	if st := p.Stats(); st.Size != 8 || st.Used != 1 {
		t.Errorf("warm: %+v", st)
	}
	if n, err := p.ClearIdle(t.Context()); n != 7 || err != nil {
		t.Errorf("cleared %d, %v", n, err)
	}
	backends, err := server.Backends(t.Context(), bOurs(database))
	if err != nil || len(backends) != 1 || backends[0].PID != b.PID() {
		t.Errorf("left are %v, %v", backends, err)
	}
	held.Release()
	testkit.CheckNoLeases(t, p)
	bClose(t, sys)
	testkit.CheckNoBackends(t, server, database)
}

// What cannot be opened is told, with the cause.
func TestScenario26_WarmUpWithoutAServer(t *testing.T) {
	server, database := testkit.Shared(t)
	proxy := testkit.NewProxy(t, server.Addr())
	if err := proxy.Refuse(); err != nil {
		t.Fatal(err)
	}
	_, p := bStart(t, server, database, supervisor.Options{}, func(n *config.Node, p *config.Pool) { n.Port, p.Size = uint16(proxy.Port()), 4 })
	ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
	defer cancel()
	if err := p.WarmUp(ctx, 4); err == nil {
		t.Error("it is warm without a server")
	}
	if err := proxy.Pass(); err != nil {
		t.Fatal(err)
	}
	if err := p.WarmUp(t.Context(), 3); err != nil || p.Stats().Idle < 3 {
		t.Errorf("with a server: %v, %+v", err, p.Stats())
	}
	if n, err := p.ClearIdle(t.Context()); err != nil || n < 3 {
		t.Errorf("cleared %d, %v", n, err)
	}
	if err := p.WarmUp(t.Context(), 5); err == nil || p.Stats().Size > 4 {
		t.Errorf("beyond the hard limit: %v, %+v", err, p.Stats())
	}
	testkit.CheckNoLeases(t, p)
}

// Up to the hard limit, what an operator warms up before a rush is there when the
// rush comes.
func TestScenario26_WhatIsWarmedUpStays(t *testing.T) {
	bBubble(t, &bServer{}, func(_ *config.Node, p *config.Pool) { p.Size, p.MaxOverflow = 4, 4 }, func(t *testing.T, _ *supervisor.System, p *supervisor.Pool) {
		for _, n := range []int{3, 4, 8} {
			ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
			defer cancel()
			if err := p.WarmUp(ctx, n); err != nil {
				t.Error(err)
			}
			time.Sleep(time.Minute) //nolint:forbidigo // in a bubble, this is how time passes
			if st := p.Stats(); st.Size != n {
				t.Errorf("a minute after a warm up to %d: %+v", n, st)
			}
		}
	})
}
