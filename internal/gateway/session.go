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
	w := &c.server.welcomes
	c.held.settings = w.with(c.has(), string(name), string(value))
	if c.core.answered().puts.any() {
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

// putBack is a setting, in lower case, that a statement sets or puts back to what
// it was when the client connected.
type putBack struct {
	name string // or "all"
	back bool   // not set
}

// putBacks are those of a request, in order.
type putBacks []putBack

// any says whether anything is put back.
func (p putBacks) any() bool {
	for _, one := range p {
		if one.back {
			return true
		}
	}
	return false
}

// of says whether it is this setting that is put back in the end.
func (p putBacks) of(name string) bool {
	back := false
	for _, one := range p {
		if one.name == "all" || strings.EqualFold(one.name, name) {
			back = one.back
		}
	}
	return back
}

// barrier says that what follows should wait until the last request is answered:
// it puts settings back, and what the client connected with is to be set first.
func (c *core) barrier() bool {
	n := len(c.due)
	return n > 0 && c.due[n-1].puts.any() && !c.open
}

// putBack tells the client what its settings are after a RESET. The server has put
// back what the gateway connected with; what the client itself connected with
// is set there before its next request.
func (c *client) putBack(out []byte) []byte {
	w := &c.server.welcomes
	ended := &c.core.ended
	to := w.intern(&settings{reported: c.has().reported, asked: c.settings.asked})
	if ended.hasPut && !ended.failed {
		for _, name := range replayed {
			if spelled, ok := spelling(to.reported, name); ok && ended.puts.of(name) {
				to = w.with(to, spelled, c.initial.reported[spelled])
			}
		}
		there := maps.Clone(c.has().asked)
		maps.DeleteFunc(there, func(name, _ string) bool { return ended.puts.of(name) })
		c.held.settings = w.intern(&settings{reported: c.has().reported, asked: there})
	}
	for name, value := range to.reported {
		if c.settings.reported[name] != value {
			out = appendMessage(out, msgParameterStatus, []byte(name), []byte{0}, []byte(value), []byte{0})
		}
	}
	c.settings, c.core.reports = to, to.reported
	return out
}
