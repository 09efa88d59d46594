package gateway_test

import (
	"context"
	"io"
	"net"
	"testing"
	"time"

	"github.com/hashicorp/go-hclog"

	"github.com/unoactor/unoactor/internal/gateway"
	"github.com/unoactor/unoactor/testkit"
)

// faulty is a router to pools that have a bug.
type faulty struct{ router }

func (f faulty) Route(database, user string) (gateway.Pool, error) {
	p, err := f.router.Route(database, user)
	return faultyPool{p}, err
}

type faultyPool struct{ gateway.Pool }

func (faultyPool) WriteRefused() { panic("a bug") }

func TestABugThatOneClientMeetsEndsThatClient(t *testing.T) {
	server, database := testkit.Shared(t)
	w := start(t, server, database, nil)
	gw, err := gateway.New(gateway.Options{Config: w.tree.Topology().Gateway, Router: faulty{router{w.tree}},
		Log: hclog.New(&hclog.LoggerOptions{Output: io.Discard})})
	if err == nil {
		err = gw.Listen()
	}
	if err != nil {
		t.Fatal(err)
	}
	served := make(chan error, 1)
	go func() { served <- gw.Serve() }()
	w.gateway = gw
	if w.host, w.port, err = net.SplitHostPort(gw.Addr().String()); err != nil {
		t.Fatal(err)
	}
	refused := q("begin read only; create table x ()")
	for name, does := range map[string]func(*raw){
		"in turns": func(r *raw) { r.send(refused) },
		"in both directions at once": func(r *raw) {
			r.query("listen news")
			r.send(refused)
		},
		"in a batch": func(r *raw) {
			r.query("begin read only")
			r.send(parse("create table x ()"), bind(), execute(0), flush)
		},
	} {
		r := w.login(t)
		does(r)
		if got := r.hearUntil(func(string) bool { return false }); got != "EOF" {
			t.Errorf("%s: %s", name, got)
		}
	}
	w.quiet(t)
	ctx, cancel := context.WithTimeout(t.Context(), patience/4)
	defer cancel()
	began := time.Now()
	if err := gw.Shutdown(ctx); err != nil {
		t.Error(err)
	}
	if d := time.Since(began); d > patience/4 {
		t.Errorf("the shutdown took %v", d)
	}
	if err := <-served; err != nil {
		t.Error(err)
	}
}
