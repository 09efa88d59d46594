// Package params holds the parameters of sessions (TimeZone, search_path, ...): those that a client has set and
// those that are set on a backend, as immutable sets of which equal ones are the same pointer; and the SQL that
// makes of one the other. It sends nothing and decides about nobody's backend.
package params

import (
	"maps"
	"slices"
	"strings"
	"sync"
)

// carried are the parameters, in lower case, that servers report when they change and that a session may set: each
// client has its own values, which are set on whatever backend it leases.
var carried = []string{
	"application_name", "client_encoding", "datestyle", "default_transaction_read_only", "intervalstyle",
	"search_path", "standard_conforming_strings", "timezone",
}

// Carried returns the names of the parameters, in lower case, that are carried from backend to backend. The caller
// must not change it.
func Carried() []string { return carried }

// IsCarried says whether a parameter, in the server's spelling, is carried from backend to backend.
func IsCarried(name string) bool { return slices.Contains(carried, strings.ToLower(name)) }

// Set is the parameters of a client's session, or of a backend. It is immutable; sets of an [Interner] are the same
// pointer where they are equal.
type Set struct {
	reported map[string]string // by the server's spelling: all that it reported
	asked    map[string]string // in the start-up packet, of what servers don't report
}

// NewSet returns a set of its own, which takes both maps over: what a server has reported, by its spelling, and
// what a client asked for in its start-up packet of the parameters that servers don't report.
func NewSet(reported, asked map[string]string) *Set { return &Set{reported, asked} }

// Reported returns what the server reported, by its spelling. The caller must not change it.
func (s *Set) Reported() map[string]string { return s.reported }

// Asked returns what a client asked for of the parameters that servers don't report. The caller must not change it.
func (s *Set) Asked() map[string]string { return s.asked }

// Value returns the value of a parameter that was reported, by the server's spelling.
func (s *Set) Value(name string) string { return s.reported[name] }

// Spelling returns how the server writes the name of a parameter that it reports.
func (s *Set) Spelling(name string) (string, bool) {
	for spelled := range s.reported {
		if strings.EqualFold(spelled, name) {
			return spelled, true
		}
	}
	return "", false
}

// IsKept says whether a report of a parameter is remembered: of those that PostgreSQL reports. What another server
// reports beside them is the client's to know, and changes no other client.
func (s *Set) IsKept(name string) bool {
	_, known := s.reported[name]
	return known || IsCarried(name)
}

// Sorted returns the names of what was reported, in order.
func (s *Set) Sorted() []string { return slices.Sorted(maps.Keys(s.reported)) }

// Unknown returns the parameters of a backend of which nothing is taken for granted any more: whoever leases it sets
// all of its own, and resets what s was asked for.
func (s *Set) Unknown() *Set {
	asked := make(map[string]string)
	if s != nil {
		for name := range s.asked {
			asked[name] = "\x00" // no parameter's value
		}
	}
	return &Set{reported: map[string]string{}, asked: asked}
}

// key is the same for equal sets and no others.
func (s *Set) key() string {
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

// differs says whether a parameter has another value than this, or none. An empty value is one.
func differs(values map[string]string, name, value string) bool {
	has, ok := values[name]
	return !ok || has != value
}

// Interner makes equal sets one. It forgets all of them when there are too many, which costs those who still use
// one a SET that was not necessary. The zero value is ready; it is safe for concurrent use.
type Interner struct {
	mu    sync.Mutex
	known map[string]*Set
	bytes int // of their keys
}

// What an interner knows at most: so many sets, which have so many bytes of names and values.
const (
	maxSets  = 10000
	maxBytes = 8 << 20
)

// Intern returns the set that is equal to s and known already, or s.
func (i *Interner) Intern(s *Set) *Set {
	key := s.key()
	i.mu.Lock()
	defer i.mu.Unlock()
	if known, ok := i.known[key]; ok {
		return known
	}
	if i.known == nil || len(i.known) >= maxSets || i.bytes > maxBytes {
		i.known, i.bytes = make(map[string]*Set), 0
	}
	i.known[key] = s
	i.bytes += len(key)
	return s
}

// With returns s but for one parameter that the server reported.
func (i *Interner) With(s *Set, name, value string) *Set {
	if !differs(s.reported, name, value) {
		return s
	}
	reported := maps.Clone(s.reported)
	reported[name] = value
	return i.Intern(&Set{reported: reported, asked: s.asked})
}
