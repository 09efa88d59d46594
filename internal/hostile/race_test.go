//go:build race

package hostile_test

// raced says that tests, and with them the daemon, run with the race detector.
const raced = true
