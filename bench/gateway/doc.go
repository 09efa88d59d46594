// Package gateway measures the daemon beside PgBouncer and beside PostgreSQL
// itself: pgbench sends each of them the same queries in turn.
//
//	pgbench -S --+--> unoactor, transaction mode, 20 backends --+--> PostgreSQL
//	             +--> PgBouncer, the same ----------------------+
//	             +----------------------------------------------+
//
// Throughput and latency say what a client sees on this machine, where pgbench,
// proxy and server share the processors. CPU time a transaction says what the
// proxy itself costs: it is what noise moves least, and it is read from /proc, so
// it is known on Linux only. Each process is in a session of its own, or the
// kernel's grouping of processes by session would favour some over others.
package gateway
