package gateway_test

import (
	"strings"
	"testing"

	"github.com/jackc/pgx/v5/pgproto3"

	"github.com/unoactor/unoactor/config"
	"github.com/unoactor/unoactor/testkit"
)

// refused is the error that comes next.
func (r *raw) refused() *pgproto3.ErrorResponse {
	r.Helper()
	for {
		m, err := r.frontend.Receive()
		if err != nil {
			r.Fatal(err)
		}
		if e, ok := m.(*pgproto3.ErrorResponse); ok {
			copied := *e
			return &copied
		}
	}
}

func TestWhoeverUsesNamedStatementsIsToldWhatToSetInItsDriver(t *testing.T) {
	server, database := testkit.Shared(t)
	w := start(t, server, database, nil)
	for name, hint := range map[string]string{
		"S_1": "autosave", "__asyncpg_stmt_1__": "cursors", "_pg3_0": "prepare_threshold", "stmtcache_ab12": "default_query_exec_mode", "_p1": "Max Auto Prepare",
		"_auto0": "Max Auto Prepare", "pdo_stmt_00000001": "ATTR_EMULATE_PREPARES", "a1": "prepared_statements", "s0": "query_typed", "sqlx_s_1": "statement_cache_capacity",
		"mine": "prepareThreshold", "a": "node-postgres", "S_x": "node-postgres", "add_user": "node-postgres",
	} {
		r := w.login(t)
		r.send(parse("select 'unnamed'"), &pgproto3.Parse{Name: name, Query: "select 1"}, sync)
		e := r.refused()
		if e.Code != "0A000" || !strings.Contains(e.Hint, hint) || !strings.Contains(e.Hint, `mode = "session"`) || e.Detail == "" {
			t.Errorf("%s: %+v", name, e)
		}
		r.hear(1)
		r.send(bind(), execute(0), sync)
		if got := r.hear(1); got != "BindComplete D:unnamed C:SELECT_1 Z:I" {
			t.Errorf("%s, and the unnamed statement of before: %s", name, got)
		}
		_ = r.conn.Close()
	}
}

func TestReplicationConnectionsAreSentToTheServer(t *testing.T) {
	server, database := testkit.Shared(t)
	for _, mode := range []config.Mode{config.Transaction, config.Session} {
		w := start(t, server, database, func(p *config.Pool, _ *config.Gateway) { p.Mode = mode })
		for value, code := range map[string]string{
			"true": "0A000", "on": "0A000", "yes": "0A000", "1": "0A000", "database": "0A000", "TRUE": "0A000", "t": "0A000", "Y": "0A000",
			"false": "", "off": "", "no": "", "0": "", "F": "", "OFF": "", "n": "",
			"": "22023", "o": "22023", "2": "22023", "Database": "22023", "physical": "22023",
		} {
			for _, database := range []string{"replication", "default"} {
				r := w.dial(t)
				r.send(&pgproto3.StartupMessage{ProtocolVersion: pgproto3.ProtocolVersion30,
					Parameters: map[string]string{"user": "dev", "database": database, "replication": value}})
				if code == "" {
					if got := r.hear(1); !strings.HasSuffix(got, "Z:I") {
						t.Errorf("replication=%s: %s", value, got)
					}
					_ = r.conn.Close()
					continue
				}
				e := r.refused()
				if e.Severity != "FATAL" || e.Code != code || e.Hint == "" || code == "0A000" && !strings.Contains(e.Hint, "directly") {
					t.Errorf("replication=%s, database %s: %+v", value, database, e)
				}
			}
		}
	}
}
