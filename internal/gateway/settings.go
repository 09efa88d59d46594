package gateway

import (
	"maps"
	"slices"
	"strings"
	"sync"
)

// replayed are the settings, in lower case, that servers report when they change
// and that a session may set: each client has its own values, which are set on
// whatever backend it leases.
var replayed = []string{
	"application_name", "client_encoding", "datestyle", "default_transaction_read_only", "intervalstyle",
	"search_path", "standard_conforming_strings", "timezone",
}

// settings are what a client's session has set, or what a backend has. They are
// immutable and interned, so equal ones are the same pointer.
type settings struct {
	reported map[string]string // by the server's spelling: all that it reported
	asked    map[string]string // in the start-up packet, of what servers don't report
}

// key is the same for equal settings and no others.
func (s *settings) key() string {
	var b strings.Builder
	for _, m := range []map[string]string{s.reported, s.asked} {
		for _, name := range slices.Sorted(maps.Keys(m)) {
			b.WriteString(name)
			b.WriteByte(0)
			b.WriteString(m[name])
			b.WriteByte(0)
		}
		b.WriteByte(0)
	}
	return b.String()
}

// interner makes equal settings one. It forgets all when there are too many, which costs
// those who still use them a SET that was not necessary.
type interner struct {
	mu    sync.Mutex
	known map[string]*settings
}

const manySettings = 10000

func (i *interner) intern(s *settings) *settings {
	key := s.key()
	i.mu.Lock()
	defer i.mu.Unlock()
	if known, ok := i.known[key]; ok {
		return known
	}
	if i.known == nil || len(i.known) >= manySettings {
		i.known = make(map[string]*settings)
	}
	i.known[key] = s
	return s
}

// with is s but for one setting that the server reported.
func (i *interner) with(s *settings, name, value string) *settings {
	if s.reported[name] == value {
		return s
	}
	reported := maps.Clone(s.reported)
	reported[name] = value
	return i.intern(&settings{reported: reported, asked: s.asked})
}

// isReplayed says whether a setting, in the server's spelling, is replayed.
func isReplayed(name string) bool { return slices.Contains(replayed, strings.ToLower(name)) }

// change is the SQL that makes a backend that has from one that has to, empty
// if nothing need be changed.
func change(from, to *settings) string {
	var b strings.Builder
	for _, name := range slices.Sorted(maps.Keys(to.reported)) {
		if value := to.reported[name]; isReplayed(name) && from.reported[name] != value {
			setConfig(&b, name, value)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(from.asked)) {
		if _, stays := to.asked[name]; !stays {
			b.WriteString("RESET " + quoteName(name) + ";")
		}
	}
	for _, name := range slices.Sorted(maps.Keys(to.asked)) {
		if value := to.asked[name]; from.asked[name] != value {
			setConfig(&b, name, value)
		}
	}
	return b.String()
}

// setConfig writes one change. The function takes a list such as search_path as
// one string, which SET would take for one element. Its row is the name and the
// value as the server writes it.
func setConfig(b *strings.Builder, name, value string) {
	b.WriteString("SELECT " + quoteText(name) + ",pg_catalog.set_config(" + quoteText(name) + "," + quoteText(value) + ",false);")
}

// quoteText makes a literal that means the same whatever
// standard_conforming_strings is.
func quoteText(s string) string {
	return "E'" + strings.NewReplacer(`\`, `\\`, `'`, `''`).Replace(s) + "'"
}

// quoteName quotes a setting's name, part by part.
func quoteName(s string) string {
	parts := strings.Split(s, ".")
	for i, p := range parts {
		parts[i] = `"` + strings.ReplaceAll(p, `"`, `""`) + `"`
	}
	return strings.Join(parts, ".")
}
