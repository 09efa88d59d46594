package protocol

import (
	"bytes"
	"strings"

	"github.com/unoactor/unoactor/internal/gateway/params"
	"github.com/unoactor/unoactor/internal/gateway/wire"
	"github.com/unoactor/unoactor/internal/sqltext"
)

// Pin is why a client in transaction mode must keep its backend until it disconnects: it has session state there
// that can't be carried to another.
type Pin struct {
	Why       string // what it did, "" if nothing
	Statement string // the beginning of the statement
	listens   bool   // the server may speak without being asked
}

// inspect finds in the text of a statement what a session would remember of it, and pins the client for what can't be
// carried. What it takes for session state may be none (the client is then pinned for nothing), but what a statement
// does openly it does not miss. What happens inside functions and extensions can't be seen.
//
// partial says that the text goes on: then the tags of commands say more.
func (m *Machine) inspect(sql []byte, partial bool) {
	if text, _, ok := wire.CString(sql); ok {
		sql, partial = text, false
	}
	m.blind = m.blind || partial
	m.found = params.Resets{}
	effects := sqltext.NewEffects(sql, m.params.Value("standard_conforming_strings") == "off")
	for effect, ok := effects.Next(); ok; effect, ok = effects.Next() {
		if why := m.judge(effect); why != "" {
			m.pinFor(why, sql)
		}
	}
}

func (m *Machine) pinFor(why string, sql []byte) {
	if m.pin.Why == "" {
		m.pin = Pin{Why: why, Statement: string(sql[:min(len(sql), 80)])}
	}
	if why == "LISTEN" {
		m.pin.listens = true
	}
}

// judge says why an effect pins, "" if it does not.
func (m *Machine) judge(effect sqltext.Effect) string {
	switch effect.What {
	case sqltext.Assigns:
		return m.set(effect.Assignment, effect.InBlock)
	case sqltext.Discards:
		if !effect.InBlock {
			m.track("all", true)
		}
		return ""
	case sqltext.UpdatesPgSettings:
		return "an update of pg_settings"
	case sqltext.Listens:
		return "LISTEN"
	case sqltext.Loads:
		return "LOAD"
	case sqltext.Prepares:
		return "PREPARE"
	case sqltext.HoldsCursor:
		return "a cursor WITH HOLD"
	case sqltext.MakesTemporary:
		return "a temporary object"
	case sqltext.LocksAdvisory:
		return advisory
	case sqltext.Seeds:
		return "setseed"
	case sqltext.ConnectsDblink:
		return "dblink_connect"
	}
	return "strings within the strings of a DO block"
}

// stateful are the functions that change the state of the session, by the numbers that a FunctionCall names them by
// (pg_proc.dat of PostgreSQL).
var stateful = map[uint32]string{
	2078: "set_config", 1599: "setseed",
	2880: advisory, 2881: advisory, 2882: advisory, 2883: advisory, 2886: advisory, 2887: advisory, 2888: advisory, 2889: advisory,
}

const advisory = "a session advisory lock"

// calls notes what a FunctionCall does.
func (m *Machine) calls(function uint32) {
	if why := stateful[function]; why != "" {
		m.pinFor(why, nil)
	}
}

// set says why a change of a parameter pins, "" if it does not. What lasts for a transaction, and what the server
// reports when it changes, needs no pin.
func (m *Machine) set(s sqltext.Assignment, inBlock bool) string {
	switch {
	case s.Local:
		return ""
	case s.Call:
		return "set_config"
	case inBlock:
		return "SET in a DO block"
	case s.All:
		return m.track("all", true)
	}
	for _, tracked := range params.Carried() {
		if s.Name == tracked && m.doesReport(tracked) {
			return m.track(tracked, s.Reset)
		}
	}
	if _, ok := m.params.Asked()[s.Name]; ok && s.Reset {
		return m.track(s.Name, true)
	}
	return "SET " + s.Name
}

// track notes a change of a parameter that needs no pin, since the server reports it, or the client asked for it when
// it connected and now puts it back (RESET, SET TO DEFAULT).
func (m *Machine) track(name string, back bool) string {
	m.found.Put(strings.ToLower(name), back)
	return ""
}

func (m *Machine) doesReport(name string) bool {
	_, ok := m.params.Spelling(name)
	return ok
}

// tag finds in a command tag what [Machine.inspect] can't know: the text was longer than what was there of it. put says
// that the command sets parameters, or puts them back.
func (m *Machine) tag(tag []byte) (put bool) {
	tag = bytes.TrimRight(tag, "\x00")
	switch string(tag) {
	case "LISTEN", "PREPARE", "LOAD":
		m.pinFor(string(tag), nil)
	case "SET", "RESET", "CREATE TABLE", "CREATE TABLE AS", "SELECT INTO", "CREATE VIEW", "CREATE SEQUENCE", "DECLARE CURSOR", "DISCARD ALL":
		if m.blind {
			m.pinFor(string(tag)+" in a long text", nil)
		}
		return string(tag) == "SET" || string(tag) == "RESET" || string(tag) == "DISCARD ALL"
	}
	return false
}
