package actors

import (
	"sync"

	"github.com/unoactor/unoactor/conn"
)

// Tracker counts the goroutines that actors start, so that whoever closes the
// tree can wait for the last of them. The zero Tracker is ready.
type Tracker struct{ running sync.WaitGroup }

// Go runs f in a goroutine of its own. If f panics, or ends its goroutine, Go calls lost
// with the panic, so that neither code that is not ours nor the answer of a server ends
// the process.
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

// Wait returns when all have ended. No Go may come after it.
func (t *Tracker) Wait() { t.running.Wait() }
