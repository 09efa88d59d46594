package actors

import (
	"sync"

	"github.com/unoactor/unoactor/conn"
)

// Tracker runs the goroutines that actors start, so that whoever closes the tree can wait until the last
// has ended. The zero Tracker is ready. It is safe for concurrent use.
type Tracker struct{ running sync.WaitGroup }

// Go runs f on a goroutine of its own. If f panics, or ends its goroutine, lost is called there with
// an error, as of [conn.Panicked]: neither code that is not ours nor the answer of a server ends the
// process.
func (t *Tracker) Go(f func(), lost func(error)) {
	t.running.Go(func() {
		returned := false
		defer func() {
			if !returned {
				lost(conn.Panicked(recover()))
			}
		}()
		f()
		returned = true
	})
}

// Wait returns when all the goroutines have ended. Go must not be called after it.
func (t *Tracker) Wait() { t.running.Wait() }
