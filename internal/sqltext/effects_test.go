package sqltext_test

import (
	"strings"
	"testing"

	"github.com/unoactor/unoactor/internal/sqltext"
)

var effects = map[sqltext.What]string{
	sqltext.UpdatesPgSettings: "updates settings", sqltext.Discards: "discards", sqltext.Listens: "listens", sqltext.Loads: "loads", sqltext.Prepares: "prepares",
	sqltext.HoldsCursor: "holds", sqltext.MakesTemporary: "temporary", sqltext.LocksAdvisory: "locks", sqltext.Seeds: "seeds", sqltext.ConnectsDblink: "connects", sqltext.Hides: "hides",
}

func found(sql string) string {
	var all []string
	e := sqltext.NewEffects([]byte(sql), false)
	for effect, ok := e.Next(); ok; effect, ok = e.Next() {
		what := effects[effect.What]
		if effect.What == sqltext.Assigns {
			what = said(effect.Assignment)
		}
		if effect.InBlock {
			what = "in " + what
		}
		all = append(all, what)
	}
	return strings.Join(all, "; ")
}

func TestWhatATextLeavesInItsSession(t *testing.T) {
	for sql, want := range map[string]string{
		"": "", "select 1": "", "select listen from x": "", "select 'listen x'": "", "/* listen x */ select 1 -- ; load 'x'": "", "unlisten x": "", "notify x": "",
		"listen x": "listens", "select 1; LISTEN x": "listens", "select 1 /* ; */ ; /* a */ load 'x'": "loads", "discard all; discard temp": "discards",
		"prepare x as select 1": "prepares", "prepare transaction 'x'": "", "prepare": "prepares",
		"declare c cursor for select 1": "", "declare c cursor with hold for select 1": "holds", "declare c cursor without hold for select 1; with hold": "",
		"set x = 'temp'; set local y = pg_temp; reset all": `set x "temp"; set local y "pg_temp"; set all`, "set transaction read only": `set local transaction_read_only "on"`,
		"set constraints all deferred; listen x":           "listens",
		"select set_config('a', 'b', true), set_config(x)": `call local a "b"; call unsaid  ?`, `select "set_config"('a', 'b', false)`: `call a "b"`, `select "set_config"`: "", "select set_config": "",
		"create temp table x ()": "temporary", "create table pg_temp.x ()": "temporary", `create table "pg_temp" . x ()`: "temporary", `select "temp", "temporary" from x`: "",
		"select pg_advisory_lock(1), pg_try_advisory_lock(1), pg_advisory_lock_shared(1), pg_try_advisory_lock_shared(1)": "locks; locks; locks; locks", "select pg_advisory_xact_lock(1)": "",
		"select setseed(1), dblink_connect('x'), dblink_connect_u('x')": "seeds; connects",
		"update pg_settings set x = 1":                                  "updates settings", "with a as (update only pg_catalog.\"pg_settings\" set x = 1) select 1": "updates settings", "update x set a = 1; select * from pg_settings for update": "",
		"do $$ begin set x = 1; end $$": `in set x "1"`, "do 'begin execute ''listen x''; end'": "in listens", "do $$ begin update x set a = 1; set local y = 1; end $$": `in set local y "1"`,
		"do $$ begin if a then load 'x'; else listen x; end if; end $$": "in loads; in listens", "do $$ declare c int; begin perform set_config('a', 'b', false); end $$": `in call a "b"`,
		"do language plpgsql E'begin perform set_config(\\'a\\', \\'b\\', false); end'": `in call a "b"`, "do $$ begin execute 'create ' || 'temp table x'; end $$; select 'listen x'": "in temporary",
		"do $a$ begin execute $b$do $c$ begin execute $d$ begin execute 'listen x'; $d$; end $c$ $b$; end $a$": "in hides", "do $$ begin execute 'prepare x as select 1'; end $$": "in prepares",
		"do $$ begin listen": "in listens", "do 'begin listen x": "in listens", `do e'\ud83d listen'; listen x`: "listens",
		"insert into x values ($$ listen $$) on conflict do nothing": "",
	} {
		if got := found(sql); got != want {
			t.Errorf("%s:\n got %s\nwant %s", sql, got, want)
		}
	}
}

func TestCallsWithinCallsAreLookedAtForALimitedTime(t *testing.T) {
	const calls = 20000
	sql := "select " + strings.Repeat("set_config(", calls) + "'a', 'b', true" + strings.Repeat(")", calls)
	e := sqltext.NewEffects([]byte(sql), false)
	n := 0
	for effect, ok := e.Next(); ok; effect, ok = e.Next() {
		if n++; n < calls/2 && effect.Assignment.Local {
			t.Fatalf("call %d is local", n)
		}
	}
	if n != calls {
		t.Errorf("%d calls", n)
	}
}

func TestWhatOnlyReads(t *testing.T) {
	for sql, want := range map[string]bool{
		"select 1": true, "select * from x where a = $1;": true, " ((select 1)) union (select 2) ;": true, "show all": true, "values (1)": true, "table x": true, "begin": true, "start transaction": true,
		"select count(*), max (a) from x": true, "select coalesce/* a */(a, 1) from x": true, `select "A" from "B" where a in (1)`: true, "select ';'": true, "select x -- f()\n": true,
		"": false, ";": false, "select 1; select 2": false, "select 1;;": false, "insert into x values (1)": false, "with x as (delete from y) select 1": false, "select 1 into x": false, "select f(1)": false,
		"select f -- a\n (1)": false, `select "count"(*)`: false, `select U&"a"(1)`: false, `select '\'`: false, "select 'a": false, "explain select 1": false, "select nextval('x')": false, "1 select": false,
	} {
		if got := sqltext.OnlyReads([]byte(sql)); got != want {
			t.Errorf("%s: %v", sql, got)
		}
	}
}

func TestWhatIsPortableHasNoBackslashOfDoubtfulMeaning(t *testing.T) {
	for sql, want := range map[string]string{
		"select 'a', E'\\\\'": "select 'a', E'\\\\'", `select 'a\', "\", $$\$$`: `select  E'a\\', "\", $$\$$`, `select U&'\0061', '''\'`: `select U&'\0061',  E'''\\'`,
		"-- it's \\\nselect '\\'": "-- it's \\\nselect  E'\\\\'",
	} {
		if got := sqltext.Portable(sql); got != want {
			t.Errorf("%s:\n got %s\nwant %s", sql, got, want)
		}
	}
}
