// Package hostile holds tests only: clients, servers and machines that lie, drip, flood and
// freeze, against the daemon as its users run it, a process with a topology file in front of
// a real PostgreSQL server.
//
// Each case is a row of a table: its name in words, what the topology is, what the hostile
// side does, and the bounds. Rows about clients are in clients_*_test.go, about servers in
// servers_*_test.go and frozen_test.go, about the machine in machine_test.go. What holds for
// all of them is in judge_test.go: while the hostile side still holds on and after it has let go
//
//   - an honest client with the defaults of its driver is served within a bound;
//   - nothing is left on the server: no transaction, no statement that runs;
//   - memory, file descriptors and goroutines are back within their bounds, and memory was
//     below one all the time;
//   - the log is short, tells no panic, and holds no password and no literal;
//   - SIGTERM ends the process with exit code 0 within a bound, and then no backend is left.
//
// The rows run by what is promised in docs/gateway.md, not by how the daemon does it.
//
// go test runs each row once, but for those that are marked long; make hostile runs all,
// again and again for HOSTILE_TIME, each time with another seed, which is printed:
// HOSTILE_SEED in the environment is the first one.
package hostile
