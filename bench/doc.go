// Bench measures unoactor beside its peers and prints the result as Markdown:
//
//	go run ./bench [-quick] [-only checkout|session|gateway] [-rounds N] [-o DIR]
//
// It starts a PostgreSQL server of its own and ends it, also on Ctrl-C. Checkout
// is measured beside pgxpool and database/sql (package checkout), the daemon
// beside PgBouncer and PostgreSQL (package gateway), a session beside a bare lease. Standard output is the
// report; what runs and how long it still takes is on standard error. DIR
// (bench/out) gets report.md, the same, and report.json, with every sample.
//
// A gateway part whose programs are not installed is skipped, and the report
// says why. docs/performance.md explains how to read the figures.
package main
