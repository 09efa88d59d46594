package conn

import (
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/unoactor/unoactor/messages"
)

// Journal keeps the last decisions of a pool, so that people can ask why. It is safe for concurrent
// use; writing to it allocates nothing. The zero Journal is empty.
type Journal struct {
	mu   sync.Mutex
	ring [journalLength]Decision
	n    uint64 // written so far
}

// journalLength is how many decisions are kept: those of hours in a calm pool, and in a pool in
// trouble those that led there.
const journalLength = 256

// Decision is something that a pool decided, and why.
type Decision struct {
	At          time.Time
	What        Verdict
	Slot        int            // -1: about no slot
	Incarnation uint64         // of the slot, 0 where it does not matter
	Cause       messages.Cause // None where Note says it all
	Waited      time.Duration  // of a grant or a refusal
	Note        string
	Times       int // how often in a row this was decided; At and Waited are of the last time
}

// Verdict is what was decided.
type Verdict uint8

// What pools decide.
const (
	Granted    Verdict = iota // a lease, to somebody who waited for longer than slowGrant
	Refused                   // a lease
	Opening                   // a slot gets an incarnation
	Retiring                  // a backend is to be closed: at once, or when its lease ends
	Restarting                // a lost backend's slot gets another
	Resizing                  // the pool keeps another number of backends
	Holding                   // the pool stops something for a while: lending, connecting
	Noticing                  // the pool found something out, which explains decisions
)

var verdicts = [...]string{"grant", "refuse", "open", "retire", "restart", "resize", "hold", "notice"}

func (v Verdict) String() string { return verdicts[v] }

// slowGrant is how long a wait must be for its grant to be written to the journal.
const slowGrant = 10 * time.Millisecond

// String returns the decision in one line.
func (d Decision) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s %s", d.At.Format("15:04:05.000"), d.What)
	switch {
	case d.Slot >= 0 && d.Incarnation > 0:
		fmt.Fprintf(&b, " slot %d.%d", d.Slot, d.Incarnation)
	case d.Slot >= 0:
		fmt.Fprintf(&b, " slot %d", d.Slot)
	}
	if d.Cause != messages.None {
		fmt.Fprintf(&b, ", %s", d.Cause)
	}
	if d.Waited > 0 {
		fmt.Fprintf(&b, ", after %v", d.Waited.Round(time.Microsecond))
	}
	if d.Note != "" {
		fmt.Fprintf(&b, ": %s", d.Note)
	}
	if d.Times > 1 {
		fmt.Fprintf(&b, " (%d times in a row)", d.Times)
	}
	return b.String()
}

// Write adds a decision, or counts it if it repeats the last one. A zero At becomes the present time.
func (j *Journal) Write(d Decision) {
	if d.At.IsZero() {
		d.At = time.Now()
	}
	d.Times = 1
	j.mu.Lock()
	defer j.mu.Unlock()
	if last := &j.ring[(j.n-1)%journalLength]; j.n > 0 && last.like(d) {
		d.Times += last.Times
		*last = d
		return
	}
	j.ring[j.n%journalLength] = d
	j.n++
}

// like returns whether e repeats d.
func (d *Decision) like(e Decision) bool {
	return d.What == e.What && d.Slot == e.Slot && d.Incarnation == e.Incarnation && d.Cause == e.Cause && d.Note == e.Note
}

// Last returns up to n decisions, the latest last.
func (j *Journal) Last(n int) []Decision {
	j.mu.Lock()
	defer j.mu.Unlock()
	n = min(n, int(min(j.n, journalLength)))
	out := make([]Decision, n)
	for i := range out {
		out[i] = j.ring[(j.n-uint64(n-i))%journalLength]
	}
	return out
}
