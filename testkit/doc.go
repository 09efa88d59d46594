// Package testkit drives failure scenarios around PostgreSQL connections: for
// unoactor's own tests and for those of programs that embed it.
//
//	           your test
//	               |
//	    .----------+-----------.-------------------.
//	    v                      v                   v
//	[Proxy]                [Server]             [Fake]
//	Refuse, Hang,          real PostgreSQL:     scripted protocol, for
//	BlackHole, Delay,      Stop, Kill,          faults at an exact moment;
//	CutAfter, Reset   -->  Freeze, Restart,     pipes, so that it runs in
//	                       TerminateBackends    synctest bubbles, or TCP
//
//	afterwards: CheckGoroutines, CheckNoBackends, CheckNoLeases
//
// # Servers
//
// [Postgres] gives a test a server of its own, [Shared] a database of its own on
// the one server that a package's tests share (with [Main] as TestMain), and
// [StartServer] a server to a program. Each has its own data directory, port and
// Unix socket; it listens on 127.0.0.1 and, unless told otherwise, trusts
// whoever connects there. As root it runs as the user postgres or nobody.
//
// A server ends and its files are removed even if the process that started it
// panics, is interrupted or is killed by SIGKILL: a small shell process waits
// for that. What stays is the result of initdb, about 25 MB per version of
// PostgreSQL in the user's cache directory (~/.cache/unoactor), because copying
// it is faster than running initdb.
//
// Server programs are looked for by [FindPostgres]; UNOACTOR_PG_BIN names their
// directory when they are elsewhere. PostgreSQL 14 or newer is needed, and a Unix
// system.
//
// # A sandbox a test
//
// [Sandbox] gives each test a transaction of its own on a database that all share,
// rolled back at its end: what is tested works on a [unoactor.DB] as always.
//
// # What it never does
//
// It talks to no server but its own, leaves no process or port behind, and waits
// for events instead of sleeping: only Delay and Wait, which are about time,
// take time.
package testkit
