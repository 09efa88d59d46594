package sqltext_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/unoactor/unoactor/internal/sqltext"
)

// said writes an assignment as SQL does, with ? where the value is not known.
func said(s sqltext.Assignment) string {
	said := map[bool]string{false: "set ", true: "call "}[s.Call]
	if s.Local {
		said += "local "
	}
	if s.Unsaid {
		said += "unsaid "
	}
	if s.All {
		return said + "all"
	}
	said += s.Name
	switch {
	case !s.Literal:
		said += " ?"
	case s.Reset:
		said += " reset"
	}
	for _, value := range s.Values {
		said += fmt.Sprintf(" %q", value)
	}
	return said
}

func TestWhatAStatementAssigns(t *testing.T) {
	for sql, want := range map[string]string{
		"select 1": "", "set": "set  ?", "set x": "set x ?", "reset": "set  ?", "set constraints all deferred": "",
		"SET Work_Mem = '1MB'": `set work_mem "1MB"`, "set session work_mem to 1": `set work_mem "1"`, "set local work_mem to -1.5": `set local work_mem "-1.5"`,
		"set x=-1": `set x "-1"`, "set x = +1": `set x "1"`, "set x = 0x10": "set x ?", "set x = on": `set x "on"`, "set x to True": `set x "true"`,
		`set "TimeZone" to "UTC"`: `set timezone "UTC"`, "set my.own = E'a\\'b'": `set my.own "a'b"`, `set my."Own" = $$a$$`: `set my.own "a"`, "set x = 'a\nb'": `set x "a\nb"`,
		"set search_path to a, \"B\", 'c'": `set search_path "a" "B" "c"`, "set search_path = a,": "set search_path ?", "set x = a b": "set x ?", "set x = f()": "set x ?",
		"set x = $1": "set x ?", "set x = default": "set x reset", `set x = "default"`: `set x "default"`, "set local x to default": "set local x reset", "set x from current": "set x ?",
		"reset work_mem": "set work_mem reset", "reset my.own": "set my.own reset", "reset all": "set all", "reset time zone": "set timezone reset",
		"reset session authorization": "set session_authorization reset", "reset role": "set role reset", "reset transaction isolation level": "set transaction_isolation reset", "reset x y": "set x ?",
		"set time zone 'UTC'": `set timezone "UTC"`, "set time zone local": "set timezone reset", "set time zone default": "set timezone reset", "set time zone -3": `set timezone "-3"`,
		"set local time zone utc": `set local timezone "utc"`, "set time zone interval '1' hour": "set timezone ?", `set time zone "local"`: `set timezone "local"`,
		"set names 'utf8'": `set client_encoding "utf8"`, "set names": "set client_encoding reset", "set names default": "set client_encoding reset",
		"set schema 'a'": `set search_path "a"`, "set role x": `set role "x"`, "set local role none": `set local role "none"`, "set role to x": `set role "x"`, "set role = 'X'": `set role "X"`,
		"set session authorization x": `set session_authorization "x"`, "set session session authorization default": "set session_authorization reset", "set local session authorization 'x'": `set local session_authorization "x"`,
		"set xml option document": `set xmloption "document"`,
		"set transaction isolation level read committed, read only, not deferrable":          `set local transaction_isolation "read committed"; set local transaction_read_only "on"; set local transaction_deferrable "off"`,
		"set session characteristics as transaction isolation level serializable read write": `set default_transaction_isolation "serializable"; set default_transaction_read_only "off"`,
		"set session characteristics as transaction deferrable":                              `set default_transaction_deferrable "on"`, "set session characteristics as transaction fast": "set  ?",
		"set transaction": "set local  ?", "set transaction snapshot 'a'": `set local transaction_snapshot "a"`,
		"set x = 1 /* it's */ -- a": `set x "1"`, "set x = 'a": "set x ?",
		"set x = " + strings.Repeat("1, ", 300) + "1": "set x ?",
		"select set_config('Work_Mem', '1MB', false)": `call work_mem "1MB"`, "select pg_catalog.set_config('a', null, true)": "call local a reset",
		`select "set_config" ( 'a' , E'\x41', TRUE ), set_config(x, 'b', true)`: `call local a "A"; call local  ?`, "select set_config('a', 'b', $1)": "call unsaid a ?",
		"select set_config('a', $1, true)": "call local a ?", "select set_config('a', 'b' || 'c', false)": "call a ?", "select set_config('a', 'b', true or x)": "call unsaid a ?",
		"select set_config('a', f(')', true), (true))": "call unsaid a ?", "select set_config('a', array['b', true], true)": "call local a ?", "select set_config('a', 'b', false, true)": "call local  ?",
		"select set_config('a', 'b', true": "call unsaid  ?", "select set_config from x": "", "select set_config(set_config('a', 'b', true), 'c', true)": `call local  ?; call local a "b"`,
		"select set_config(is_local => true, setting_name => 'a', new_value => 'b')": "call unsaid  ?",
	} {
		var got []string
		for s := range sqltext.Statements([]byte(sql), false) {
			for _, assignment := range sqltext.Assignments(s) {
				got = append(got, said(assignment))
			}
		}
		if got := strings.Join(got, "; "); got != want {
			t.Errorf("%s:\n got %s\nwant %s", sql, got, want)
		}
	}
}
