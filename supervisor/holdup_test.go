package supervisor_test

import (
	"errors"
	"testing"
	"time"

	"github.com/unoactor/unoactor/config"
	"github.com/unoactor/unoactor/conn"
	"github.com/unoactor/unoactor/supervisor"
	"github.com/unoactor/unoactor/testkit"
)

func TestWhatKeptAPoolFromConnectingIsTriedAgainSoonWhileSomebodyAsks(t *testing.T) {
	server, database := testkit.Shared(t)
	missing := database + "_later"
	_, p := bStart(t, server, database, supervisor.Options{}, func(n *config.Node, p *config.Pool) {
		n.BackoffMin, n.BackoffMax, p.Database = time.Hour, time.Hour, missing
	})
	if _, err := p.Acquire(t.Context()); !errors.Is(err, conn.ErrDenied) {
		t.Fatalf("of a database that is missing: %v", err)
	}
	if err := server.Exec(t.Context(), "postgres", "create database "+missing); err != nil {
		t.Fatal(err)
	}
	for deadline := time.Now().Add(30 * time.Second); ; {
		l, err := p.Acquire(t.Context())
		if err == nil {
			l.Release()
			return
		}
		if !errors.Is(err, conn.ErrDenied) || time.Now().After(deadline) {
			t.Fatal(err)
		}
		<-time.After(10 * time.Millisecond)
	}
}
