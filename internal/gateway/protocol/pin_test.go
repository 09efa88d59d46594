package protocol_test

import (
	"testing"

	"github.com/unoactor/unoactor/internal/gateway/protocol"
)

func TestWhatPins(t *testing.T) {
	for sql, want := range map[string]string{
		"select 1": "", "": "", ";;": "", "select 'create temp table x'": "", `select "temp"`: "", "select 1 -- listen x": "",
		"/* listen x /* nested */ set role y */ select 1": "", "select $$ listen $$; select $a$ $$ set x = 1 $a$": "", `select e'\'; listen x; '`: "",
		"set timezone to 'x'": "", "SET Time Zone 'x'": "", "set datestyle = german": "", "set session application_name = 'x'": "", "set names 'utf8'": "",
		"set local lock_timeout = 1": "", "set transaction isolation level serializable": "", "reset timezone": "", "reset all": "", "discard all": "",
		"set constraints all deferred": "", "prepare transaction 'x'": "", "declare c cursor for select 1": "", "update x set a = 1": "",
		"select pg_advisory_xact_lock(1)": "", "notify x": "", "begin; commit": "", "select listen from x": "", "unlisten *": "",
		"listen x": "LISTEN", "select 1; LISTEN x": "LISTEN", "/* c */ listen x": "LISTEN", "load 'x'": "LOAD", "prepare p as select 1": "PREPARE",
		"set lock_timeout = 1": "SET lock_timeout", "set search_path to x": "SET search_path", "set schema 'x'": "SET search_path", "reset lock_timeout": "SET lock_timeout",
		"set session authorization x": "SET session_authorization", "set role x": "SET role", "set timezone.own = 1": "SET timezone.own", `set "TimeZone" to 'x'`: "", `set "lock_timeout" to 'x'`: "SET lock_timeout", `set application_name to "default"`: "",
		`select "temp" from "set"; select ";set role x"`:       "",
		"set session characteristics as transaction read only": "", "set session characteristics as transaction deferrable": "SET default_transaction_deferrable",
		"create temp table x ()": "a temporary object", "select 1 into temporary x": "a temporary object", "create table pg_temp.x ()": "a temporary object",
		"select set_config('a', 'b', true)": "", "select set_config('a', f(true), TRUE ), 1": "", "select set_config('a', 'b', /* c */ true)": "",
		"select set_config('a', 'b', false)": "set_config", "select set_config('a', 'b', true or x)": "set_config", "select set_config('a', f('b', true), $1)": "set_config",
		"select set_config('a', ', true)', false)": "set_config", "select set_config('a', 'b', true), set_config('a', 'b', false)": "set_config",
		"declare c cursor for select 1; set role x": "SET role", "select SetSeed(0.5)": "setseed", "select dblink_connect('x')": "dblink_connect",
		"update pg_settings set setting = '1'": "an update of pg_settings", `UPDATE "pg_settings" set setting = 1`: "an update of pg_settings",
		"with a as (update pg_settings set setting = 1) select 1": "an update of pg_settings", "select * from pg_settings": "", "select setting as update from pg_settings": "",
		"update x set a = 1; select * from pg_settings": "", "update x set a = (select setting from pg_settings)": "", "select * from pg_settings for update": "",
		`select "set_config"('a', 'b', false)`: "set_config", `select "set_config"('a', 'b', true)`: "", `select "set_config" from x`: "", "do $$ begin execute $q$set x = 1$q$; end $$": "SET in a DO block",
		"do $$ begin update x set a = 1; end $$": "", "do $$ begin set local work_mem = 1; perform f('x'); end $$": "", "do $$ begin listen x; end $$": "LISTEN",
		"do $$ begin if a then set x = 1; end if; end $$": "SET in a DO block", "do $$ begin reset all; end $$": "SET in a DO block",
		"insert into x values (1) on conflict do nothing": "", "do $$ begin execute format('alter table %I set schema x', 'y'); end $$": "",
		`do language plpgsql e'begin perform set_config(\'a\', \'b\', false); end'`: "set_config", "do E'begin set x = 1; end'": "SET in a DO block",
		"do $$ begin execute 'create temp table x ()'; end $$":                             "a temporary object",
		"create function f() returns void language sql set work_mem = 1 as $$ select 1 $$": "",
		"set application_name to local":                                                    "", `select '\'; set role x; --'`: "SET role", "select pg_catalog.pg_advisory_lock(1)": "a session advisory lock",
		"select pg_try_advisory_lock_shared(1)": "a session advisory lock", "declare c cursor with hold for select 1": "a cursor WITH HOLD",
	} {
		if got := protocol.Pins(sql); got != want {
			t.Errorf("%s: pins for %q, not %q", sql, got, want)
		}
	}
}

func TestWhatMayBeSentTwice(t *testing.T) {
	for sql, want := range map[string]bool{
		"select 1": true, "select abalance from x where a = 1;": true, "begin": true, "start transaction": true, "show x": true, "table x": true, "values (1)": true,
		"select count(*), coalesce(a, (select max(b) from y)) from x where a in (1, 2)": true, "": false, "insert into x values (1)": false,
		"select 1; select 2": false, "select * into y from x": false, "select pay(7)": false, "select nextval('x')": false, `select "pay"(7)`: false,
		"select pay /* c */ (7)": false, "with x as (delete from y returning 1) select * from x": false, "commit": false, "select pg_catalog.pay (7)": false,
		`select '\', pay(7) --'`: false,
	} {
		if got := protocol.OnlyReads(sql); got != want {
			t.Errorf("%s: %v", sql, got)
		}
	}
}
