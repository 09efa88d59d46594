package gateway_test

import (
	"context"
	"strings"
	"testing"

	"github.com/unoactor/unoactor/config"
	"github.com/unoactor/unoactor/testkit"
)

// Nothing was sent to a backend that its server ended while it was idle, so what a
// client sends next, a write too, is another backend's to answer.
func TestNoClientIsLentABackendThatTheServerEndedWhileItWasIdle(t *testing.T) {
	for name, goodbye := range map[string]func(context.Context, *testkit.Server, string) error{
		"terminated": func(ctx context.Context, server *testkit.Server, database string) error {
			_, err := server.TerminateBackends(ctx, "datname = '"+database+"'")
			return err
		},
		"its database dropped and made again": func(ctx context.Context, server *testkit.Server, database string) error {
			for _, sql := range []string{"drop database " + database + " with (force)", "create database " + database} {
				if err := server.Exec(ctx, "postgres", sql); err != nil {
					return err
				}
			}
			return nil
		},
	} {
		for _, mode := range []config.Mode{config.Transaction, config.Session} {
			t.Run(name+", "+string(mode)+" mode", func(t *testing.T) {
				t.Parallel()
				server, database := testkit.Shared(t)
				w := start(t, server, database, func(p *config.Pool, _ *config.Gateway) { p.Mode = mode })
				for range 15 {
					for range 3 {
						warm := w.login(t)
						warm.expect("select 'warm'", "warm")
						_ = warm.conn.Close()
					}
					if err := goodbye(t.Context(), server, database); err != nil {
						t.Fatal(err)
					}
					fresh := w.login(t)
					got := fresh.query("create temp table written (a int)")
					for strings.HasPrefix(got, "E:3D000") { // the answer to an attempt to connect while there was no such database
						got = fresh.query("create temp table written (a int)")
					}
					if !strings.HasPrefix(got, "C:CREATE_TABLE") {
						t.Fatal(got)
					}
					_ = fresh.conn.Close()
				}
			})
		}
	}
}
