package params

import (
	"maps"
	"strings"
)

// Resets are the parameters, in lower case, that a request puts back to what they were when the client connected:
// the last word of the request about each. Their names are of those that are carried or that the client asked for
// when it connected, so there are not many. The zero value is none.
type Resets struct {
	all   bool            // what names does not speak of is put back
	names map[string]bool // put back, or set
}

// Put notes that a parameter, or "all", is put back (RESET, SET TO DEFAULT), or set.
func (r *Resets) Put(name string, back bool) {
	if name == "all" {
		r.all, r.names = true, nil
		return
	}
	if r.names == nil {
		r.names = make(map[string]bool)
	}
	r.names[name] = back
}

// Merge notes what comes after. It shares nothing with later.
func (r *Resets) Merge(later Resets) {
	if later.all {
		r.Put("all", true)
	}
	for name, back := range later.names {
		if back || r.all || r.names[name] {
			r.Put(name, back)
		}
	}
}

// Any says whether anything is put back.
func (r *Resets) Any() bool {
	if r.all {
		return true
	}
	for _, back := range r.names {
		if back {
			return true
		}
	}
	return false
}

// puts says whether it is this parameter, in any spelling, that is put back in the end.
func (r *Resets) puts(name string) bool {
	if back, ok := r.names[strings.ToLower(name)]; ok {
		return back
	}
	return r.all
}

// Size is about how many bytes they take.
func (r *Resets) Size() int {
	n := 0
	for name := range r.names {
		n += len(name) + 64
	}
	return n
}

// Undo returns what a client has, and what its backend has, after resets that did not fail. The client gets back
// what it connected with (initial); the server has put back what the gateway connected with, so what the client
// asked for when it connected is to be set there again.
func (i *Interner) Undo(r *Resets, client, backend, initial *Set) (clientNow, backendNow *Set) {
	to := i.Intern(&Set{reported: backend.reported, asked: client.asked})
	for _, name := range carried {
		spelled, ok := to.Spelling(name)
		if value, had := initial.reported[spelled]; ok && had && r.puts(name) {
			to = i.With(to, spelled, value)
		}
	}
	there := maps.Clone(backend.asked)
	maps.DeleteFunc(there, func(name, _ string) bool { return r.puts(name) })
	return to, i.Intern(&Set{reported: backend.reported, asked: there})
}

// Follow returns what a client has that has what its backend reports, and what it asked for itself.
func (i *Interner) Follow(client, backend *Set) *Set {
	return i.Intern(&Set{reported: backend.reported, asked: client.asked})
}
