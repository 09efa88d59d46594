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
	bytes int // of their keys
}

// What is known at most: so many, which have so many bytes of names and values.
const (
	manySettings      = 10000
	manySettingsBytes = 8 << 20
)

func (i *interner) intern(s *settings) *settings {
	key := s.key()
	i.mu.Lock()
	defer i.mu.Unlock()
	if known, ok := i.known[key]; ok {
		return known
	}
	if i.known == nil || len(i.known) >= manySettings || i.bytes > manySettingsBytes {
		i.known, i.bytes = make(map[string]*settings), 0
	}
	i.known[key] = s
	i.bytes += len(key)
	return s
}

// with is s but for one setting that the server reported.
func (i *interner) with(s *settings, name, value string) *settings {
	if !differs(s.reported, name, value) {
		return s
	}
	reported := maps.Clone(s.reported)
	reported[name] = value
	return i.intern(&settings{reported: reported, asked: s.asked})
}

// isKept says whether what the server reports of a setting is remembered: of those that
// PostgreSQL reports. What another server reports beside them is the client's to know, and changes no other client.
func (s *settings) isKept(name string) bool {
	_, known := s.reported[name]
	return known || isReplayed(name)
}

// isReplayed says whether a setting, in the server's spelling, is replayed.
func isReplayed(name string) bool { return slices.Contains(replayed, strings.ToLower(name)) }

// change is the SQL that makes a backend that has from one that has to, empty
// if nothing need be changed.
func change(from, to *settings) string {
	var b strings.Builder
	for _, name := range slices.Sorted(maps.Keys(to.reported)) {
		if value := to.reported[name]; isReplayed(name) && differs(from.reported, name, value) {
			setConfig(&b, name, value)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(from.asked)) {
		if _, stays := to.asked[name]; !stays {
			b.WriteString("RESET " + quoteName(name) + ";")
		}
	}
	for _, name := range slices.Sorted(maps.Keys(to.asked)) {
		if value := to.asked[name]; differs(from.asked, name, value) {
			setConfig(&b, name, value)
		}
	}
	return b.String()
}

// differs says whether a setting has another value than this, or none. An empty value is one.
func differs(settings map[string]string, name, value string) bool {
	has, ok := settings[name]
	return !ok || has != value
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
