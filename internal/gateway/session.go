package gateway

import (
	"maps"
	"strings"
)

// reported notes a setting that the server reports: it is the client's own, and
// the backend's. One that the gateway itself set is known already. What is put
// back by a statement under way is the client's to hear when that has ended.
func (c *client) reported(body []byte, clients bool) (later bool) {
	name, rest, ok := cstring(body)
	value, _, ok2 := cstring(rest)
	if !ok || !ok2 || !clients {
		return false
	}
	if !c.settings.isKept(string(name)) {
		return false
	}
	w := &c.server.welcomes
	c.held.settings = w.with(c.has(), string(name), string(value))
	if c.core.resetting() {
		return true
	}
	c.settings = w.with(c.settings, string(name), string(value))
	c.core.reports = c.settings.reported
	return false
}

// has is what is set on the leased backend.
func (c *client) has() *settings {
	if c.held.settings == nil {
		return c.server.welcomes.base(c.backend)
	}
	return c.held.settings
}

// resets are the settings, in lower case, that a request puts back to what they were when the
// client connected: the last word of it about each. Their names are of those that are
// replayed or that the client asked for at connect, so there are not many.
type resets struct {
	all   bool            // what names does not speak of is put back
	names map[string]bool // put back, or set
}

// put notes that a setting, or "all", is put back, or set.
func (r *resets) put(name string, back bool) {
	if name == "all" {
		r.all, r.names = true, nil
		return
	}
	if r.names == nil {
		r.names = make(map[string]bool)
	}
	r.names[name] = back
}

// merge notes what comes after. It shares nothing with it.
func (r *resets) merge(later resets) {
	if later.all {
		r.put("all", true)
	}
	for name, back := range later.names {
		if back || r.all || r.names[name] {
			r.put(name, back)
		}
	}
}

// any says whether anything is put back.
func (r *resets) any() bool {
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

// of says whether it is this setting, in any spelling, that is put back in the end.
func (r *resets) of(name string) bool {
	if back, ok := r.names[strings.ToLower(name)]; ok {
		return back
	}
	return r.all
}

// size is about how many bytes they take.
func (r *resets) size() int {
	n := 0
	for name := range r.names {
		n += len(name) + 64
	}
	return n
}

// putBack tells the client what its settings are after a RESET. The server has put
// back what the gateway connected with; what the client itself connected with
// is set there before its next request.
func (c *client) putBack(out []byte) []byte {
	w := &c.server.welcomes
	ended := &c.core.ended
	to := w.intern(&settings{reported: c.has().reported, asked: c.settings.asked})
	if !c.core.undone {
		for _, name := range replayed {
			spelled, ok := spelling(to.reported, name)
			if initial, had := c.initial.reported[spelled]; ok && had && ended.of(name) {
				to = w.with(to, spelled, initial)
			}
		}
		there := maps.Clone(c.has().asked)
		maps.DeleteFunc(there, func(name, _ string) bool { return ended.of(name) })
		c.held.settings = w.intern(&settings{reported: c.has().reported, asked: there})
	}
	for name, value := range to.reported {
		if differs(c.settings.reported, name, value) {
			out = appendMessage(out, msgParameterStatus, []byte(name), []byte{0}, []byte(value), []byte{0})
		}
	}
	c.settings, c.core.reports = to, to.reported
	return out
}
