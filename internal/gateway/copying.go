package gateway

// copying is a COPY FROM STDIN. While the server reads its data it ignores every Sync and
// Flush (PostgreSQL documentation, "COPY Operations"), and outside of one it ignores data. So
// the client's data waits until it is known whether the server reads any, and what a Sync in
// the middle of it means is known unless the COPY fails: maybe it had failed before.
// Then the server is asked: how many ReadyForQuerys come before the answer tells how many of
// the Syncs came too late to be ignored.
type copying struct {
	copyIn bool // the server reads COPY data
	syncs  int  // how many Syncs were sent meanwhile
	probe  probe
	count  int // ReadyForQuerys since the COPY failed
}

// probe is the question what became of the Syncs in a COPY that has failed.
type probe uint8

const (
	noProbe  probe = iota
	probeDue       // it must be sent
	probing        // it is answered by a CloseComplete
)

// question is the probe. Its Sync ends what the server skips, if it does; to close what
// there is not is no error.
var question = appendMessage(appendMessage(appendMessage(nil, msgSync), msgClose, []byte("Punoactor\x00")), msgFlush)

// asks is the probe if it must be sent now.
func (c *copying) asks() []byte {
	if c.probe != probeDue {
		return nil
	}
	c.probe = probing
	return question
}

// copyMessage decides about COPY data and its end. Where the server reads none it
// ignores them, and nobody need see them.
func (c *core) copyMessage(typ byte) verdict {
	if !c.copyIn {
		return drop
	}
	if typ != msgCopyData {
		c.copyIn, c.flushed = false, false
	}
	return forward
}

// beginCopy notes that the server reads COPY data from now on. It ignores the Syncs that it
// finds there, so those that were sent behind the request are not due, and the batch is open
// until the next.
func (c *core) beginCopy() {
	if c.replies.n == 0 {
		return
	}
	c.copyIn, c.syncs = true, 0
	request := c.replies.pop()
	for c.replies.n > 0 && c.replies.at(0).request == msgSync {
		c.replies.pop()
	}
	c.open = c.open || c.replies.readies == 0 && !request.readies()
	c.replies.pushFirst(request)
}

// copied notes that a command is complete, and so is the COPY that was under way.
func (c *copying) copied() { c.copyIn, c.syncs = false, 0 }

// copyFailed notes an error, and says whether the Syncs that were sent during a COPY have to
// be accounted for before anything else.
func (c *core) copyFailed() bool {
	c.copyIn = false
	if c.probe != noProbe || c.syncs == 0 {
		return c.probe != noProbe
	}
	c.probe, c.count, c.open, c.ignored = probeDue, 0, false, false
	return true
}

// accounted is called when the probe is answered, and says how many ReadyForQuerys the
// client gets: all but the one that answers the probe's own Sync. In the extended protocol
// the server has skipped all the client's Syncs if that is the only one; then the client
// still owes the one that ends its batch.
func (c *core) accounted() int {
	simple := false
	for c.replies.n > 0 {
		simple = simple || c.replies.at(0).request == msgQuery
		c.settle(c.replies.pop())
	}
	n := c.count - 1
	c.skip = n == 0 && !simple
	c.ended, c.undone = c.resets, true
	c.copying, c.resets, c.reset, c.spoilt = copying{}, resets{}, false, false
	return n
}
