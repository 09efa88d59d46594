package gateway

// This file is what the core makes of what the server answers.

// reply decides about a message of the server.
func (c *core) reply(m message) (verdict, *failure) {
	if m.typ == msgReady {
		return c.readied(m)
	}
	var next expect
	if c.replies.n > 0 {
		next = *c.replies.at(0)
	}
	ours := next.ours
	switch m.typ {
	case msgNotification:
		return forward, nil
	case msgError:
		if ours && next.request == msgQuery && !goodbye(m.body()) {
			return drop, &failure{fatal: true, code: "08006", message: "the client's session parameters could not be set on a backend",
				detail: errorText(m.body())}
		}
		c.fail()
		switch {
		case ours && next.request == msgQuery:
			return drop, nil
		case refusedAs(m.body()) != nil:
			return refuse, nil
		}
		return forward, nil
	case msgCloseComplete:
		if c.probe == probing {
			return ready, nil
		}
	case msgCommandComplete:
		if !ours {
			c.copied()
			if c.tag(m.body()) && c.resetting() {
				c.reset = true
			}
		}
	case msgCopyIn:
		c.beginCopy()
	}
	if next.shape {
		c.shaped(m, ours)
	}
	if next.ends(m.typ) {
		c.settle(c.replies.pop())
	}
	if ours && (next.request == msgQuery || m.typ != msgParameterStatus && m.typ != msgNotice) {
		return drop, nil
	}
	return forward, nil
}

// settle notes that a request was answered.
func (c *core) settle(e expect) {
	if e.states {
		c.confirm()
	}
	if e.ours && e.request == msgDescribe {
		c.checking = false
	}
}

// resetting says whether the server's next answer belongs to what puts settings back.
func (c *core) resetting() bool {
	return c.resets.any() && (c.replies.readies == 0 || c.replies.readies == 1 && !c.open)
}

// fail notes an error. After one in the extended protocol the server skips all
// until the next Sync, simple queries too.
func (c *core) fail() {
	c.spoilt = c.spoilt || c.resetting()
	next := c.replies.next()
	if c.copyFailed() || next != nil && next.readies() {
		return // it goes on with a ReadyForQuery
	}
	if next != nil && next.request == msgParse && next.states {
		if next.ours {
			c.done.there = false
		} else {
			c.done = statement{} // the server drops the one that there was first
		}
	}
	for c.replies.n > 0 && c.replies.at(0).request != msgSync {
		if c.replies.pop().states {
			c.forgo()
		}
	}
	c.checking = false
	c.ignored = c.replies.n == 0 && (next != nil || c.open)
	c.open = c.open || c.ignored
}

func (c *core) readied(m message) (verdict, *failure) {
	if len(m.body()) != 1 {
		return drop, broken("a ReadyForQuery of %d bytes", len(m.body()))
	}
	if c.probe != noProbe {
		c.tx = m.body()[0]
		c.count++
		return drop, nil
	}
	for c.replies.n > 0 && !c.replies.at(0).readies() {
		c.settle(c.replies.pop())
	}
	if c.replies.n == 0 {
		return drop, broken("a ReadyForQuery that nobody waited for")
	}
	e := c.replies.pop()
	c.settle(e)
	c.tx = m.body()[0]
	c.copied()
	c.ended = resets{}
	if e.ours {
		return drop, nil
	}
	if c.replies.readies == 0 && !c.open {
		c.ended, c.undone = c.resets, !c.reset || c.spoilt
		c.resets, c.reset, c.spoilt = resets{}, false, false
	}
	return forward, nil
}
