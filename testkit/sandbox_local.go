package testkit

import (
	"encoding/json"
	"slices"
	"strings"

	"github.com/unoactor/unoactor/internal/sqltext"
)

// locals give parameters their values back after a transaction that had others for itself
// (SET LOCAL), which last as long as the test's own transaction does.
type locals struct {
	known  map[string]bool    // parameters that a statement ever set so, in lower case
	before map[string]*string // the values to be given back at the end, by name
}

// ofTransaction are parameters that end with their transaction.
var ofTransaction = []string{"transaction_isolation", "transaction_read_only", "transaction_deferrable", "transaction_snapshot"}

// set is what SQL sets: for the transaction, and for longer. What a call of set_config does not say openly
// is taken to be for the transaction.
func set(sql string) (local, always []string) {
	effects := sqltext.NewEffects([]byte(sql), false)
	for effect, ok := effects.Next(); ok; effect, ok = effects.Next() {
		switch s := effect.Assignment; {
		case effect.What != sqltext.Assigns || s.Name == "" || slices.Contains(ofTransaction, s.Name):
		case s.Local || s.Unsaid:
			local = append(local, s.Name)
		default:
			always = append(always, s.Name)
		}
	}
	return local, always
}

// enter stores the values of the known parameters at the beginning of a transaction.
func (l *locals) enter(box *Box) {
	clear(l.before)
	names := make([]string, 0, len(l.known))
	for name := range l.known {
		names = append(names, name)
	}
	l.ask(box, names)
}

// note reads SQL before it is sent, and stores the values of the parameters that the SQL will set for the
// transaction only.
func (l *locals) note(box *Box, sql string, askable bool) {
	local, always := set(sql)
	for _, name := range always {
		delete(l.before, name)
	}
	var news []string
	for _, name := range local {
		l.known[name] = true
		if _, has := l.before[name]; !has && !slices.Contains(always, name) {
			news = append(news, name)
		}
	}
	if askable {
		l.ask(box, news)
	}
}

// ask asks the server for the values of parameters. If the server refuses, as in a transaction that has
// failed, no value needs to be given back.
func (l *locals) ask(box *Box, names []string) {
	if len(names) == 0 {
		return
	}
	var keys, values []string
	for _, name := range names {
		keys = append(keys, literal(name))
		values = append(values, "pg_catalog.current_setting("+literal(name)+", true)")
	}
	answer, refused, err := box.execute("select pg_catalog.json_object(array[" + strings.Join(keys, ",") + "], array[" + strings.Join(values, ",") + "])")
	if refused != nil || err != nil {
		return // a lost backend is told of by the statement itself
	}
	got := make(map[string]*string, len(names))
	if json.Unmarshal([]byte(answer), &got) == nil {
		for name, value := range got {
			l.before[name] = value
		}
	}
}

// restoring is SQL that gives the parameters their values back, or null.
func (l *locals) restoring() string {
	var calls []string
	for name, value := range l.before {
		was := "null"
		if value != nil {
			was = literal(*value)
		}
		calls = append(calls, "pg_catalog.set_config("+literal(name)+", "+was+", false)")
	}
	if len(calls) == 0 {
		return "null"
	}
	slices.Sort(calls)
	return literal("select " + strings.Join(calls, ", "))
}
