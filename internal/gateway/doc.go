// Package gateway serves the PostgreSQL protocol to clients, on backends that it
// leases from pools.
//
// A client's life is a start-up (startup.go, login.go), then a loop of exchanges.
// What may be forwarded, who answers what, and when a backend may go back is
// decided by a state machine without I/O ([core]); the goroutine of a client
// feeds it with bytes and does what it says:
//
//	            bytes, backend leased         last answer, outside a transaction
//	idle ---------------------> exchanging ----------------------------> idle
//	                              |     ^
//	   answers expected at no     v     |  all answered
//	   certain time (COPY, Flush) duplex
//
// While exchanging, one goroutine writes a whole request, then relays answers
// until the last ReadyForQuery that the request is due. In duplex a second
// goroutine relays what the server sends, for as long as neither side's turn is
// certain.
//
// It never parses what it need not: messages are framed in place, in the buffer
// that they were read into, and forwarded as they are.
package gateway
