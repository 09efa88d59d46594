// Package drive moves the bytes: it reads from a client and from its backend, tells the client's machine (package
// protocol) of each read, and does what the machine says. It decides nothing about the protocol.
//
// One goroutine drives a client:
//
//	               bytes                    Turn: Client
//	reading ------------------> exchanging ------------------> reading
//	the client                    |     ^                      the client
//	                   Turn: Both v     | all is answered
//	                             duplex
//
// While exchanging it writes to the backend and reads from it until the turn is the client's again. In duplex a
// second goroutine reads from the backend, for as long as neither side's turn is certain.
package drive
