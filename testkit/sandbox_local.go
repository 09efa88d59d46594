package testkit

import (
	"encoding/json"
	"regexp"
	"slices"
	"strings"
)

// locals give parameters their values back after a transaction that had others for itself
// (SET LOCAL), which last as long as the test's own transaction does.
type locals struct {
	known  map[string]bool    // parameters that a statement ever set so, in lower case
	before map[string]*string // what they were, for those that are given back at the end
}

var (
	parameter = `("?[\pL_][\pL\pN_$.]*"?(?:\s+zone|\s+authorization)?)`
	setLocal  = regexp.MustCompile(`(?is)\bset\s+local\s+` + parameter)
	setAlways = regexp.MustCompile(`(?is)(?:^|;|\*/)\s*(?:set\s+session\s+|set\s+|reset\s+)` + parameter)
	setConfig = regexp.MustCompile(`(?is)\bset_config\s*\(\s*E?'([^']+)'\s*,`)
)

// otherwiseNamed are parameters whose statements have words of their own.
var otherwiseNamed = map[string]string{"time zone": "timezone", "session authorization": "session_authorization", "names": "client_encoding"}

// notParameters are words that may stand in the place of a parameter.
var notParameters = []string{"transaction", "constraints", "local", "session", "all"}

func nameOfParameter(said string) string {
	name := strings.ToLower(strings.Trim(strings.Join(strings.Fields(said), " "), `"`))
	if other, ok := otherwiseNamed[name]; ok {
		return other
	}
	name, _, _ = strings.Cut(name, " ")
	return name
}

// set is what SQL sets: for the transaction, and for longer.
func set(sql string) (local, always []string) {
	for _, m := range setLocal.FindAllStringSubmatch(sql, -1) {
		local = append(local, nameOfParameter(m[1]))
	}
	for _, m := range setAlways.FindAllStringSubmatch(sql, -1) {
		always = append(always, nameOfParameter(m[1]))
	}
	for _, at := range setConfig.FindAllStringSubmatchIndex(sql, -1) {
		name := strings.ToLower(sql[at[2]:at[3]])
		if strings.Contains(strings.ToLower(lastArgument(sql[at[1]:])), "false") {
			always = append(always, name)
		} else {
			local = append(local, name)
		}
	}
	no := func(name string) bool { return slices.Contains(notParameters, name) }
	return slices.DeleteFunc(local, no), slices.DeleteFunc(always, no)
}

// lastArgument is that of a call, the rest of which is given.
func lastArgument(rest string) string {
	depth, start, quoted := 0, 0, false
	for i, c := range []byte(rest) {
		switch {
		case c == '\'':
			quoted = !quoted
		case quoted:
		case c == '(':
			depth++
		case c == ')' && depth == 0:
			return rest[start:i]
		case c == ')':
			depth--
		case c == ',' && depth == 0:
			start = i + 1
		}
	}
	return rest[start:]
}

// enter takes note of what the known parameters are before a transaction.
func (l *locals) enter(box *Box) {
	clear(l.before)
	names := make([]string, 0, len(l.known))
	for name := range l.known {
		names = append(names, name)
	}
	l.ask(box, names)
}

// note looks at SQL before it is sent, and asks what it will set for the transaction only.
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

// ask asks for what parameters are. Who is refused, as in a transaction that has failed,
// needs nothing given back.
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
