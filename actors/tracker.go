package actors

import "sync"

// Tracker counts the goroutines that actors start, so that whoever closes the
// tree can wait for the last of them. The zero Tracker is ready.
type Tracker struct{ running sync.WaitGroup }

// Go runs f in a goroutine of its own.
func (t *Tracker) Go(f func()) { t.running.Go(f) }

// Wait returns when all have ended. No Go may come after it.
func (t *Tracker) Wait() { t.running.Wait() }
