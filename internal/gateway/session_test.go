package gateway_test

import (
	"strings"
	"testing"

	"github.com/jackc/pgx/v5/pgproto3"

	"github.com/unoactor/unoactor/config"
	"github.com/unoactor/unoactor/testkit"
)

func one(p *config.Pool, _ *config.Gateway) { p.Size = 1 }

// expect asks a client and compares the first row.
func (r *raw) expect(sql, want string) {
	r.Helper()
	if got := r.query(sql); !strings.Contains(" "+got+" ", " D:"+want+" ") {
		r.Errorf("%s: %s, not %s", sql, got, want)
	}
}

func TestConformance22EachClientSeesItsOwnSettingsOnASharedBackend(t *testing.T) {
	server, database := testkit.Shared(t)
	w := start(t, server, database, one)
	a := w.login(t, "TimeZone", "Asia/Tokyo", "application_name", "first", "client_encoding", "latin1", "extra_float_digits", "-3", "search_path", "pg_catalog,x")
	b := w.login(t, "DateStyle", "German", "options", `-c statement_timeout=77s --intervalstyle=iso_8601`)
	if a.parameters["TimeZone"] != "Asia/Tokyo" || a.parameters["client_encoding"] != "LATIN1" || b.parameters["DateStyle"] != "German, DMY" {
		t.Errorf("told at login: %v, %v", a.parameters, b.parameters)
	}
	settings := "select current_setting('TimeZone'), current_setting('DateStyle'), current_setting('extra_float_digits'), current_setting('statement_timeout')"
	for range 2 {
		a.expect(settings, "Asia/Tokyo,ISO, MDY,-3,0")
		b.expect(settings, b.parameters["TimeZone"]+",German, DMY,1,77s")
		a.expect("show application_name", "first")
		a.expect("show search_path", "pg_catalog,x")
		b.expect("show intervalstyle", "iso_8601")
	}
	a.query("set timezone to 'Europe/Rome'")
	b.query("set application_name to 'it''s \\ second'")
	a.expect("show timezone", "Europe/Rome")
	b.expect("show application_name", "it's \\ second")
	a.expect("show application_name", "first")

	a.query("begin; set timezone to 'Asia/Tokyo'")
	a.query("rollback")
	b.expect("show intervalstyle", "iso_8601")
	a.expect("show timezone", "Europe/Rome")

	for _, back := range []string{"reset timezone", "set timezone to default", "set time zone local", "reset all", "discard all"} {
		a.query("set timezone to 'Europe/Rome'")
		a.query(back)
		if got := a.parameters["TimeZone"]; got != "Asia/Tokyo" {
			t.Errorf("after %s the client is told of %s", back, got)
		}
		b.expect("show intervalstyle", "iso_8601")
		a.expect(settings, "Asia/Tokyo,ISO, MDY,-3,0")
	}
	if n := w.gateway.Stats().Pinned; n != 0 {
		t.Errorf("%d clients are pinned by what the server reports", n)
	}
}

func TestAPoolsOwnResetIsNotTakenForOneOfTheSettings(t *testing.T) {
	server, database := testkit.Shared(t)
	for _, reset := range []config.Reset{"reset all", "select 1", "set timezone = 'Africa/Nairobi'"} {
		w := start(t, server, database, func(p *config.Pool, g *config.Gateway) {
			one(p, g)
			p.Reset = reset
		})
		a := w.login(t, "TimeZone", "Asia/Tokyo", "statement_timeout", "55s")
		b := w.login(t)
		for range 3 {
			a.expect("show timezone", "Asia/Tokyo")
			a.expect("show statement_timeout", "55s")
			b.expect("show timezone", b.parameters["TimeZone"])
			b.expect("show statement_timeout", "0")
		}
	}
}

func TestSessionStateKeepsTheBackendAndIsGoneWithTheClient(t *testing.T) {
	server, database := testkit.Shared(t)
	for _, c := range []struct{ does, proof, want string }{
		{"create temp table here (a int)", "select count(*) from here", "0"},
		{"create table pg_temp.here (a int)", "select count(*) from here", "0"},
		{"select pg_advisory_lock(42)", "select count(*) from pg_locks where locktype = 'advisory'", "1"},
		{"prepare p as select 'prepared'", "execute p", "prepared"},
		{"select set_config('lock_timeout', '7s', false)", "show lock_timeout", "7s"},
		{"set lock_timeout to '8s'", "show lock_timeout", "8s"},
		{"set search_path to pg_catalog, here", "show search_path", "pg_catalog, here"},
		{"set my.own to 'mine'", "show my.own", "mine"},
		{"update pg_settings set setting = '1125' where name = 'work_mem'", "show work_mem", "1125kB"},
		{`update "pg_settings" set setting = '1125' where name = 'work_mem'`, "show work_mem", "1125kB"},
		{"with x as (select set_config('work_mem', '1126kB', false)) select * from x", "show work_mem", "1126kB"},
		{`select pg_catalog . "set_config"('work_mem', '1126kB', false)`, "show work_mem", "1126kB"},
		{"do $$ begin perform set_config('work_mem', '1127kB', false); end $$", "show work_mem", "1127kB"},
		{"do $x$ begin if true then set work_mem = '1127kB'; end if; end $x$", "show work_mem", "1127kB"},
		{"do 'begin execute ''set work_mem = 1127''; end'", "show work_mem", "1127kB"},
		{"do language plpgsql $$ begin execute 'set work_mem = 1127'; end $$", "show work_mem", "1127kB"},
		{"do $$ begin update pg_settings set setting = 1127 where name = 'work_mem'; end $$", "show work_mem", "1127kB"},
		{"set role pg_monitor", "select current_user", "pg_monitor"},
		{"listen news", "select * from pg_listening_channels()", "news"},
		{"begin; declare held cursor with hold for select 'row'; commit", "select name from pg_cursors", "held"},
	} {
		t.Run(c.does, func(t *testing.T) {
			w := start(t, server, database, func(p *config.Pool, _ *config.Gateway) { p.Size = 2 })
			a, b := w.login(t), w.login(t)
			if got := a.query(c.does); strings.Contains(got, "E:") {
				t.Fatal(got)
			}
			if _, reported := a.parameters["search_path"]; reported && strings.HasPrefix(c.does, "set search_path") {
				return // from PostgreSQL 18 on it is carried
			}
			if n := w.gateway.Stats().Pinned; n != 1 {
				t.Errorf("%d clients are pinned", n)
			}
			for range 3 {
				b.expect("select 1", "1")
				a.expect(c.proof, c.want)
			}
			_ = a.conn.Close()
			_ = b.conn.Close()
			w.quiet(t)
			n := w.login(t)
			if got := n.query(c.proof); strings.Contains(got, "D:"+c.want+" ") && c.want != "0" {
				t.Errorf("the next client finds %s", got)
			}
			if w.gateway.Stats().Pinned != 0 {
				t.Error("still counted as pinned")
			}
		})
	}
}

