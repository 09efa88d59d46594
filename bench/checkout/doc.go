// Package checkout measures what it costs to lend a connection: unoactor beside
// pgxpool and database/sql, on one PostgreSQL server, in one process.
//
// A case is a number of goroutines on a pool of some size. Its peers are measured
// in turn, round by round (A B C A B C ...), so that what slows the machine for
// a while slows all of them; the medians over the rounds are compared. Each turn
// has two passes over the same operation: one without a clock in it, for time, CPU
// time and allocations, and one with the clock read around each operation, for
// percentiles.
package checkout
