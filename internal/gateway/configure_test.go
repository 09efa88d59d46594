package gateway_test

import (
	"net"
	"net/url"
	"strings"
	stdsync "sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/unoactor/unoactor/config"
	"github.com/unoactor/unoactor/testkit"
)

func TestAConfigurationIsReplacedWholeOrNotAtAll(t *testing.T) {
	server, database := testkit.Shared(t)
	w := start(t, server, database, func(_ *config.Pool, g *config.Gateway) {
		g.Auth, g.Users = config.SCRAM, []config.User{{Name: "ann", Password: "old"}}
	})
	connect := func(password string) (*pgx.Conn, error) {
		return pgx.Connect(t.Context(), "postgres://"+url.UserPassword("ann", password).String()+"@"+net.JoinHostPort(w.host, w.port)+"/default?sslmode=disable")
	}
	inside, err := connect("old")
	if err != nil {
		t.Fatal(err)
	}
	defer inside.Close(t.Context())
	ask := func(sql string) error {
		_, err := inside.Exec(t.Context(), sql, pgx.QueryExecModeSimpleProtocol)
		return err
	}
	g := w.tree.Topology().Gateway

	wrong := g
	wrong.Users, wrong.Listen = []config.User{{Name: "ann", Password: "new"}}, []string{"127.0.0.1:1"}
	if err := w.gateway.Configure(wrong); err == nil || !strings.Contains(err.Error(), "listen") {
		t.Errorf("another address to listen on: %v", err)
	}
	wrong = g
	wrong.Users = nil
	if err := w.gateway.Configure(wrong); err == nil || !strings.Contains(err.Error(), "nobody could log in") {
		t.Errorf("no users: %v", err)
	}
	if c, err := connect("old"); err != nil {
		t.Errorf("what was refused has changed something: %v", err)
	} else {
		_ = c.Close(t.Context())
	}

	g.Users = []config.User{{Name: "ann", Password: "new"}}
	g.MaxMessage, g.MaxClients = 1000, 1
	if err := w.gateway.Configure(g); err != nil {
		t.Fatal(err)
	}
	if _, err := connect("old"); err == nil || !strings.Contains(err.Error(), "28P01") {
		t.Errorf("the old password: %v", err)
	}
	if _, err := connect("new"); err == nil || !strings.Contains(err.Error(), "53300") {
		t.Errorf("a second client: %v", err)
	}
	if err := ask("select 1"); err != nil {
		t.Errorf("who is in was sent away: %v", err)
	}
	if err := ask("select '" + strings.Repeat("x", 2000) + "'"); err == nil || !strings.Contains(err.Error(), "54000") {
		t.Errorf("a long message: %v", err)
	}
}

func TestAClientThatListensTakesUpAConfigurationToo(t *testing.T) {
	server, database := testkit.Shared(t)
	w := start(t, server, database, nil)
	r := w.login(t)
	r.query("listen news")
	g := w.tree.Topology().Gateway
	g.MaxMessage = 1000
	if err := w.gateway.Configure(g); err != nil {
		t.Fatal(err)
	}
	r.send(q("select '" + strings.Repeat("x", 2000) + "'"))
	if got := r.hearUntil(func(string) bool { return false }); got != "FATAL:54000 EOF" {
		t.Error(got)
	}
}

func TestAConfigurationIsReplacedWhileClientsAreServed(t *testing.T) {
	server, database := testkit.Shared(t)
	w := start(t, server, database, nil)
	g := w.tree.Topology().Gateway
	var clients stdsync.WaitGroup
	for i := range 4 {
		r := w.login(t)
		if i%2 == 0 {
			r.query("listen news") // both its sides may speak at any time
		}
		clients.Go(func() {
			for range 200 {
				if got := r.query("select 1"); got != "T D:1 C:SELECT_1 Z:I" {
					t.Errorf("%s", got)
					return
				}
			}
			_ = r.conn.Close()
		})
	}
	for i := range 200 {
		g.WriteTimeout, g.IdleTimeout = time.Minute+time.Duration(i), time.Hour+time.Duration(i)
		if err := w.gateway.Configure(g); err != nil {
			t.Error(err)
		}
	}
	clients.Wait()
}
