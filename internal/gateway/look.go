package gateway

import (
	"bytes"
	"strings"

	"github.com/unoactor/unoactor/internal/sqltext"
)

// pin is why a client in transaction mode must keep its backend until it
// disconnects: it has session state there that can't be carried to another.
type pin struct {
	why       string // what it did, empty if nothing
	statement string // the beginning of the statement
	listens   bool   // the server may speak without being asked
}

// look finds in the text of a statement what a session would remember of it. It
// reads words, not grammar: what it takes for session state may be none (the
// client is then pinned for nothing), but what a statement does openly it does
// not miss. What happens inside functions and extensions can't be seen.
//
// partial says that the text goes on: then the tags of commands say more.
func (c *core) look(sql []byte, partial bool) {
	if text, _, ok := cstring(sql); ok {
		sql, partial = text, false
	}
	c.blind = c.blind || partial
	c.found = resets{}
	c.ahead = maxAhead
	w := sqltext.Words{Text: sql, Escapes: c.reports["standard_conforming_strings"] == "off", Names: true}
	begins := true // the next word begins a statement
	for {
		word, ok := w.Next()
		if !ok {
			return
		}
		if isEnd(word, &w) {
			begins = true
			continue
		}
		why := ""
		switch {
		case begins && !w.Quoted && is(word, "do"):
			why = c.block(&w)
		case begins && !w.Quoted:
			why = c.judge(word, &w)
		}
		if why == "" && (!w.Quoted || called(&w)) {
			why = c.anywhere(word, &w)
		}
		if why != "" {
			c.pinFor(why, sql)
		}
		begins = false
	}
}

func (c *core) pinFor(why string, sql []byte) {
	if c.pin.why == "" {
		c.pin = pin{why: why, statement: string(sql[:min(len(sql), 80)])}
	}
	if why == "LISTEN" {
		c.pin.listens = true
	}
}

// isEnd says whether the word that w has returned is the semicolon after a statement.
func isEnd(word []byte, w *sqltext.Words) bool { return len(word) == 1 && word[0] == ';' && !w.Quoted }

// judge says what state a statement makes, by the word that it begins with; empty if none.
func (c *core) judge(word []byte, w *sqltext.Words) string {
	switch {
	case is(word, "set"), is(word, "reset"):
		return c.set(w, is(word, "reset"))
	case is(word, "listen"):
		return "LISTEN"
	case is(word, "load"):
		return "LOAD"
	case is(word, "discard"):
		c.track("all", true)
	case is(word, "prepare"):
		if next, _ := w.Next(); !is(next, "transaction") {
			return "PREPARE"
		}
	case is(word, "declare"):
		ahead := *w
		for next, ok := ahead.Next(); ok && !isEnd(next, &ahead); next, ok = ahead.Next() {
			if is(next, "with") {
				if next, _ = ahead.Next(); is(next, "hold") {
					return "a cursor WITH HOLD"
				}
			}
		}
	}
	return ""
}

// anywhere says what state a word stands for wherever it is in a statement, empty if none.
func (c *core) anywhere(word []byte, w *sqltext.Words) string {
	switch len(word) {
	case 6:
		if is(word, "update") && !w.Quoted {
			ahead := *w
			table, _ := ahead.Next()
			if is(table, "only") {
				table, _ = ahead.Next()
			}
			if is(table, "pg_catalog") {
				table, _ = ahead.Next()
			}
			if is(table, "pg_settings") {
				return "an update of pg_settings"
			}
		}
	case 4, 7, 9:
		if is(word, "temp") || is(word, "pg_temp") || is(word, "temporary") {
			return "a temporary object"
		}
		if is(word, "setseed") {
			return "setseed"
		}
	case 14:
		if is(word, "dblink_connect") {
			return "dblink_connect"
		}
	case 10:
		if is(word, "set_config") && c.pin.why == "" && !localConfig(w, &c.ahead) {
			return "set_config"
		}
	case 16, 20, 23, 27:
		if is(word, "pg_advisory_lock") || is(word, "pg_try_advisory_lock") ||
			is(word, "pg_advisory_lock_shared") || is(word, "pg_try_advisory_lock_shared") {
			return advisory
		}
	}
	return ""
}

// stateful are the functions that change the state of the session, by the numbers that a FunctionCall names them by
// (pg_proc.dat of PostgreSQL).
var stateful = map[uint32]string{
	2078: "set_config", 1599: "setseed",
	2880: advisory, 2881: advisory, 2882: advisory, 2883: advisory, 2886: advisory, 2887: advisory, 2888: advisory, 2889: advisory,
}

const advisory = "a session advisory lock"

// calls notes what a FunctionCall does.
func (c *core) calls(function uint32) {
	if why := stateful[function]; why != "" {
		c.pinFor(why, nil)
	}
}

// set judges SET and RESET. What lasts for a transaction, and what the server
// reports when it changes, needs no pin.
func (c *core) set(w *sqltext.Words, back bool) string {
	name, _ := w.Next()
	if is(name, "session") {
		name, _ = w.Next()
		if is(name, "characteristics") {
			return "SET SESSION CHARACTERISTICS"
		}
	}
	if w.At(0) == '.' {
		return "SET " + string(bytes.ToLower(name)) // of an extension
	}
	for ahead := *w; !back; {
		next, ok := ahead.Next()
		if !ok || isEnd(next, &ahead) {
			break
		}
		if ahead.Quoted {
			continue
		}
		back = is(next, "default") || is(next, "local") && is(name, "time") // SET TIME ZONE LOCAL
	}
	switch {
	case is(name, "all"): // RESET ALL
		c.track("all", true)
		return ""
	case is(name, "local"), is(name, "transaction"), is(name, "constraints"):
		return ""
	case is(name, "time"): // SET TIME ZONE
		return c.track("timezone", back)
	case is(name, "names"):
		return c.track("client_encoding", back)
	}
	for _, tracked := range replayed {
		if is(name, tracked) && c.doesReport(tracked) {
			return c.track(tracked, back)
		}
	}
	name = bytes.ToLower(name)
	if _, ok := c.asked[string(name)]; ok && back {
		return c.track(string(name), back)
	}
	return "SET " + string(name)
}

// track needs no pin, since the server reports the setting, or the client asked
// for it when it connected and has it put back (RESET, SET TO DEFAULT).
func (c *core) track(name string, back bool) string {
	c.found.put(strings.ToLower(name), back)
	return ""
}

func (c *core) doesReport(name string) bool {
	_, ok := spelling(c.reports, name)
	return ok
}

// tag looks at a command tag for what look can't know: the text was longer than
// what was there of it. put says that the command sets settings, or puts them back.
func (c *core) tag(tag []byte) (put bool) {
	tag = bytes.TrimRight(tag, "\x00")
	switch string(tag) {
	case "LISTEN", "PREPARE", "LOAD":
		c.pinFor(string(tag), nil)
	case "SET", "RESET", "CREATE TABLE", "CREATE TABLE AS", "SELECT INTO", "CREATE VIEW", "CREATE SEQUENCE", "DECLARE CURSOR", "DISCARD ALL":
		if c.blind {
			c.pinFor(string(tag)+" in a long text", nil)
		}
		return string(tag) == "SET" || string(tag) == "RESET" || string(tag) == "DISCARD ALL"
	}
	return false
}

// is compares without regard to case. lower is in lower case.
func is(word []byte, lower string) bool {
	if len(word) != len(lower) {
		return false
	}
	for i, c := range word {
		if 'A' <= c && c <= 'Z' {
			c += 'a' - 'A'
		}
		if c != lower[i] {
			return false
		}
	}
	return true
}