func TestANotificationArrivesWhileTheClientIsIdle(t *testing.T) {
	both(t, func(t *testing.T, w world) {
		a, b := w.login(t), w.login(t)
		a.query("listen news")
		b.query("notify news, 'hello'")
		news := func(word string) bool { return strings.HasPrefix(word, "A:") }
		if got := a.hearUntil(news); got != "A:news,hello" {
			t.Error(got)
		}
		a.expect("select 5", "5")
		b.query("notify news, 'again'")
		if got := a.hearUntil(news); got != "A:news,again" {
			t.Error(got)
		}
	})
}

func TestConformance9AThousandIdleClientsShareTwoBackends(t *testing.T) {
	server, database := testkit.Shared(t)
	w := start(t, server, database, func(p *config.Pool, _ *config.Gateway) { p.Size = 2 })
	clients := make([]*raw, 1000)
	for i := range clients {
		clients[i] = w.login(t)
	}
	for _, c := range clients {
		c.send(q("select 'here'"))
	}
	for _, c := range clients {
		if got := c.hear(1); got != "T D:here C:SELECT_1 Z:I" {
			t.Fatal(got)
		}
	}
}

func TestWhatAClientAskedForWhenItConnectedIsPutBackToThat(t *testing.T) {
	server, database := testkit.Shared(t)
	w := start(t, server, database, one)
	a, b := w.login(t, "extra_float_digits", "-3"), w.login(t)
	for _, back := range []string{"reset extra_float_digits", "set extra_float_digits to default", "reset all"} {
		a.query(back)
		a.expect("show extra_float_digits", "-3")
		b.expect("show extra_float_digits", "1")
		a.expect("show extra_float_digits", "-3")
	}
	a.send(q("reset all"), q("show extra_float_digits"), q("set timezone to 'Asia/Tokyo'"), q("reset timezone; set timezone to 'Europe/Rome'"), q("show timezone"))
	if got := a.hear(5); got != "C:RESET Z:I T D:-3 C:SHOW Z:I C:SET Z:I C:RESET C:SET Z:I T D:Europe/Rome C:SHOW Z:I" {
		t.Error(got)
	}
	if n := w.gateway.Stats().Pinned; n != 0 {
		t.Errorf("%d clients are pinned", n)
	}
}

func TestNewClientsSeeWhatTheServersDefaultsHaveBecome(t *testing.T) {
	server, database := testkit.Shared(t)
	w := start(t, server, database, one)
	before := w.login(t, "IntervalStyle", "iso_8601")
	old := before.parameters["TimeZone"]
	if err := server.Exec(t.Context(), database, "alter database "+database+" set timezone to 'Pacific/Fiji'"); err != nil {
		t.Fatal(err)
	}
	if _, err := server.TerminateBackends(t.Context(), "datname = '"+database+"'"); err != nil {
		t.Fatal(err)
	}
	before.expect("show timezone", old) // a session's settings are its own
	after := w.login(t, "IntervalStyle", "iso_8601")
	if got := after.parameters["TimeZone"]; got != "Pacific/Fiji" {
		t.Errorf("a new client is told of %s", got)
	}
	after.expect("show timezone", "Pacific/Fiji")
	before.expect("show timezone", old)
}

func TestAFunctionThatIsCalledByItsNumberIsSeenToo(t *testing.T) {
	server, database := testkit.Shared(t)
	w := start(t, server, database, func(p *config.Pool, _ *config.Gateway) { p.Size = 2 })
	a, b := w.login(t), w.login(t)
	a.send(&pgproto3.FunctionCall{Function: 2078, Arguments: [][]byte{[]byte("work_mem"), []byte("1128kB"), []byte("false")}})
	if got := a.hear(1); got != "V:1128kB Z:I" {
		t.Fatal(got)
	}
	for range 3 {
		if got := b.query("show work_mem"); strings.Contains(got, "1128") {
			t.Error(got)
		}
		a.expect("show work_mem", "1128kB")
	}
}
