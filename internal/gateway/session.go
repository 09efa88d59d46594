package gateway

import (
	"bytes"
	"slices"
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
	if c.core.resets != nil {
		return true
	}
	c.settings = w.with(c.settings, string(name), string(value))
	return false
}

// has is what is set on the leased backend.
func (c *client) has() *settings {
	if c.held.settings == nil {
		return c.server.welcomes.base(c.backend)
	}
	return c.held.settings
}

// completed notes that a command has put settings back.
func (c *client) completed(body []byte) {
	if c.core.resets == nil {
		return
	}
	switch string(bytes.TrimRight(body, "\x00")) {
	case "DISCARD ALL":
		c.putBackAll = true
	case "RESET":
		c.putBackAll = c.putBackAll || slices.Contains(c.core.resets, "all")
		c.putBackNamed = true
	case "SET":
		c.putBackNamed = true
	}
	if c.putBackAll {
		c.held.settings = c.server.welcomes.intern(&settings{reported: c.has().reported, asked: map[string]string{}})
	}
}

// putBack tells the client what its settings are after a RESET. The server has put
// back what the gateway connected with; what the client itself connected with
// is set there before its next request.
func (c *client) putBack(out []byte) []byte {
	w := &c.server.welcomes
	to := w.intern(&settings{reported: c.has().reported, asked: c.settings.asked})
	for _, name := range replayed {
		if !c.putBackAll && (!c.putBackNamed || !slices.Contains(c.core.resets, name)) {
			continue
		}
		if spelled, ok := spelling(to.reported, name); ok {
			to = w.with(to, spelled, c.initial.reported[spelled])
		}
	}
	for name, value := range to.reported {
		if c.settings.reported[name] != value {
			out = appendMessage(out, msgParameterStatus, []byte(name), []byte{0}, []byte(value), []byte{0})
		}
	}
	c.settings, c.core.resets = to, nil
	c.putBackAll, c.putBackNamed = false, false
	return out
}

// putsBack notes that a statement puts a setting back, or all of them.
func (c *core) putsBack(name string) { c.resets = append(c.resets, name) }
